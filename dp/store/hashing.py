"""Hash what a result depends on: files, arrays, configuration; for code see `dp.store.code`."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from dp.errors import DataError


def compute_file_sha256(path: Path) -> str:
    """Compute the SHA-256 of a file's bytes, as hexadecimal digits.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", "check the path and its permissions") from error


def make_result_key(*parts: object) -> str:
    """Make one name, 40 hexadecimal digits, for everything that a result depends on.

    Args:
        parts: strings, numbers, None, paths, arrays, frozen dataclasses, and tuples, lists or dicts of these.
    """
    text = json.dumps(parts, sort_keys=True, default=_simplify)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _simplify(value: Any) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot make a key of {type(value).__name__}")
