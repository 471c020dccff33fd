"""`dp render` with tiny models, and what it says when it cannot."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.core import TyperGroup
from typer.main import get_command

from dp.batch.job import Request
from dp.cli import run
from dp.cli.app import app
from dp.cli.render import Wanted
from dp.cli.render_arguments import parse_performers, parse_tempo
from dp.errors import DataError
from dp.models.checkpoint import save_checkpoint
from dp.render import OutputOptions, RenderOptions, load_models
from tests.factories import MELODY, melody_xml
from tests.render.untrained import model_set, save
from tests.train import tiny


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a score in it, outside of any project."""
    monkeypatch.chdir(tmp_path)
    Path("melody.musicxml").write_bytes(melody_xml())
    return tmp_path


def test_a_score_becomes_audio_and_all_that_goes_with_it(
    models: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["render", "melody.musicxml", "-o", "out/new", "--model", str(models), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    info = soundfile.info("out/new/melody.wav")
    assert info.samplerate == 16000
    assert report["out"] == "out/new/melody.wav"
    assert report["notes"] == len(MELODY)
    assert report["audio_sec"] == pytest.approx(info.duration, abs=0.01)
    assert 7.5 < info.duration < 11  # sixteen quarters at 120 quarters per minute and a second to fade
    assert sorted(path.suffix for path in Path("out/new").iterdir()) == [
        ".csv",
        ".json",
        ".mid",
        ".npy",
        ".png",
        ".wav",
    ]
    assert sorted(report["files"]) == sorted(map(str, Path("out/new").iterdir()))


def test_everything_that_can_be_asked_for(models: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = "--performer mix:ann=.6,bo=.4 --tempo 100 --expression .5 --seed 7 --parts melody --start-bar 2 --end-bar 3"
    argv += " --tuning 415 --sample-rate 22050 --loudness -30 --format flac"
    assert run(["render", "melody.musicxml", "-o", "out", "--model", str(models), *argv.split()]) == 0
    assert capsys.readouterr().out.startswith("out/melody.flac: 8 notes")
    assert soundfile.info("out/melody.flac").samplerate == 22050
    options = json.loads(Path("out/melody.json").read_text())["options"]
    asked = RenderOptions(
        performers=(("ann", 0.6), ("bo", 0.4)),
        tempo_qpm=100.0,
        expression=0.5,
        seed=7,
        parts=("melody",),
        start_bar=2,
        end_bar=3,
        tuning_hz=415.0,
    )
    wanted = {**vars(asked), **vars(OutputOptions(22050, -30.0))}
    assert options == json.loads(json.dumps(wanted))


def test_movement_that_is_not_there(models: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["render", "melody.musicxml", "-o", "x.wav", "--model", str(models), "-q", "--movement"]
    assert run([*argv, "2"]) == 2
    assert capsys.readouterr().err == "dp: melody.musicxml: has no movement 2: it holds 1; ask for 1, or for all\n"
    assert run([*argv, "1", "--end-bar", "1"]) == 0


def test_a_file_as_out_takes_its_format_from_its_name(models: Path, here: Path) -> None:
    assert run(["render", "*.musicxml", "-o", "x.ogg", "--model", str(models), "-q", "--end-bar", "1"]) == 0
    assert soundfile.info("x.ogg").format == "OGG"


def test_the_project_s_latest_models_are_taken(models: Path, here: Path) -> None:
    project = here / "project"
    project.mkdir()
    (project / "params.yaml").write_text("")
    for name in ("timing", "synthesis", "vocoder"):
        (project / "models" / "ours").mkdir(parents=True, exist_ok=True)
        (project / "models" / "ours" / name).symlink_to(models / name)
    argv = ["render", "melody.musicxml", "-o", "x.wav", "--project", "project", "--end-bar", "1", "-q"]
    assert run(argv) == 0
    assert json.loads(Path("x.json").read_text())["models"]["name"] == "ours"


def test_warnings_are_said_and_kept(models: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["render", "melody.musicxml", "-o", "x.wav", "--model", str(models), "--end-bar", "1", "--loudness", "0"]
    assert run(argv) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dp: warning: its peaks allow")
    assert [f"dp: warning: {said}" for said in json.loads(Path("x.json").read_text())["warnings"]] == [line]


@pytest.mark.parametrize(
    ("extra", "part"),
    [
        (["--performer", "nobody"], "performer 'nobody': is unknown to the models; known: ann, bo"),
        (["--performer", "mix:ann=.5,nobody=.5"], "known: ann, bo"),
        (["--performer", "mix:ann"], "--performer: is 'mix:ann'"),
        (["--performer", "mix:ann=-1"], "--performer"),
        (["--performer", "mix:"], "--performer: is a mix of nobody"),
        (["--tempo", "0"], "--tempo: is 0 quarters per minute; give 1 to 1000"),
        (["--tempo", "x0"], "--tempo: is 0 times the score's"),
        (["--tempo", "fast"], "--tempo: is 'fast'"),
        (["--tempo", "nan"], "--tempo"),
        (["--expression", "-1"], "--expression: is -1; give 0 to 5"),
        (["--expression", "nan"], "--expression: is nan"),
        (["--seed", "-1"], "--seed"),
        (["--tuning", "0"], "--tuning: is 0 Hz; give 360 to 500"),
        (["--sample-rate", "0"], "--sample-rate: is 0 Hz"),
        (["--loudness", "5"], "--loudness: is 5 LUFS; give -70 to 0"),
        (["--format", "mp3"], "--format: is 'mp3'; choose wav, flac, ogg"),
        (["--format", "flac"], "out.wav: does not end in .flac"),
        (["--parts", "Viola"], "has no part 'Viola'; there are: 1 Melody"),
        (["--parts", ","], "--parts: names none"),
        (["--start-bar", "5"], "has no bar 5; there are: 1 to 4"),
        (["--start-bar", "3", "--end-bar", "2"], "does not play bar 2"),
        (["--jobs", "0"], "--jobs"),
        (["--model", "empty"], "empty"),
        (["--model", "models:/violin@champion"], "not inside a project"),
        (["--project", "empty"], "empty"),
        (["--stdout"], "--stdout stands alone"),
        (["--watch", "empty"], "give SCORE, or --watch"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(
    models: Path, here: Path, capsys: pytest.CaptureFixture[str], extra: list[str], part: str
) -> None:
    Path("empty").mkdir()
    chosen = [] if extra[0] in ("--model", "--project") else ["--model", str(models)]
    assert_refused(["melody.musicxml", "-o", "out.wav", *chosen, *extra], part, capsys)


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["melody.musicxml"], "Missing option '--out'"),
        (["-o", "out"], "give SCORE, or --watch"),
        (["nothing.mid", "-o", "out"], "nothing.mid: does not exist"),
        (["*.mid", "-o", "out"], "*.mid: holds no scores"),
        (["empty", "-o", "out"], "empty: holds no scores"),
        ([".", "-o", "."], ".: holds the scores"),
        (["melody.musicxml", "-o", "melody.musicxml/out"], "is a file"),
        (["melody.musicxml", "-o", "nowhere/out.wav"], "nowhere does not exist"),
        (["melody.musicxml", "-o", "out.mp3"], "out.mp3: does not end in .wav"),
        (["melody.musicxml", "hostile.mxl", "-o", "out.wav"], "out.wav: is one file for 2 scores"),
        (["melody.musicxml", "hostile.mxl", "--stdout"], "--stdout: is one stream for 2 scores"),
        (["melody.musicxml", "--stdout", "--loudness", "-20"], "--loudness: needs the whole sound"),
        (["hostile.mxl", "-o", "out"], "hostile.mxl: is not a zip archive"),
        (["bomb.musicxml", "-o", "out.flac"], "bomb.musicxml"),
        (["silent.musicxml", "-o", "out"], "silent.musicxml: has 0 notes with a pitch"),
        (["table.csv", "-o", "out"], "table.csv: has the suffix '.csv'"),
        (["--watch", "empty", "-o", "out.wav"], "out.wav: is one file"),
    ],
)
def test_what_is_no_score_or_no_place_is_one_line(
    models: Path, here: Path, capsys: pytest.CaptureFixture[str], argv: list[str], part: str
) -> None:
    Path("empty").mkdir()
    Path("hostile.mxl").write_bytes(b"no zip")
    entities = "".join('<!ENTITY a{} "{}">'.format(n + 1, f"&a{n};" * 10) for n in range(9))
    Path("bomb.musicxml").write_text(f'<!DOCTYPE s [<!ENTITY a0 "ha">{entities}]><score-partwise>&a9;</score-partwise>')
    Path("silent.musicxml").write_bytes(
        melody_xml(()).replace(b"</part></score", b'<measure number="1"/></part></score')
    )
    Path("table.csv").write_text("a,b\n")
    assert_refused([*argv, "--model", str(models)], part, capsys)


def test_in_a_project_without_models_it_says_how_to_get_some(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("params.yaml").write_text("")
    assert_refused(["melody.musicxml", "-o", "out.wav"], "has no trained models; run `dp train`", capsys)
    argv = ["melody.musicxml", "-o", "out.wav", "--model", "models:/violin@champion"]
    assert_refused(argv, "has registered no models yet", capsys)


def test_models_of_different_mels_do_not_go_together(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = model_set()
    save(replace(made, vocoder=replace(made.vocoder, mel=replace(tiny.MEL, floor=1e-4))), here / "mixed")
    assert_refused(["melody.musicxml", "-o", "out.wav", "--model", "mixed"], "trained on another log-mel", capsys)


def test_several_scores_go_to_the_batch(models: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []

    def render_batch(*arguments: Any) -> int:
        calls.append(arguments)
        return 1

    monkeypatch.setattr("dp.batch.run.render_batch", render_batch)
    Path("second.musicxml").write_bytes(melody_xml())
    argv = [
        "render",
        ".",
        "-o",
        "out",
        "--model",
        str(models),
        "--format",
        "ogg",
        "--jobs",
        "3",
        "--tempo",
        "x1.5",
        "-q",
    ]
    assert run(argv) == 1
    scores = [Path("melody.musicxml"), Path("second.musicxml")]
    options = RenderOptions(tempo_factor=1.5)
    assert calls == [(scores, Request(here / "out", models, options, OutputOptions(), ".ogg"), 3, True)]


def test_asked_to_end_it_leaves_nothing_behind(models: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(self: object, samples: object) -> None:
        assert list((here / "out").iterdir())  # files that are only begun
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("dp.audio.AudioWriter.write", write)
    assert run(["render", "melody.musicxml", "-o", "out", "--model", str(models)]) == 130
    assert not list((here / "out").iterdir())


def test_what_is_not_asked_for_is_the_librarys_default() -> None:
    assert Wanted().options() == RenderOptions()
    assert Wanted().output() == OutputOptions()
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    asked = {item.name: item.default for item in command.commands["render"].params}
    for name in ("expression", "texture", "seed"):
        assert asked[name] == getattr(RenderOptions(), name)
    assert asked["tuning"] == RenderOptions().tuning_hz


def test_performers_and_tempo_as_text() -> None:
    assert parse_performers("mix:Heifetz, Jascha=.6, Bo = 4e-1") == (("Heifetz, Jascha", 0.6), ("Bo", 0.4))
    assert parse_performers("Heifetz, Jascha") == (("Heifetz, Jascha", 1.0),)
    assert parse_tempo("96") == (96.0, 1.0)
    assert parse_tempo("x.5") == (None, 0.5)
    with pytest.raises(DataError, match="give 1 to 1000"):
        parse_tempo("1e9")


def test_stdout_is_pcm(models: Path, here: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["render", "melody.musicxml", "--stdout", "--model", str(models), "--end-bar", "1"]) == 0
    sent = capfdbinary.readouterr()
    assert b"16 bits, little-endian, mono, 16000 Hz" in sent.err
    assert run(["render", "melody.musicxml", "-o", "x.wav", "--model", str(models), "--end-bar", "1", "-q"]) == 0
    written = soundfile.read("x.wav", dtype="int16")[0]
    samples = np.frombuffer(sent.out, dtype="<i2")
    assert len(samples) == len(written)
    quiet = np.abs(written.astype(int)) < 20000  # there the limiter does nothing
    assert np.abs(samples.astype(int) - written)[quiet].max() <= 1


def test_who_listens_may_leave(models: Path, here: Path) -> None:
    """The reader closes the pipe before anything is written."""
    command = [sys.executable, "-c", "from dp.cli import main; main()", "render", "melody.musicxml", "--stdout", "-q"]
    reader, writer = os.pipe()
    with subprocess.Popen([*command, "--model", str(models)], stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        os.close(reader)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_damaged_model_is_one_line(models: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(load_models(models).timing, Path("timing"))
    save_checkpoint(load_models(models).synthesis, Path("synthesis"))
    assert_refused(["melody.musicxml", "-o", "out.wav", "--model", "."], "vocoder: holds no model", capsys)


def assert_refused(argv: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, one line that says `part`, and every file as before."""
    before = sorted(Path.cwd().rglob("*"))
    assert run(["render", *argv]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert part in lines[0]
    assert sorted(Path.cwd().rglob("*")) == before
