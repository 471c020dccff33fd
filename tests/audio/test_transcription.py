import importlib.util
from pathlib import Path

import numpy as np
import pytest

from dp.audio import read_audio, render_notes
from dp.audio.transcription import decode_notes, find_transcriber_file, transcribe
from dp.corpora.bach_violin import list_recordings, read_movement_alignment, read_movement_notes
from dp.errors import DataError
from dp.metrics import measure_notes
from dp.types import PerformedNotes

FRAME_SEC = 256 / 22050


@pytest.fixture
def installed() -> None:
    try:
        find_transcriber_file()
    except DataError as error:
        pytest.skip(str(error))


def activations(frame_count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Of onsets and of sounding notes: silence [T, 88]."""
    return np.zeros((frame_count, 88), dtype=np.float32), np.zeros((frame_count, 88), dtype=np.float32)


def test_a_note_starts_at_its_onset_and_lasts_while_it_sounds() -> None:
    onset, note = activations()
    onset[10, 39] = 0.7
    note[10:40, 39] = 0.8
    note[25:35, 39] = 0.25  # below the threshold for 10 frames: bridged
    found = decode_notes(onset, note)
    assert found.pitch.tolist() == [60]
    assert found.velocity.tolist() == [0]
    assert found.onset_sec == pytest.approx([10 * FRAME_SEC])
    assert found.offset_sec == pytest.approx([40 * FRAME_SEC])
    assert found.confidence == pytest.approx([(20 * 0.8 + 10 * 0.25) / 30])


def test_a_gap_of_eleven_frames_ends_a_note() -> None:
    onset, note = activations()
    onset[10, 39] = 0.7
    note[10:60, 39] = 0.8
    note[25:36, 39] = 0.25
    assert decode_notes(onset, note).offset_sec == pytest.approx([25 * FRAME_SEC])


def test_a_steep_rise_is_an_onset() -> None:
    onset, note = activations()
    onset[10, 39] = 0.9
    note[10:20, 39] = note[40:50, 39] = 0.8
    assert decode_notes(onset, note).onset_sec == pytest.approx([10 * FRAME_SEC, 40 * FRAME_SEC])


def test_repeated_notes_end_where_the_next_begins() -> None:
    onset, note = activations()
    onset[[10, 20], 39] = 0.9
    note[10:30, 39] = 0.8
    found = decode_notes(onset, note)
    assert found.onset_sec == pytest.approx([10 * FRAME_SEC, 20 * FRAME_SEC])
    assert found.offset_sec == pytest.approx([20 * FRAME_SEC, 30 * FRAME_SEC])


def test_a_weak_onset_and_a_short_note_are_none() -> None:
    onset, note = activations()
    onset[10, 20] = 0.55  # below the threshold
    note[10:30, 20] = 0.8
    onset[10, 50] = 0.55
    note[10:14, 50] = 0.8  # 4 frames
    assert len(decode_notes(onset, note)) == 0


def test_a_note_uses_up_the_semitones_beside_it() -> None:
    onset, note = activations()
    onset[10, 39], onset[9, 40] = 0.9, 0.7
    note[10:30, 39] = note[9:30, 40] = 0.8
    assert decode_notes(onset, note).pitch.tolist() == [60]


def test_silence_has_no_notes() -> None:
    found = decode_notes(*activations())
    assert len(found) == 0
    assert found.pitch.dtype == np.int64


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_what_is_played_is_heard(rate_hz: int) -> None:
    pitch = np.array([60, 64, 67, 72, 71, 67])
    onset_sec = 0.5 + 0.6 * np.arange(6.0)
    played = PerformedNotes(pitch, 0 * pitch + 90, onset_sec, onset_sec + 0.5, np.ones(6))
    found = transcribe(render_notes(played, rate_hz, program=0), rate_hz)
    assert measure_notes(found, played, 0.02).f1 > 0.75


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("length", [0, 1, 700, 16000])
def test_short_and_silent_sounds(length: int) -> None:
    assert len(transcribe(np.zeros(length, dtype=np.float32), 16000)) == 0


@pytest.mark.usefixtures("installed")
def test_a_real_recording(shared_data: Path) -> None:
    root = shared_data / "bach-violin"
    recording = next(r for r in list_recordings(root).recordings if r.recording_id == "john-garner_bwv1002_mov6")
    samples = read_audio(recording.audio_path, 16000, recording.start_sec, recording.start_sec + 20)
    times = read_movement_alignment(root, recording.recording_id)
    assert times is not None
    pitch = read_movement_notes(root, recording.recording_id).pitch
    inside = (times.onset_sec < 19.5) & (times.offset_sec > times.onset_sec)
    count = int(inside.sum())
    asked = PerformedNotes(
        pitch[inside], np.zeros(count, int), times.onset_sec[inside], times.offset_sec[inside], np.ones(count)
    )
    assert measure_notes(transcribe(samples, 16000), asked, 0.1).f1 > 0.8


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("module", "name"), [("onnxruntime", "onnxruntime"), ("basic_pitch", "basic-pitch")])
def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else find_spec(name))
    with pytest.raises(DataError, match=f"{name}: is not installed.*pip install --no-deps basic-pitch"):
        find_transcriber_file()
