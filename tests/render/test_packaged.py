"""Which voices there are, and what a name or a folder of models means."""

import json
from pathlib import Path

import pytest

from dp.errors import DataError
from dp.render import packaged
from dp.render.packaged import find_named, find_packaged, find_voices, list_model_folders, name_voices


def put(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({}))


def test_packaged_voices_are_those_whose_folder_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "files", lambda name: tmp_path / name)
    assert find_packaged() == {} and list_model_folders(None) == []
    violin = tmp_path / "dp" / "packaged" / "violin"
    put(violin)
    assert find_packaged() == {"violin": violin} and list_model_folders(None) == [violin]


def test_names_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "find_packaged", lambda: {"violin": tmp_path / "installed"})
    monkeypatch.chdir(tmp_path)
    assert find_named("packaged") is None
    assert find_named("violin") == tmp_path / "installed"
    Path("mine").mkdir()
    assert find_named("mine") == find_named(Path("mine")) == tmp_path / "mine"
    with pytest.raises(DataError, match=r"piano: is no folder and no packaged model; .* one of packaged, violin"):
        find_named("piano")


def test_a_folder_of_voices_or_of_three_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "find_packaged", dict)
    preset = tmp_path / "preset"
    put(preset / "voices")
    assert find_voices(preset) == find_voices(preset / "voices") == preset / "voices"
    assert name_voices(preset / "voices") == "preset"
    assert list_model_folders(preset) == [preset / "voices"]
    put(preset / "timing")  # a preset with all models renders by these, as before
    assert find_voices(preset) is None
    assert list_model_folders(preset) == [preset / name for name in ("timing", "synthesis", "vocoder")]
