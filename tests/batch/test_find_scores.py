from collections.abc import Sequence
from pathlib import Path

import pytest

from dp.batch.find_scores import find_scores
from dp.errors import DataError


def test_which_scores_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a/one.MID", "a/b/two.mxl", "a/.hidden/three.mid", "a/out/four.mid", "a/note.txt", "a/.five.mid"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"")

    def found(*sources: str) -> Sequence[str]:
        return [str(path) for path in find_scores(sources, Path("a/out"))]

    assert found("a") == ["a/b/two.mxl", "a/one.MID"]
    assert found("a/*", "a/one.MID") == ["a/one.MID"]
    assert found("a/**/t*") == ["a/b/two.mxl"]
    assert found(str(tmp_path / "a" / "*.MID"), "a/note.txt") == [str(tmp_path / "a/one.MID"), "a/note.txt"]
    with pytest.raises(DataError, match="does not exist"):
        found("missing.mid")
    with pytest.raises(DataError, match="holds no scores"):
        found("a/.hidden/*.mxl")
