"""MIDI files as scores."""

import struct
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.errors import DataError
from dp.score import read_score

RESOLUTION = 480


def write_track(path: Path, *messages: mido.Message) -> Path:
    """A file of one track; 480 ticks are a quarter."""
    file = mido.MidiFile(ticks_per_beat=RESOLUTION)
    file.tracks.append(mido.MidiTrack(messages))
    file.save(path)
    return path


def on(pitch: int, time: int = 0, velocity: int = 64, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=pitch, time=time, velocity=velocity, channel=channel)


def off(pitch: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=pitch, time=time, channel=channel)


def test_times_are_exact_quarters_and_velocities_are_kept(tmp_path: Path) -> None:
    score = read_score(write_track(tmp_path / "a.mid", on(60, 0, 100), off(60, 160), on(64, 1, 30), off(64, 479)))
    assert score.notes.onset_quarter.tolist() == [0, 161 / 480]
    assert score.notes.duration_quarter.tolist() == [160 / 480, 479 / 480]
    assert score.notes.pitch.tolist() == [60, 64]
    assert score.notes.velocity.tolist() == [100, 30]
    assert score.notes.voice.tolist() == [1, 1]
    assert score.title == "a"


def test_tempo_map_becomes_tempo_marks(tmp_path: Path) -> None:
    tempi = [mido.MetaMessage("set_tempo", tempo=500_000), mido.MetaMessage("set_tempo", tempo=1_000_000, time=480)]
    score = read_score(write_track(tmp_path / "a.mid", tempi[0], on(60), tempi[1], off(60, 480)))
    assert score.tempo_quarter.tolist() == [0, 1]
    np.testing.assert_allclose(score.tempo_qpm, [120, 60], rtol=1e-12)
    assert score.notes.duration_quarter.tolist() == [2]


def test_file_without_a_tempo_has_midis_own(tmp_path: Path) -> None:
    score = read_score(write_track(tmp_path / "a.mid", on(60), off(60, 480)))
    np.testing.assert_allclose(score.tempo_qpm, [120], rtol=1e-12)


def test_bars_follow_the_time_signatures(tmp_path: Path) -> None:
    three = mido.MetaMessage("time_signature", numerator=3, denominator=4)
    six = mido.MetaMessage("time_signature", numerator=6, denominator=8, time=0)
    notes = [m for _ in range(5) for m in (on(60), off(60, 480))]
    path = write_track(tmp_path / "a.mid", three, *notes[:6], six, *notes[6:], *notes)
    assert read_score(path).notes.measure.tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4]


def test_bars_are_of_four_quarters_without_a_time_signature(tmp_path: Path) -> None:
    notes = [m for _ in range(6) for m in (on(60), off(60, 480))]
    assert read_score(write_track(tmp_path / "a.mid", *notes)).notes.measure.tolist() == [1, 1, 1, 1, 2, 2]


def test_drum_channel_is_left_out_and_parts_are_counted_without_it(tmp_path: Path) -> None:
    midi = pretty_midi.PrettyMIDI()
    for name, is_drum in (("flute", False), ("drums", True), ("cello", False)):
        instrument = pretty_midi.Instrument(0, is_drum, name)
        instrument.notes.append(pretty_midi.Note(80, 60, 0.0, 0.5))
        midi.instruments.append(instrument)
    midi.write(str(tmp_path / "a.midi"))
    score = read_score(tmp_path / "a.midi")
    assert score.part_names == ("flute", "cello")
    assert score.notes.part.tolist() == [0, 1]


def test_pitch_struck_again_ends_there_and_keeps_its_own_release(tmp_path: Path) -> None:
    path = write_track(tmp_path / "a.mid", on(60), on(60, 480), off(60, 480), off(60, 480), on(62), off(62, 480))
    notes = read_score(path).notes
    assert notes.onset_quarter.tolist() == [0, 1, 3]
    assert notes.duration_quarter.tolist() == [1, 2, 1]


def test_pitch_struck_again_at_its_release_keeps_both_lengths(tmp_path: Path) -> None:
    path = write_track(tmp_path / "a.mid", on(60), on(60, 480), off(60), off(60, 480))
    notes = read_score(path).notes
    assert notes.onset_quarter.tolist() == [0, 1]
    assert notes.duration_quarter.tolist() == [1, 1]


