import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from dp.data.prepared import load_prepared, save_prepared
from dp.errors import DataError


@dataclass(frozen=True)
class Leaf:
    name: str
    values: np.ndarray


@dataclass(frozen=True)
class Tree:
    leaves: tuple[Leaf, ...]
    numbers: dict[str, float]
    nothing: None = None


def test_a_value_comes_back_and_what_is_shared_is_kept_once(tmp_path: Path) -> None:
    leaf = Leaf("one", np.arange(6, dtype=np.float32).reshape(2, 3))
    tree = Tree((leaf, leaf, Leaf("two", np.array([True, False]))), {"a": 0.5, "b": float("nan")})
    save_prepared(tmp_path / "x.npz", [tree, np.float64(2.5)])
    found, number = load_prepared(tmp_path / "x.npz", (Leaf, Tree))
    assert number == 2.5
    assert found.nothing is None
    assert found.leaves[0] is found.leaves[1]
    assert found.leaves[0].values.dtype == np.float32
    assert found.leaves[0].values.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert found.leaves[2].values.tolist() == [True, False]
    assert found.numbers["a"] == 0.5
    assert np.isnan(found.numbers["b"])
    with np.load(tmp_path / "x.npz") as file:
        assert len(json.loads(str(file["structure"]))["objects"]) == 5  # two arrays, two leaves, the tree


def test_what_is_not_arrays_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot keep a set"):
        save_prepared(tmp_path / "x.npz", {"a": {1, 2}})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_a_damaged_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with pytest.raises(DataError, match=r"x.npz: is missing; write it again with `dp train --prepare`"):
        load_prepared(path, (Leaf,))
    path.write_bytes(b"PK no archive")
    with pytest.raises(DataError, match=r"x.npz: holds no prepared arrays"):
        load_prepared(path, (Leaf,))
    save_prepared(path, Leaf("one", np.zeros(1)))
    with pytest.raises(DataError, match=r"x.npz: holds no prepared arrays of this version \('Leaf'\)"):
        load_prepared(path, (Tree,))
