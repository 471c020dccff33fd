"""Files of the small networks' weights: read and checked, written whole or not at all."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dp.align.spectrum import F32
from dp.errors import DataError
from dp.files import whole_file

Shape = tuple[int, int, int]  # out, in, kernel


def read_layers(path: Path, name: str, expected: Sequence[Shape]) -> tuple[tuple[F32, ...], tuple[F32, ...]]:
    """Weights [out, in, kernel] and biases [out] of the layers of the network `name`.

    Raises:
        DataError: the file does not hold layers of the expected shapes, or numbers that are not finite.
    """
    try:
        with np.load(path) as stored:
            weights = tuple(stored[f"weight{i}"].astype(np.float32) for i in range(len(expected)))
            biases = tuple(stored[f"bias{i}"].astype(np.float32) for i in range(len(expected)))
    except (OSError, KeyError, ValueError) as error:
        raise DataError(path, f"is not a set of {name} weights ({error})", "train them again") from error
    found = [w.shape for w in weights]
    if found != list(expected) or [b.shape for b in biases] != [(e[0],) for e in expected]:
        raise DataError(path, f"layers are {found}, expected {list(expected)}", "train them again")
    if not all(np.isfinite(a).all() for a in (*weights, *biases)):
        raise DataError(path, "holds weights that are not finite", "train them again")
    return weights, biases


def write_layers(path: Path, weights: Sequence[F32], biases: Sequence[F32], about: dict[str, object]) -> None:
    """Write weights, biases, and what they were trained on."""
    arrays = {f"weight{i}": weight for i, weight in enumerate(weights)}
    arrays |= {f"bias{i}": bias for i, bias in enumerate(biases)}
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, about=np.array(json.dumps(about, sort_keys=True)), **arrays)