def test_note_on_without_velocity_is_a_release(tmp_path: Path) -> None:
    assert read_score(write_track(tmp_path / "a.mid", on(60), on(60, 240, 0))).notes.duration_quarter.tolist() == [0.5]


NOTES = st.lists(
    st.tuples(
        st.integers(0, 127),  # pitch
        st.integers(0, 20_000),  # ticks before it, after the last note of that pitch
        st.integers(1, 5_000),  # ticks long
        st.integers(1, 127),  # velocity
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(NOTES, st.integers(24, 10_000), st.floats(20, 400))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, notes: list[tuple[int, int, int, int]], resolution: int, qpm: float
) -> None:
    midi = pretty_midi.PrettyMIDI(resolution=resolution, initial_tempo=qpm)
    instrument = pretty_midi.Instrument(0)
    end_tick: dict[int, int] = {}
    expected = []
    for pitch, gap, length, velocity in notes:
        start = end_tick.get(pitch, 0) + gap
        end_tick[pitch] = start + length
        times = midi.tick_to_time(start), midi.tick_to_time(start + length)
        instrument.notes.append(pretty_midi.Note(velocity, pitch, *times))
        expected.append((start / resolution, pitch, length / resolution, velocity))
    midi.instruments.append(instrument)
    path = tmp_path_factory.mktemp("midi") / "a.mid"
    midi.write(str(path))
    read = read_score(path).notes
    found = zip(read.onset_quarter, read.pitch, read.duration_quarter, read.velocity, strict=True)
    assert list(found) == sorted(expected)


def _file(track: bytes, kind: int = 0, division: int = RESOLUTION) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, 1, division) + b"MTrk" + struct.pack(">I", len(track)) + track


END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x00"


def test_smallest_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(_file(NOTE + END))
    assert read_score(tmp_path / "a.mid").notes.duration_quarter.tolist() == [96 / 480]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"Dear diary", "is not a MIDI file"),
        (b"MThd\x00\x00", "is cut off inside its header"),
        (_file(NOTE + END)[:-6], "is a damaged MIDI file"),
        (_file(NOTE + END)[:14], "is a damaged MIDI file"),
        (_file(b"\x00\x90\xff\xff" + END), "is a damaged MIDI file"),
        (_file(b"\x00\x3c\x40" + END), "is a damaged MIDI file"),
        (_file(NOTE + END, kind=2), "of format 2, expected 0 or 1"),
        (_file(NOTE + END, division=0), "expected ticks per quarter"),
        (_file(NOTE + END, division=0xE728), "expected ticks per quarter"),
        (_file(END), "has 0 notes"),
        (_file(b""), "has 0 notes"),
        (_file(NOTE.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89") + END), "has 0 notes"),
        (_file(b"\x00\xff\x51\x03\x00\x00\x00" + NOTE + END), "is a damaged MIDI file"),
        (_file(b"\x00\xff\x58\x04\x00\x02\x18\x08" + NOTE + END), "is a damaged MIDI file"),
        (_file(b"\x00\xff\x58\x04\x04\xff\x18\x08" + NOTE + END), "has the time signature 4/5789"),
        (_file(NOTE + b"\xff\xff\xff\x7f\x90\x3c\x40" + END), "is a damaged MIDI file"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.mid"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_score(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_pedal_lets_notes_ring_without_changing_their_lengths(tmp_path: Path) -> None:
    def pedal(value: int, time: int = 0) -> mido.Message:
        return mido.Message("control_change", control=64, value=value, time=time)

    messages = [pedal(127), on(60), off(60, 480), on(64), off(64, 480), on(67), pedal(0, 240), off(67, 240)]
    notes = read_score(write_track(tmp_path / "a.mid", *messages)).notes
    assert notes.duration_quarter.tolist() == [1, 1, 1]
    assert notes.ring_quarter.tolist() == [1.5, 0.5, 0]


def test_an_absurd_tempo_is_passed_over_and_counted(tmp_path: Path) -> None:
    tempo = mido.MetaMessage("set_tempo", tempo=1)
    score = read_score(write_track(tmp_path / "a.mid", tempo, on(60), off(60, 480)))
    assert score.tempo_qpm.tolist() == []
    assert score.oddities == ("tempo marks outside 1 to 2000 quarters per minute passed over: 1 (6e+07)",)
    assert score.notes.duration_quarter.tolist() == [1]
