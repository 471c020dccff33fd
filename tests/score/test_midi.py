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
    assert score.oddities == ("notes on the drum channel are left out: 1",)


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


def _chunk(content: bytes, name: bytes = b"MTrk") -> bytes:
    return name + struct.pack(">I", len(content)) + content


END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x00"


def test_smallest_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(_file(NOTE + END))
    assert read_score(tmp_path / "a.mid").notes.duration_quarter.tolist() == [96 / 480]


RIFF = b"RIFF\x2e\x00\x00\x00RMIDdata\x22\x00\x00\x00"


@pytest.mark.parametrize(
    "content",
    [
        RIFF + _file(NOTE + END),
        bytes(128) + _file(NOTE + END),  # MacBinary
        _file(NOTE + END, kind=2),  # one song
        _file(NOTE + END) + b"junk",
        _file(NOTE + END)[:14] + _chunk(b"1234", b"XFIH") + _chunk(NOTE + END),
        _file(NOTE + END)[:7] + b"\x08" + _file(NOTE + END)[8:14] + b"\x00\x00" + _chunk(NOTE + END),
    ],
)
def test_what_stands_around_the_tracks_is_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.kar").write_bytes(content)
    score = read_score(tmp_path / "a.kar")
    assert score.notes.duration_quarter.tolist() == [96 / 480]
    assert score.oddities == ()


def test_tracks_that_the_header_does_not_count_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(_file(NOTE + END, kind=1) + _chunk(NOTE.replace(b"\x3c", b"\x40") + END))
    score = read_score(tmp_path / "a.mid")
    assert score.notes.pitch.tolist() == [60, 64]
    assert score.oddities == ("the header counts 1 tracks, the file has 2: all of them are read",)


def test_a_release_in_another_track_of_the_channel_ends_a_note(tmp_path: Path) -> None:
    second = b"\x81\x00\x80\x3c\x00" + END
    (tmp_path / "a.mid").write_bytes(_file(b"\x00\x90\x3c\x40\x87\x00\xff\x2f\x00", kind=1) + _chunk(second))
    assert read_score(tmp_path / "a.mid").notes.duration_quarter.tolist() == [128 / 480]


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
        (_file(NOTE + END, kind=2) + _chunk(NOTE + END), "of format 2 with 2 tracks, expected 0 or 1"),
        (_file(NOTE + END, division=0), "expected ticks per quarter"),
        (_file(NOTE + END, division=0xE628), "expected ticks per quarter"),
        (_file(END), "has 0 notes"),
        (_file(b""), "has 0 notes"),
        (_file(NOTE.replace(b"\x90", b"\x99").replace(b"\x80", b"\x89") + END), "has 0 notes"),
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


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b"\x00\xff\x51\x03\x00\x00\x00", "track 1, bar 1: a tempo of 0 microseconds a quarter is passed over"),
        (
            b"\x00\xff\x58\x04\x00\x02\x18\x08",
            "track 1, bar 1: the time signature 0/4, which no music has, is passed over",
        ),
        (b"\x00\xff\x59\x02\x08\x00", "a key signature that no music has is passed over"),
        (b"\x00\xff\x59\x02\x00\x07", "a key signature that no music has is passed over"),
    ],
)
def test_impossible_marks_are_passed_over_with_a_warning(tmp_path: Path, event: bytes, reason: str) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(_file(event + NOTE + END))
    score = read_score(path)
    assert score.notes.duration_quarter.tolist() == [96 / 480]
    assert score.oddities == (reason,)


def write_tracks(path: Path, *tracks: list[mido.Message]) -> Path:
    """A file of several tracks."""
    file = mido.MidiFile(ticks_per_beat=RESOLUTION)
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    file.save(path)
    return path


