"""`dp render` without models: every score with notes sounds, by voices and the soundfont."""

import json
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
import soundfile

import dp
from dp.batch.job import Request
from dp.batch.run import render_all
from dp.cli import run
from dp.parallel.executor import SerialExecutor
from dp.render_options import OutputOptions, RenderOptions
from tests.factories import melody_xml
from tests.render.untrained_voices import save_packaged

PROGRAMS = (40, 73, 0, 56)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder outside of any project, with a quartet in it, and voices as they are installed."""
    monkeypatch.chdir(tmp_path)
    packaged = save_packaged(tmp_path / "installed")
    monkeypatch.setattr("dp.render.packaged.find_packaged", lambda: packaged)
    monkeypatch.setattr("dp.render.ensemble.find_packaged", lambda: packaged)
    write_quartet(Path("quartet.mid"))
    return tmp_path


def write_quartet(path: Path, drums_only: bool = False) -> None:
    """Four instruments of four notes each, the last of which is silent; or drums alone."""
    midi = pretty_midi.PrettyMIDI(initial_tempo=120.0)
    for number, program in enumerate(PROGRAMS):
        part = pretty_midi.Instrument(program, is_drum=drums_only, name=f"P{number + 1}")
        part.notes = [pretty_midi.Note(80, 60 + 4 * number + step, step / 2, step / 2 + 0.4) for step in range(4)]
        midi.instruments.append(part)
    midi.write(str(path))


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_a_score_of_four_parts_sounds_in_stereo_with_all_its_files(here: Path) -> None:
    assert run(["render", "quartet.mid", "-o", "out"]) == 0
    samples, rate_hz = soundfile.read("out/quartet.wav")
    assert rate_hz == 44100 and samples.shape[1] == 2
    assert 2.0 < len(samples) / rate_hz < 6.0
    assert np.abs(samples).max() > 0.01
    assert sorted(path.suffix for path in Path("out").iterdir()) == [".csv", ".json", ".mid", ".npy", ".png", ".wav"]
    tracks = pretty_midi.PrettyMIDI("out/quartet.mid").instruments
    assert tuple(track.program for track in tracks) == PROGRAMS
    facts = json.loads(Path("out/quartet.json").read_text())
    assert [part["program"] for part in facts["models"]["players"]] == list(PROGRAMS)
    violin, flute, piano, _ = facts["models"]["players"]
    assert (violin["player"], piano["player"]) == ("violin", "piano")
    assert len(violin["weights_sha256"]) == 64 and "weights_sha256" not in flute
    assert facts["audio"]["channel_count"] == 2 and facts["audio"]["sample_count"] == len(samples)
    log_mel = np.load("out/quartet.npy")
    assert log_mel.shape == (len(samples) // 512, facts["mel"]["band_count"])
    assert facts["mel"]["frame_rate_hz"] == pytest.approx(44100 / 512, abs=1e-5)


def test_the_same_seed_makes_the_same_bytes_and_another_another(here: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run(["render", "quartet.mid", "-o", f"{name}.wav", "--seed", seed, "-q"]) == 0
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes() != Path("c.wav").read_bytes()


def test_one_part_is_mono_unless_it_has_a_pan(here: Path) -> None:
    assert run(["render", "quartet.mid", "-o", "mono.wav", "--parts", "P2", "-q"]) == 0
    assert run(["render", "quartet.mid", "-o", "left.wav", "--parts", "2", "--pan", "p2=-1", "-q"]) == 0
    mono, left = soundfile.read("mono.wav")[0], soundfile.read("left.wav")[0]
    assert mono.ndim == 1
    np.testing.assert_allclose(left, np.stack([mono, 0 * mono], axis=1), atol=1e-4)


def test_parts_stand_from_left_to_right(here: Path) -> None:
    argv = ["render", "quartet.mid", "-o", "x.wav", "-q", "--instrument", "P1=73", "--instrument", "P3=73", "--parts"]
    assert run([*argv, "P1,P3"]) == 0
    samples, rate_hz = soundfile.read("x.wav")
    power = np.abs(np.fft.rfft(samples[: rate_hz // 2], axis=0)) ** 2
    hz = np.fft.rfftfreq(rate_hz // 2, 1 / rate_hz)
    for pitch_hz, louder in ((261.6, 0), (415.3, 1)):  # the first notes of P1 and P3
        near = np.abs(hz - pitch_hz) < 8
        left, right = power[near].sum(axis=0)
        assert ((left, right)[louder]) > 3 * ((left, right)[1 - louder])


def test_the_soundfont_is_tuned(here: Path) -> None:
    argv = ["render", "quartet.mid", "-o", "x.wav", "-q", "--parts", "P2", "--instrument", "2=ocarina"]
    assert run([*argv, "--tuning", "415"]) == 0
    samples, rate_hz = soundfile.read("x.wav")
    first = samples[: int(0.4 * rate_hz)]
    spectrum = np.abs(np.fft.rfft(first * np.hanning(len(first)), 8 * len(first)))
    hz = np.argmax(spectrum) * rate_hz / (8 * len(first))
    assert hz == pytest.approx(415.0 * 2 ** (-5 / 12), rel=0.01)  # of E4, an octave up or down
    notes = pretty_midi.PrettyMIDI("x.mid").instruments[0].notes
    np.testing.assert_allclose([note.start for note in notes], [0.0, 0.5, 1.0, 1.5], atol=0.002)


def test_the_api_needs_no_models_either(here: Path) -> None:
    made = dp.render("quartet.mid", pans={"P1": 1.0}, instruments={"P3": 73}, room="studio", parts=["P1", "P3"])
    assert made.sample_rate_hz == 44100 and made.samples.shape[1] == 2
    assert made.log_mel.shape == (len(made.samples) // 512, 80)
    assert dp.render("quartet.mid", "violin", parts="P2").samples.ndim == 1
    assert dp.performers() == ("ann", "bo", "cy") and dp.performers("piano") == ("cy",)
    made.write("x.flac")
    assert soundfile.info("x.flac").channels == 2
    with pytest.raises(dp.DataError, match="pan of P1: is 2"):
        dp.render("quartet.mid", pans={"P1": 2.0})


def test_one_packaged_model_plays_all_parts(here: Path) -> None:
    assert run(["render", "quartet.mid", "-o", "x.flac", "--model", "violin", "--performer", "ann", "-q"]) == 0
    facts = json.loads(Path("x.json").read_text())["models"]
    assert facts["name"] == "violin" and {part["player"] for part in facts["players"]} == {"violin"}


def test_voices_of_a_project_are_a_model(here: Path) -> None:
    save_packaged(Path("models/mine"), ["violin"])
    Path("models/mine/violin").rename("models/mine/voices")
    for folder in ("models/mine", "models/mine/voices"):
        assert run(["render", "quartet.mid", "-o", "x.ogg", "--model", folder, "-q", "--room", "room of bo"]) == 0
        assert json.loads(Path("x.json").read_text())["models"]["name"] == "mine"


def test_stdout_says_its_channels(here: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["render", "quartet.mid", "--stdout", "--sample-rate", "16000"]) == 0
    sent = capfdbinary.readouterr()
    assert b"16 bits, little-endian, 2 channels that take turns, 16000 Hz" in sent.err
    assert run(["render", "quartet.mid", "-o", "x.wav", "--sample-rate", "16000", "-q"]) == 0
    written = soundfile.read("x.wav", dtype="int16")[0]
    np.testing.assert_allclose(np.frombuffer(sent.out, "<i2").reshape(-1, 2), written, atol=1)


def test_a_batch_does_each_score_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_quartet(Path("drums.mid"), drums_only=True)
    request = Request(Path("out").absolute(), None, RenderOptions(), OutputOptions(), ".wav")
    scores = [Path("quartet.mid"), Path("drums.mid")]
    assert render_all(scores, request, SerialExecutor()) == 1
    assert soundfile.info("out/quartet.wav").channels == 2
    assert "render: 1 done, 1 failed" in said(capsys)[-1]
    assert render_all(scores[:1], request, SerialExecutor()) == 0
    assert "render: 1 skipped" in said(capsys)[-1]


@pytest.mark.parametrize(
    ("extra", "part"),
    [
        (["--instrument", "P9=flute"], "has no part 'P9'; there are: 1 P1, 2 P2, 3 P3, 4 P4"),
        (["--instrument", "P1=kazoo"], "names 'kazoo', which is no instrument here"),
        (["--instrument", "flute"], "--instrument: is 'flute'; write PART=VALUE"),
        (["--instrument", "P1=128"], "give 0 to 127"),
        (["--pan", "P1=2"], "--pan P1: is 2; give -1 to 1"),
        (["--pan", "P1=left"], "--pan: is 'P1=left'"),
        (["--pan", "P1=nan"], "--pan P1: is nan"),
        (["--pan", "P9=0"], "has no part 'P9'"),
        (["--room", "hall"], "room 'hall': is unknown to the models that play; known: room of ann"),
        (["--performer", "dora"], "performer 'dora': is unknown to the models that play; known: ann, bo, cy"),
        (["--performer", "ann", "--parts", "P2"], "performer 'ann': is unknown to the models that play; known: none"),
        (["--model", "tuba"], "tuba: is no folder and no packaged model"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    here: Path, capsys: pytest.CaptureFixture[str], extra: list[str], part: str
) -> None:
    before = sorted(Path.cwd().rglob("*"))
    assert run(["render", "quartet.mid", "-o", "x.wav", *extra]) == 2
    (line,) = said(capsys)
    assert part in line
    assert sorted(Path.cwd().rglob("*")) == before


def test_drums_alone_are_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_quartet(Path("drums.mid"), drums_only=True)
    assert run(["render", "drums.mid", "-o", "x.wav"]) == 2
    (line,) = said(capsys)
    assert line.startswith("dp: drums.mid: has 0 notes")


def test_a_part_without_notes_is_passed_over(here: Path) -> None:
    text = melody_xml().decode()
    text = text.replace("</part-list>", '<score-part id="P9"><part-name>Oboe</part-name></score-part></part-list>')
    bar = '<measure number="1"><note><rest/><duration>4</duration></note></measure>'
    Path("duo.musicxml").write_text(text.replace("</part></score", f'</part><part id="P9">{bar}</part></score'))
    assert run(["render", "duo.musicxml", "-o", "x.wav", "-q", "--end-bar", "1"]) == 0
    assert soundfile.info("x.wav").channels == 1
    assert len(json.loads(Path("x.json").read_text())["models"]["players"]) == 1


def test_models_with_a_timing_model_know_no_parts(models: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for extra in (["--room", "studio"], ["--pan", "1=0"], ["--instrument", "1=flute"]):
        assert run(["render", "quartet.mid", "-o", "x.wav", "--model", str(models), *extra]) == 2
        (line,) = said(capsys)
        assert "know no instruments, pans and rooms" in line


def test_in_a_project_the_packaged_players_are_asked_for(here: Path) -> None:
    Path("params.yaml").write_text("")
    assert run(["render", "quartet.mid", "-o", "x.wav", "-q"]) == 2
    assert run(["render", "quartet.mid", "-o", "x.wav", "-q", "--model", "packaged"]) == 0
    assert json.loads(Path("x.json").read_text())["models"]["name"] == "packaged"
