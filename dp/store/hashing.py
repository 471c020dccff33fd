"""Digests of what a result depends on: files, arrays, configuration, code."""

import ast
import dataclasses
import hashlib
import importlib.util
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dp.errors import DataError


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", "check the path and its permissions") from error


def result_key(*parts: object) -> str:
    """One name for everything that a result depends on.

    Args:
        parts: strings, numbers, None, paths, arrays, frozen dataclasses, and tuples, lists or dicts of these.
    """
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _plain(value: Any) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot make a key of {type(value).__name__}")


@cache
def code_digest(*module_names: str) -> str:
    """Digest of the source of modules and of whole packages (their data files included).

    Python counts without its comments, docstrings and layout, so that these do not cost a recomputation.
    """
    digest = hashlib.sha256()
    for name in module_names:
        for path in _source_files(name):
            content = path.read_bytes()
            digest.update(f"{name}/{path.name}:".encode())
            digest.update(_bare_source(content) if path.suffix == ".py" else content)
    return digest.hexdigest()[:40]


def _source_files(module_name: str) -> Iterable[Path]:
    spec = importlib.util.find_spec(module_name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {module_name}")
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        return [origin]
    files = (path for path in origin.parent.rglob("*") if path.is_file())
    return sorted(path for path in files if "__pycache__" not in path.parts)


def _bare_source(source: bytes) -> bytes:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                part for part in body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            ]
    return ast.dump(tree).encode()