def test_tempo_counts_in_whichever_track_it_stands(tmp_path: Path) -> None:
    def tempo(qpm: int, time: int = 0) -> mido.MetaMessage:
        return mido.MetaMessage("set_tempo", tempo=60_000_000 // qpm, time=time)

    path = write_tracks(tmp_path / "a.mid", [tempo(100, 960)], [on(60), off(60, 960)], [tempo(50), tempo(200, 480)])
    score = read_score(path)
    assert score.tempo_quarter.tolist() == [0, 1, 2]
    np.testing.assert_allclose(score.tempo_qpm, [50, 200, 100])
    assert score.notes.duration_quarter.tolist() == [2]


def test_of_two_tracks_with_a_tempo_at_one_place_the_first_counts(tmp_path: Path) -> None:
    slow, fast = (mido.MetaMessage("set_tempo", tempo=60_000_000 // qpm) for qpm in (50, 200))
    score = read_score(write_tracks(tmp_path / "a.mid", [slow], [fast, on(60), off(60, 480)]))
    np.testing.assert_allclose(score.tempo_qpm, [50])


def test_the_pedal_counts_for_its_channel_in_whichever_track_it_stands(tmp_path: Path) -> None:
    def pedal(value: int, time: int = 0) -> mido.Message:
        return mido.Message("control_change", control=64, value=value, time=time)

    same, other = [on(60), off(60, 480)], [on(67, channel=1), off(67, 480, channel=1)]
    notes = read_score(write_tracks(tmp_path / "a.mid", [pedal(127), pedal(0, 960)], same, other)).notes
    assert notes.ring_quarter.tolist() == [1, 0]


def test_a_note_without_an_end_lasts_until_the_end_of_its_track_with_a_warning(tmp_path: Path) -> None:
    end = mido.MetaMessage("end_of_track", time=1440)
    score = read_score(write_track(tmp_path / "a.mid", on(60), off(60, 1920), on(62, 0), end))
    assert score.notes.duration_quarter.tolist() == [4, 3]
    assert score.oddities == ("track 1, bar 2: a note without an end lasts until the end of its track",)


def test_a_note_that_begins_where_its_track_ends_lasts_a_quarter(tmp_path: Path) -> None:
    assert read_score(write_track(tmp_path / "a.mid", on(60, 480))).notes.duration_quarter.tolist() == [1]


def test_a_note_without_a_length_is_kept_with_a_warning(tmp_path: Path) -> None:
    score = read_score(write_track(tmp_path / "a.mid", on(60), off(60), on(62), off(62, 480)))
    assert score.notes.duration_quarter.tolist() == [1 / 8, 1]
    assert score.oddities == ("track 1, bar 1: a note without a length lasts a 32nd",)


def test_a_note_without_a_length_ends_where_its_pitch_is_struck_again(tmp_path: Path) -> None:
    notes = read_score(write_track(tmp_path / "a.mid", on(60), off(60), on(60, 24), off(60, 480))).notes
    assert notes.onset_quarter.tolist() == [0, 24 / 480]
    assert notes.duration_quarter.tolist() == [24 / 480, 1]
    same = read_score(write_track(tmp_path / "a.mid", on(60), off(60), on(60), off(60, 480))).notes
    assert same.duration_quarter.tolist() == [1]


def test_the_late_release_of_a_unison_does_not_end_the_next_note(tmp_path: Path) -> None:
    messages = [on(60), on(60), off(60, 480), on(60, 480), off(60), off(60, 480)]
    notes = read_score(write_track(tmp_path / "a.mid", *messages)).notes
    assert notes.onset_quarter.tolist() == [0, 0, 2]
    assert notes.duration_quarter.tolist() == [1, 1, 1]


def test_a_lost_release_costs_no_other_note_its_own(tmp_path: Path) -> None:
    score = read_score(write_track(tmp_path / "a.mid", on(60), on(60, 480), off(60, 480), on(62), off(62, 480)))
    assert score.notes.onset_quarter.tolist() == [0, 1, 2]
    assert score.notes.duration_quarter.tolist() == [1, 1, 1]


@pytest.mark.parametrize(("division", "qpm"), [(0xE728, 120), (0xE850, 120), (0xE250, 120), (0xE350, 119.98)])
def test_ticks_in_video_frames_are_read_by_the_second(tmp_path: Path, division: int, qpm: float) -> None:
    rate = {0xE7: 25, 0xE8: 24, 0xE2: 30, 0xE3: 30_000 / 1001}[division >> 8]
    path = tmp_path / "a.mid"
    path.write_bytes(_file(b"\x00\xff\x51\x03\x0f\x42\x40" + NOTE + END, division=division))
    score = read_score(path)
    np.testing.assert_allclose(score.tempo_qpm, [qpm], rtol=1e-5)
    second = score.notes.duration_quarter * 60 / score.tempo_qpm
    np.testing.assert_allclose(second, [96 / (rate * (division & 0xFF))], rtol=1e-5)
    assert score.oddities == ("ticks are counted in video frames: read at 120 quarters per minute",)


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
