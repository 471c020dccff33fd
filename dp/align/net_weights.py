"""Describe the aligner's small nets, layers that convolve over time, and read and write their weights.

Weights come with the package: `NAME.npz` lies beside the module that computes the net, `NAME.md` says how it was made.
"""

import functools
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from dp.align.spectrum import F32
from dp.errors import DataError
from dp.files import open_whole_file


@dataclass(frozen=True)
class Layer:
    """One convolution over time, as the number and size of its weights tell it."""

    in_count: int  # channels that it takes
    out_count: int  # channels that it makes
    kernel_frame: int  # taps
    dilation: int = 1  # its taps lie so many frames apart

    @property
    def reach_frame(self) -> int:
        """Count the frames from its first tap to its last one."""
        return (self.kernel_frame - 1) * self.dilation

    @property
    def shape(self) -> tuple[int, int, int]:
        """Give the shape of its weights: (out, in, kernel)."""
        return self.out_count, self.in_count, self.kernel_frame


@dataclass(frozen=True)
class NetLayout:
    """What a net consists of, and where the weights lie that come with the package."""

    name: str
    package: str
    file_name: str  # in that package
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Net:
    """The weights of a net, layer by layer."""

    weights: tuple[F32, ...]  # [out, in, kernel] each
    biases: tuple[F32, ...]  # [out] each


@functools.cache
def load_packaged_net(layout: NetLayout) -> Net:
    """Read the weights that come with the package, once a process.

    Raises:
        DataError: as in `load_net`.
    """
    with resources.as_file(resources.files(layout.package) / layout.file_name) as path:
        return load_net(path, layout)


def load_net(path: Path, layout: NetLayout) -> Net:
    """Read the weights of a net.

    Raises:
        DataError: the file does not hold layers of the net's shapes, or numbers that are not finite.
    """
    expected = [layer.shape for layer in layout.layers]
    try:
        with np.load(path) as stored:
            weights = tuple(stored[f"weight{i}"].astype(np.float32) for i in range(len(expected)))
            biases = tuple(stored[f"bias{i}"].astype(np.float32) for i in range(len(expected)))
    except (OSError, KeyError, ValueError) as error:
        raise DataError(path, f"is not a set of {layout.name} weights ({error})", "train them again") from error
    found = [w.shape for w in weights]
    if found != expected or [b.shape for b in biases] != [(shape[0],) for shape in expected]:
        raise DataError(path, f"layers are {found}, expected {expected}", "train them again")
    if not all(np.isfinite(a).all() for a in (*weights, *biases)):
        raise DataError(path, "holds weights that are not finite", "train them again")
    return Net(weights, biases)


def write_net(path: Path, net: Net, about: dict[str, object]) -> None:
    """Write weights, biases and `about`, what they were trained on, as one .npz file."""
    arrays = {f"weight{i}": weight for i, weight in enumerate(net.weights)}
    arrays |= {f"bias{i}": bias for i, bias in enumerate(net.biases)}
    with open_whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, about=np.array(json.dumps(about, sort_keys=True)), **arrays)
