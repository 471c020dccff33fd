"""The per-recording cache: complete entries only, found by what they depend on."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from dp.config import AlignConfig
from dp.store.cache import collect_garbage, find_entry, make_entry
from dp.store.hashing import compute_file_sha256, make_result_key

HOUR_SEC = 3600.0


def test_an_entry_is_found_once_it_is_complete(tmp_path: Path) -> None:
    with make_entry(tmp_path, "align", "k") as folder:
        (folder / "x").write_text("half")
        assert find_entry(tmp_path, "align", "k") is None
        (folder / "x").write_text("whole")
    entry = find_entry(tmp_path, "align", "k")
    assert entry is not None
    assert (entry / "x").read_text() == "whole"
    assert find_entry(tmp_path, "features", "k") is None


def test_an_entry_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), make_entry(tmp_path, "align", "k") as folder:
        (folder / "x").write_text("half")
        raise ZeroDivisionError
    assert find_entry(tmp_path, "align", "k") is None
    assert list((tmp_path / "align").iterdir()) == []


def test_two_workers_may_make_one_entry(tmp_path: Path) -> None:
    with make_entry(tmp_path, "align", "k") as first, make_entry(tmp_path, "align", "k") as second:
        (first / "x").write_text("a")
        (second / "x").write_text("a")
    assert [path.name for path in (tmp_path / "align").iterdir()] == ["k"]


def test_garbage_is_what_nobody_used_and_what_killed_runs_left(tmp_path: Path) -> None:
    for key in ("old", "used", "fresh"):
        with make_entry(tmp_path, "align", key) as folder:
            (folder / "x").write_bytes(b"1234")
    killed, running = tmp_path / "align" / ".tmp-a", tmp_path / "align" / ".tmp-b"
    killed.mkdir()
    running.mkdir()
    long_ago = time.time() - 100 * HOUR_SEC
    for path in (tmp_path / "align" / "old", tmp_path / "align" / "used", killed):
        os.utime(path, (long_ago, long_ago))
    find_entry(tmp_path, "align", "used")
    garbage = collect_garbage(tmp_path, unused_sec=50 * HOUR_SEC)
    assert (garbage.entry_count, garbage.size_byte) == (2, 4)
    assert sorted(path.name for path in (tmp_path / "align").iterdir()) == [".tmp-b", "fresh", "used"]


def test_a_key_changes_with_every_part() -> None:
    notes = np.array([1.0, 2.0])
    key = make_result_key("id", (0.0, None), notes, AlignConfig(), "code")
    assert key == make_result_key("id", (0.0, None), np.array([1.0, 2.0]), AlignConfig(), "code")
    assert len(key) == 40
    others = [
        make_result_key("id", (0.0, None), np.array([1.0, 2.5]), AlignConfig(), "code"),
        make_result_key("id", (0.0, None), np.array([[1.0, 2.0]]), AlignConfig(), "code"),
        make_result_key("id", (0.0, None), np.array([1, 2]), AlignConfig(), "code"),
        make_result_key("id", (0.0, 1.0), notes, AlignConfig(), "code"),
        make_result_key("id", (0.0, None), notes, AlignConfig(min_score_fit=0.4), "code"),
        make_result_key("id", (0.0, None), notes, AlignConfig(), "other code"),
    ]
    assert len({key, *others}) == 7


def test_a_key_of_something_unknown_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="cannot make a key of set"):
        make_result_key({1, 2})


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert compute_file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
