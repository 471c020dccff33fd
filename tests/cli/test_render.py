"""`dp render` with tiny models, and what it says when it cannot."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from dp.cli import run
from dp.models.checkpoint import save_checkpoint
from dp.train.synthesis import train_synthesis
from dp.train.timing import train_timing
from dp.train.vocoder import train_vocoder
from tests.factories import MELODY, melody_xml
from tests.train import tiny


def ignore(metrics: dict[str, float], step: int) -> None:
    pass


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    timing = train_timing(tiny.timing(), replace(tiny.TIMING, step_count=3), ignore, dims=tiny.TIMING_DIMS)
    synthesis = train_synthesis(tiny.synthesis(), tiny.FILTERBANK, replace(tiny.SYNTHESIS, step_count=3), ignore)
    vocoder = train_vocoder(
        tiny.vocoder(), tiny.FILTERBANK, replace(tiny.VOCODER, step_count=3), ignore, dims=tiny.VOCOS_DIMS
    )
    for name, checkpoint in (("timing", timing), ("synthesis", synthesis), ("vocoder", vocoder)):
        save_checkpoint(checkpoint, folder / name)
    return folder


def test_a_score_becomes_audio_and_a_picture(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score, out, plot = tmp_path / "melody.musicxml", tmp_path / "melody.wav", tmp_path / "melody.png"
    score.write_bytes(melody_xml())
    argv = ["render", str(score), "-o", str(out), "--model", str(models), "--plot", str(plot), "--json"]
    assert run(argv) == 0
    report = json.loads(capsys.readouterr().out)
    info = soundfile.info(out)
    assert info.samplerate == 16000
    assert report["notes"] == len(MELODY)
    assert report["audio_sec"] == pytest.approx(info.duration, abs=0.01)
    assert 7.5 < info.duration < 11  # sixteen quarters at 120 quarters per minute and a second to fade
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("extra", "part"),
    [
        (["--performer", "nobody"], "known: ann, bo"),
        (["--model", "empty"], "empty"),
        (["--project", "empty"], "empty"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    extra: list[str],
    part: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("melody.musicxml").write_bytes(melody_xml())
    Path("empty").mkdir()
    chosen = ["--model", str(models)] if "--performer" in extra else []
    assert run(["render", "melody.musicxml", "-o", "out.wav", *chosen, *extra]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert part in lines[0]
    assert not Path("out.wav").exists()
