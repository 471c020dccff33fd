"""The files of a rendering: what is in them, that they are the same each time, and that all appear or none."""

import csv
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
import soundfile

from dp.audio import LoudnessMeter
from dp.errors import DataError
from dp.files import write_whole
from dp.render import ModelSet, OutputOptions, Performance, RenderOptions
from dp.render import sound_files as take_module
from dp.render.note_files import choose_program
from dp.render.outputs import render_to_files
from dp.render.performance import plan
from dp.render.preparation import prepare, prepare_file
from dp.render.sound_files import make_pcm, record
from dp.render.stream import Block
from dp.score import read_score
from dp.units import FloatArray
from tests.factories import MELODY, melody_xml
from tests.render.untrained import model_set

RATE_HZ, HOP, BANDS = 16000, 256, 20
MODELS = ("timing", "synthesis", "vocoder")
SUFFIXES = [".wav", ".mid", ".csv", ".npy", ".png", ".json"]


@pytest.fixture(scope="module")
def models() -> ModelSet:
    return model_set()


@pytest.fixture
def score(tmp_path: Path) -> Path:
    path = tmp_path / "melody.musicxml"
    path.write_bytes(melody_xml(MELODY[:4]))
    return path


def made_of(monkeypatch: pytest.MonkeyPatch, samples: FloatArray, block_frames: int = 10) -> None:
    """Let any performance sound like this."""

    def iterate_blocks(performance: Performance, models: ModelSet) -> Iterator[Block]:
        for first in range(0, len(samples), block_frames * HOP):
            part = samples[first : first + block_frames * HOP].astype(np.float32)
            yield Block(np.full((len(part) // HOP, BANDS), -3.0, dtype=np.float32), part)

    monkeypatch.setattr(take_module, "iterate_blocks", iterate_blocks)


def sine(hz: float, sec: float, amplitude: float = 0.3) -> FloatArray:
    time_sec = np.arange(int(sec * RATE_HZ) // HOP * HOP) / RATE_HZ
    return np.asarray(amplitude * np.sin(2 * np.pi * hz * time_sec))


def loudest_hz(samples: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.argmax(spectrum) * rate_hz / (8 * len(samples)))


def test_all_that_is_written(models: ModelSet, score: Path, tmp_path: Path) -> None:
    made = render_to_files(score, tmp_path / "new" / "melody.wav", models, RenderOptions(), OutputOptions())
    assert [path.name for path in made.files] == [f"melody{suffix}" for suffix in SUFFIXES]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(f"melody{s}" for s in SUFFIXES)
    audio, midi, notes, log_mel, picture, facts = made.files
    samples, rate_hz = soundfile.read(audio, dtype="float32")
    assert rate_hz == RATE_HZ and len(samples) / rate_hz == made.audio_sec
    mel = np.load(log_mel)
    assert mel.dtype == np.float32 and mel.shape == (len(samples) // HOP, BANDS)
    performed = plan(read_score(score), models, RenderOptions()).performed
    rows = list(csv.DictReader(notes.open()))
    assert [int(row["pitch"]) for row in rows] == list(MELODY[:4])
    assert [float(row["onset_s"]) for row in rows] == pytest.approx(performed.onset_sec.tolist(), abs=1e-4)
    assert {(row["velocity"], row["part"]) for row in rows} == {("64", "1")}
    (track,) = pretty_midi.PrettyMIDI(str(midi)).instruments
    assert track.name == "Melody" and track.program == 0
    assert [note.pitch for note in track.notes] == list(MELODY[:4])
    np.testing.assert_allclose([note.start for note in track.notes], performed.onset_sec, atol=1e-3)
    np.testing.assert_allclose([note.end for note in track.notes], performed.offset_sec, atol=1e-3)
    assert picture.read_bytes().startswith(b"\x89PNG")
    said = json.loads(facts.read_text())
    assert said["score"]["name"] == "melody.musicxml" and len(said["score"]["sha256"]) == 64
    assert said["models"]["name"] == "untrained" and said["models"]["vocoder"]["kind"] == "vocos"
    learned = {kind: (said["models"][kind]["licences"], said["models"][kind]["performers"]) for kind in MODELS}
    assert learned == {
        "timing": (["CC BY 4.0", "CC0-1.0"], ["ann", "bo"]),
        "synthesis": (["CC0-1.0"], ["ann"]),
        "vocoder": (["unknown"], []),
    }
    assert said["options"]["seed"] == 1 and said["note_count"] == 4
    assert said["audio"]["sample_count"] == len(samples)
    assert str(tmp_path) not in facts.read_text()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_the_same_inputs_make_the_same_bytes(models: ModelSet, score: Path, tmp_path: Path, suffix: str) -> None:
    options = RenderOptions(performers=(("ann", 0.5), ("bo", 0.5)), tuning_hz=415.0)
    output = OutputOptions(sample_rate_hz=22050, loudness_lufs=-30.0)
    first, second = (
        render_to_files(score, tmp_path / folder / f"x{suffix}", models, options, output) for folder in ("one", "two")
    )
    for one, two in zip(first.files, second.files, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


def test_another_performance_is_another_provenance(models: ModelSet, score: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 2)):
        render_to_files(score, tmp_path / f"{name}.wav", models, RenderOptions(seed=seed), OutputOptions())
    assert (tmp_path / "a.json").read_bytes() != (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize("tuning_hz", [415.0, 442.0])
def test_tuning_moves_the_pitch_and_keeps_the_tempo(
    models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tuning_hz: float
) -> None:
    def iterate_blocks(performance: Performance, models: ModelSet) -> Iterator[Block]:
        seen.append(performance)
        tone = sine(440.0, float(performance.performed.offset_sec.max()))
        yield Block(np.zeros((len(tone) // HOP, BANDS), dtype=np.float32), tone.astype(np.float32))

    seen: list[Performance] = []
    monkeypatch.setattr(take_module, "iterate_blocks", iterate_blocks)
    planned = plan(read_score(score), models, RenderOptions())
    made = render_to_files(score, tmp_path / "x.wav", models, RenderOptions(tuning_hz=tuning_hz), OutputOptions())
    samples, rate_hz = soundfile.read(made.files[0])
    assert loudest_hz(samples, rate_hz) == pytest.approx(tuning_hz, abs=0.2)
    assert made.audio_sec == pytest.approx(float(planned.performed.offset_sec.max()), abs=2 * HOP / RATE_HZ)
    ratio = tuning_hz / 440.0
    np.testing.assert_allclose(seen[0].performed.onset_sec, planned.performed.onset_sec * ratio)
    assert seen[0].tempo_map.compute_mean_tempo_qpm(0, 1) == pytest.approx(
        planned.tempo_map.compute_mean_tempo_qpm(0, 1 / ratio) / ratio
    )
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))  # these are the times that are heard
    assert [float(row["onset_s"]) for row in rows] == pytest.approx(planned.performed.onset_sec.tolist(), abs=1e-4)


def test_another_rate_in_blocks_is_the_same_as_at_once(
    models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import soxr

    tone = sine(1000.0, 3.0)
    made_of(monkeypatch, tone)
    made = render_to_files(score, tmp_path / "x.wav", models, RenderOptions(), OutputOptions(sample_rate_hz=44100))
    samples, rate_hz = soundfile.read(made.files[0])
    at_once = soxr.resample(tone.astype(np.float32), RATE_HZ, 44100, "VHQ")
    assert rate_hz == 44100 and len(samples) == len(at_once)
    np.testing.assert_allclose(samples, at_once, atol=1e-4)
    assert len(np.load(tmp_path / "x.npy")) == len(tone) // HOP


def test_loudness_is_what_was_asked_for(
    models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_of(monkeypatch, sine(1000.0, 3.0, 0.01))
    made = render_to_files(score, tmp_path / "x.wav", models, RenderOptions(), OutputOptions(loudness_lufs=-23.0))
    samples, rate_hz = soundfile.read(made.files[0])
    meter = LoudnessMeter(rate_hz)
    meter.add(samples)
    assert meter.integrated_lufs() == pytest.approx(-23.0, abs=0.05)
    assert made.warnings == ()


def test_loudness_that_would_clip_is_not_reached_and_said(
    models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    click = sine(1000.0, 3.0, 0.01)
    click[20000] = 0.5
    made_of(monkeypatch, click)
    made = render_to_files(score, tmp_path / "x.wav", models, RenderOptions(), OutputOptions(loudness_lufs=-10.0))
    assert np.abs(soundfile.read(made.files[0])[0]).max() == pytest.approx(0.99, abs=1e-4)
    assert len(made.warnings) == 1 and "not the -10 LUFS asked for" in made.warnings[0]
    assert json.loads((tmp_path / "x.json").read_text())["warnings"] == list(made.warnings)


def test_a_loud_one_is_turned_down_and_a_soft_one_left_alone(
    models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amplitude, peak in ((3.0, 0.99), (0.25, 0.25), (0.0, 0.0)):
        made_of(monkeypatch, sine(1000.0, 1.0, amplitude))
        made = render_to_files(score, tmp_path / "x.wav", models, RenderOptions(), OutputOptions(loudness_lufs=None))
        assert np.abs(soundfile.read(made.files[0])[0]).max() == pytest.approx(peak, abs=1e-3)


def test_what_breaks_off_leaves_everything_as_it_was(
    models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def iterate_blocks(performance: Performance, models: ModelSet) -> Iterator[Block]:
        yield Block(np.zeros((10, BANDS), dtype=np.float32), np.zeros(2560, dtype=np.float32))
        raise DataError("block 2", "broke")

    out = tmp_path / "out"
    out.mkdir()
    write_whole(out / "x.csv", b"old")
    monkeypatch.setattr(take_module, "iterate_blocks", iterate_blocks)
    with pytest.raises(DataError, match="block 2"):
        render_to_files(score, out / "x.wav", models, RenderOptions(), OutputOptions())
    assert [path.name for path in out.iterdir()] == ["x.csv"]
    assert (out / "x.csv").read_bytes() == b"old"


def test_a_folder_in_the_way_is_found_before_anything_is_moved(models: ModelSet, score: Path, tmp_path: Path) -> None:
    (tmp_path / "x.png").mkdir()
    with pytest.raises(DataError, match=r"x\.png: is no file"):
        render_to_files(score, tmp_path / "x.wav", models, RenderOptions(), OutputOptions())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["melody.musicxml", "x.png"]


def test_a_folder_that_cannot_be_made(models: ModelSet, score: Path) -> None:
    with pytest.raises(DataError, match="cannot be written to"):
        render_to_files(score, score / "x.wav", models, RenderOptions(), OutputOptions())


def test_the_score_is_never_written_over(models: ModelSet, tmp_path: Path) -> None:
    path = tmp_path / "tune.mid"
    tune = pretty_midi.PrettyMIDI(initial_tempo=120.0)
    tune.instruments.append(pretty_midi.Instrument(40, name="Violin I"))
    tune.instruments[0].notes = [pretty_midi.Note(80, 60, 0.0, 0.5), pretty_midi.Note(30, 64, 0.5, 1.0)]
    tune.write(str(path))
    before = path.read_bytes()
    made = render_to_files(path, tmp_path / "tune.wav", models, RenderOptions(), OutputOptions())
    assert path.read_bytes() == before
    assert tmp_path / "tune.performed.mid" in made.files
    (track,) = pretty_midi.PrettyMIDI(str(tmp_path / "tune.performed.mid")).instruments
    assert track.program == 40
    assert [note.velocity for note in track.notes] == [80, 30]


def test_a_pitch_that_is_struck_again_ends_the_note_before(
    models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    performance = plan(read_score(score), models, RenderOptions())
    again = replace(
        performance.performed,
        pitch=np.array([60, 60, 62, 60]),
        onset_sec=np.array([0.0, 0.5, 0.6, 1.0]),
        offset_sec=np.array([0.8, 0.9, 2.0, 1.5]),
    )
    monkeypatch.setattr("dp.render.preparation.plan", lambda *_: replace(performance, performed=again))
    render_to_files(score, tmp_path / "x.wav", models, RenderOptions(), OutputOptions())
    notes = pretty_midi.PrettyMIDI(str(tmp_path / "x.mid")).instruments[0].notes
    held = [(note.start, note.end) for note in notes if note.pitch == 60]
    np.testing.assert_allclose(held, [(0.0, 0.5), (0.5, 0.9), (1.0, 1.5)], atol=1e-3)


def test_audio_alone(models: ModelSet, score: Path, tmp_path: Path) -> None:
    made = render_to_files(score, tmp_path / "x.flac", models, RenderOptions(), OutputOptions(extras=False))
    assert made.files == (tmp_path / "x.flac",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["melody.musicxml", "x.flac"]


def test_length_costs_no_memory(models: ModelSet, score: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight minutes, 31 MB of samples, are kept with a few blocks in memory."""
    one_second = sine(500.0, 1.024)

    def iterate_blocks(performance: Performance, models: ModelSet) -> Iterator[Block]:
        for _ in range(480):
            yield Block(np.zeros((64, BANDS), dtype=np.float32), one_second.astype(np.float32))

    prepared = prepare(read_score(score), models, RenderOptions())
    monkeypatch.setattr(take_module, "iterate_blocks", iterate_blocks)
    tracemalloc.start()
    take = record(prepared.sound(RATE_HZ), RATE_HZ, tmp_path, prepared.mel)
    count = sum(len(samples) for samples in take.iterate_samples(1.0))
    _, peak_byte = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == take.sample_count == 480 * len(one_second)
    assert np.load(take.log_mel, mmap_mode="r").shape == (480 * 64, BANDS)
    assert peak_byte < 8e6


def test_pcm_is_the_sound_limited(models: ModelSet, score: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_of(monkeypatch, sine(440.0, 1.0, 4.0))
    _, prepared = prepare_file(score, models, RenderOptions())
    samples = np.frombuffer(b"".join(make_pcm(prepared.sound(RATE_HZ))), dtype="<i2") / 32767
    assert len(prepared.performance.performed) == 4
    assert len(samples) == len(sine(440.0, 1.0))
    assert 0.99 < np.abs(samples).max() <= 1.0


@pytest.mark.parametrize(
    ("name", "program"), [("Violine II", 40), ("VIOLONCELLO", 42), ("Flöte", 73), ("Double Bass", 43), ("Celesta", 0)]
)
def test_programs(name: str, program: int) -> None:
    assert choose_program(name) == program
