"""`dp performers`: who plays in models."""

import json
from pathlib import Path

import pytest

from dp.cli import run
from tests.render.untrained_voices import save_packaged


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder outside of any project, beside voices as they are installed."""
    packaged = save_packaged(tmp_path / "installed")
    monkeypatch.setattr("dp.render.packaged.find_packaged", lambda: packaged)
    monkeypatch.setattr("dp.render.ensemble.find_packaged", lambda: packaged)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_performers_with_their_recordings_licences_and_rooms(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["performers"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "violin:",
        "  ann (licence: CC0-1.0); recordings: room of ann",
        "  bo (licence: CC0-1.0); recordings: room of bo",
        "  rooms: room of ann, room of bo, studio",
        "piano:",
        "  cy (licence: CC0-1.0); recordings: room of cy",
        "  rooms: room of cy, studio",
    ]
    assert run(["performers", "piano", "--json"]) == 0
    (piano,) = json.loads(capsys.readouterr().out)["models"]
    assert piano["performers"] == [{"name": "cy", "recordings": ["room of cy"], "licences": ["CC0-1.0"]}]


def test_performers_of_models_with_a_timing_model(
    models: Path, installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["performers", str(models)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{models.name}:",
        "  ann (licence: CC0-1.0); recordings: one",
        "  bo (licence: CC BY 4.0); recordings: two",
    ]


def test_what_is_no_model_is_one_line(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["performers", "tuba"]) == 2
    assert capsys.readouterr().err == (
        "dp: tuba: is no folder and no packaged model; give a folder of models, or one of packaged, violin, piano\n"
    )
