from pathlib import Path

import pytest

from dp.store.files import open_whole_folder


def test_the_old_folder_stays_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "data"
    target.mkdir()
    (target / "old").write_text("old")
    rename = Path.rename

    def fail_once_filled(self: Path, to: Path) -> Path:
        if (self / "new").exists():
            raise PermissionError(13, "Permission denied", str(self))
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fail_once_filled)
    with pytest.raises(PermissionError) as caught, open_whole_folder(target) as folder:
        (folder / "new").write_text("new")
    assert caught.value.filename == str(target)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert (target / "old").read_text() == "old"


def test_the_new_folder_takes_the_place_of_the_old(tmp_path: Path) -> None:
    target = tmp_path / "data"
    for name in ("old", "new"):
        with open_whole_folder(target) as folder:
            (folder / name).write_text(name)
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "new"]
