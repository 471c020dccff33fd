"""Reads and writes dataclasses of arrays as one .npz file, which a training on another machine reads with numpy alone.

The file is an .npz: its arrays, and `structure`, JSON that says what they are parts of. An object that is part of
several others is kept once.
"""

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from dp.errors import DataError
from dp.files import open_whole_file

STRUCTURE = "structure"


def save_prepared(path: Path, value: Any) -> None:
    """Write a value made of dataclasses, tuples, lists, dicts with text as keys, arrays, numbers, texts and None.

    Raises:
        OSError: it cannot be written; nothing is left half-written.
        TypeError: something else is in it.
    """
    writer = _Writer()
    root = writer.encode(value)
    structure = json.dumps({"objects": writer.objects, "root": root})
    with open_whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **{STRUCTURE: np.array(structure), **writer.arrays})


def load_prepared(path: Path, types: tuple[type[Any], ...]) -> Any:
    """Read what `save_prepared` wrote.

    Args:
        path: the file.
        types: the dataclasses that may be in it.

    Raises:
        DataError: the file is missing or damaged, or holds other types.
    """
    advice = "write it again with `dp train --prepare`"
    try:
        with np.load(path, allow_pickle=False) as file:
            structure = json.loads(str(file[STRUCTURE]))
            return _Reader(structure["objects"], file, {kind.__name__: kind for kind in types}).decode(
                structure["root"]
            )
    except FileNotFoundError as error:
        raise DataError(path, "is missing", advice) from error
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(path, f"holds no prepared arrays of this version ({error})", advice) from error


class _Writer:
    """Takes a value apart: plain parts as they are, arrays by name, dataclasses by number."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.objects: list[dict[str, Any]] = []
        self.numbers: dict[int, int] = {}  # of what was met before, by id
        self.alive: list[Any] = []  # keeps ids unique

    def encode(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, tuple | list):
            return {"tuple" if isinstance(value, tuple) else "list": [self.encode(part) for part in value]}
        if isinstance(value, dict):
            return {"dict": {key: self.encode(part) for key, part in value.items()}}
        if isinstance(value, np.ndarray) or dataclasses.is_dataclass(value):
            return {"object": self._number(value)}
        raise TypeError(f"cannot keep a {type(value).__name__}")

    def _number(self, value: Any) -> int:
        if id(value) not in self.numbers:
            self.alive.append(value)
            if isinstance(value, np.ndarray):
                name = f"a{len(self.arrays)}"
                self.arrays[name] = value
                encoded: dict[str, Any] = {"array": name}
            else:
                parts = {item.name: self.encode(getattr(value, item.name)) for item in dataclasses.fields(value)}
                encoded = {"type": type(value).__name__, "fields": parts}
            self.objects.append(encoded)
            self.numbers[id(value)] = len(self.objects) - 1
        return self.numbers[id(value)]


class _Reader:
    """Puts a value together again; objects come after those they are made of."""

    def __init__(self, objects: list[dict[str, Any]], arrays: Any, types: dict[str, type[Any]]) -> None:
        self.made: list[Any] = []
        for item in objects:
            if "array" in item:
                self.made.append(arrays[item["array"]])
            else:
                parts = {name: self.decode(part) for name, part in item["fields"].items()}
                self.made.append(types[item["type"]](**parts))

    def decode(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind == "object":
            return self.made[content]
        if kind == "dict":
            return {key: self.decode(part) for key, part in content.items()}
        parts = [self.decode(part) for part in content]
        return tuple(parts) if kind == "tuple" else parts
