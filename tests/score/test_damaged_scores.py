"""MusicXML that is damaged but can be played: it is read as far as it makes sense, with a warning naming the bar."""

from pathlib import Path

import pytest

from dp.score import read_score
from dp.types import Mark, Score
from tests.score import xml
from tests.score.test_marks import ornament


def typed(step: str, duration: str, kind: str, after: str = "", before: str = "") -> str:
    """A note with its printed type."""
    return xml.note(step, duration, before, f"<type>{kind}</type>{after}")


def timing(score: Score) -> list[tuple[float, float]]:
    """Onset and duration of every note."""
    return list(zip(score.notes.onset_quarter.tolist(), score.notes.duration_quarter.tolist(), strict=True))


def read_bare(folder: Path, bar: str) -> Score:
    """A score of one bar, without <attributes>."""
    document = f'<score-partwise><part id="P1"><measure number="1">{bar}</measure></part></score-partwise>'
    return read_score(xml.write(folder, document))


def test_without_divisions_the_types_of_notes_say_how_long_a_quarter_is(tmp_path: Path) -> None:
    triplet = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
    score = read_bare(tmp_path, typed("C", "8", "quarter", triplet) + typed("D", "12", "quarter") + xml.rest("24"))
    assert timing(score) == [(0, 2 / 3), (2 / 3, 1)]
    assert score.oddities == ("part 'P1', bar '1': no <divisions> say how long a quarter is: taken as 12",)


def test_without_divisions_and_types_a_division_is_a_quarter(tmp_path: Path) -> None:
    score = read_bare(tmp_path, xml.note("C", "1"))
    assert timing(score) == [(0, 1)]
    assert score.oddities == ("part 'P1', bar '1': no <divisions> say how long a quarter is: taken as 1",)


def test_impossible_divisions_are_passed_over(tmp_path: Path) -> None:
    bars = [xml.note("C"), "<attributes><divisions>0</divisions></attributes>" + typed("D", "8", "half")]
    score = xml.read(tmp_path, *bars)
    assert timing(score)[0] == (0, 4)
    assert "part 'P1', bar '2': <divisions> are '0': passed over" in score.oddities


def test_a_bar_of_notes_rounded_to_nothing_is_read_by_its_types(tmp_path: Path) -> None:
    two_four = "<attributes><divisions>2</divisions><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
    dotted = typed("B", "1", "eighth", "<dot/>") + typed("C", "0", "16th") + typed("D", "2", "quarter")
    score = xml.read(tmp_path, two_four + dotted, typed("E", "4", "half"))
    assert timing(score) == [(0, 0.75), (0.75, 0.25), (1, 1), (2, 2)]
    assert score.oddities == (
        "part 'P1', bar '1': notes with the duration 0: the notes of this bar are as long as their types",
    )


def test_a_note_rounded_to_nothing_in_a_full_bar_is_a_grace_note(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C", "2") + typed("D", "0", "16th") + xml.note("E", "2"))
    notes = score.notes
    assert list(zip(notes.pitch.tolist(), notes.onset_quarter.tolist(), strict=True)) == [(60, 0), (62, 2), (64, 2)]
    assert notes.is_grace.tolist() == [False, True, False]
    assert notes.has(Mark.SLASHED).tolist() == [False, True, False]
    assert notes.value_quarter.tolist() == [0, 0.25, 0]
    assert score.oddities == ("part 'P1', bar '1': a note with the duration 0 is played as a short grace note",)


def test_a_note_of_a_chord_rounded_to_nothing_has_the_length_of_its_type(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C", "4") + typed("E", "0", "half", before="<chord/>"))
    assert timing(score) == [(0, 4), (0, 2)]


@pytest.mark.parametrize("duration", ["-142", "", "x", "1e9"])
def test_a_note_with_an_impossible_duration_has_the_length_of_its_type(tmp_path: Path, duration: str) -> None:
    score = xml.read(tmp_path, typed("C", duration, "quarter", "<dot/>") + xml.note("D", "1"))
    assert timing(score) == [(0, 1.5), (1.5, 1)]
    assert score.oddities == ("part 'P1', bar '1': a note without a possible duration is as long as its type",)


@pytest.mark.parametrize("octave", [-2, 10, 11, 13])
def test_a_note_out_of_range_is_left_out_and_the_others_are_played(tmp_path: Path, octave: int) -> None:
    score = xml.read(tmp_path, xml.note("C", "2"), xml.note("G", "2", octave=octave) + xml.note("D", "2"))
    assert score.notes.pitch.tolist() == [60, 62]
    assert score.notes.onset_quarter.tolist() == [0, 4]
    pitch = 12 * (octave + 1) + 7
    assert score.oddities == (f"part 'P1', bar '2': a note sounds at MIDI pitch {pitch}, beyond 0 to 127: left out",)


def test_an_octave_change_without_semitones_transposes(tmp_path: Path) -> None:
    transpose = "<transpose><octave-change>-1</octave-change></transpose>"
    assert xml.read(tmp_path, xml.note("C", octave=5), attributes=transpose).notes.pitch.tolist() == [60]


def test_durations_with_many_decimals_are_the_fractions_that_they_stand_for(tmp_path: Path) -> None:
    score = xml.read(tmp_path, "".join(xml.note(step, "0.3333333333333333") for step in "CDE") + xml.note("F", "3"))
    assert timing(score) == [(0, 1 / 3), (1 / 3, 1 / 3), (2 / 3, 1 / 3), (1, 3)]


def test_a_key_of_eight_sharps_has_a_double_sharp(tmp_path: Path) -> None:
    trill = ornament("<trill-mark/>")
    score = xml.read(tmp_path, xml.note("E", after=trill), attributes="<key><fifths>8</fifths></key>")
    assert score.notes.upper_semitone.tolist() == [3]
    assert score.oddities == ("part 'P1', bar '1': a key signature of '8' fifths is read as 8",)


def test_a_key_that_is_no_number_counts_as_none(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C"), attributes="<key><fifths>many</fifths></key>")
    assert score.oddities == ("part 'P1', bar '1': a key signature of 'many' fifths is read as 0",)


@pytest.mark.parametrize(
    ("pitch", "reason"),
    [
        ("<step>H</step><octave>4</octave>", "a note with the step 'H' and the octave '4': left out"),
        ("<step>C</step>", "a note with the step 'C' and the octave '': left out"),
    ],
)
def test_a_note_without_a_possible_pitch_is_left_out(tmp_path: Path, pitch: str, reason: str) -> None:
    bar = f"<note><pitch>{pitch}</pitch><duration>2</duration></note>" + xml.note("D", "2")
    score = xml.read(tmp_path, bar)
    assert timing(score) == [(2, 2)]
    assert score.oddities == (f"part 'P1', bar '1': {reason}",)


def test_an_alteration_that_is_no_number_is_passed_over(tmp_path: Path) -> None:
    note = "<note><pitch><step>C</step><alter>{}</alter><octave>4</octave></pitch><duration>2</duration></note>"
    score = xml.read(tmp_path, note.format("sharp") + note.format(""))
    assert score.notes.pitch.tolist() == [60, 60]
    assert score.oddities == ("part 'P1', bar '1': an alteration by 'sharp' is passed over",)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ("<transpose><chromatic>x</chromatic></transpose>", "a transposition that is no number"),
        ("<time><beats>C</beats><beat-type>4</beat-type></time>", "a time signature that is no number"),
    ],
)
def test_impossible_attributes_are_passed_over(tmp_path: Path, attributes: str, reason: str) -> None:
    score = xml.read(tmp_path, f"<attributes>{attributes}</attributes>" + xml.note("C"), xml.note("D"))
    assert score.notes.pitch.tolist() == [60, 62]
    assert score.notes.onset_quarter.tolist() == [0, 4]
    assert score.oddities == (f"part 'P1', bar '1': {reason} is passed over",)


@pytest.mark.parametrize("duration", ["", "<duration>-1</duration>"])
def test_moves_without_a_possible_duration(tmp_path: Path, duration: str) -> None:
    bar = xml.note("C", "2") + f"<forward>{duration}</forward>" + xml.note("D", "2")
    score = xml.read(tmp_path, bar + f"<backup>{duration}</backup>" + xml.note("E"))
    assert timing(score) == [(0, 2), (0, 4), (2, 2)]
    assert score.oddities == (
        "part 'P1', bar '1': a <forward> without a possible duration: passed over",
        "part 'P1', bar '1': a <backup> without a possible duration: taken to the start of the bar",
    )


@pytest.mark.parametrize("times", ["0", ""])
def test_a_repeat_without_a_possible_number_is_played_twice(tmp_path: Path, times: str) -> None:
    repeat = f'<barline location="right"><repeat direction="backward" times="{times}"/></barline>'
    assert xml.letters(tmp_path, xml.note("C") + repeat, xml.note("D")) == "CCD"


def test_parts_that_number_their_bars_differently_are_told(tmp_path: Path) -> None:
    second = xml.part(xml.note("C"), xml.note("E"), name="P2").replace('number="2"', 'number="3"')
    score = read_score(xml.write(tmp_path, xml.document(xml.part(xml.note("C"), xml.note("D")), second)))
    assert score.oddities == ("parts number their bars differently from '2' and '3' on: joined in their order",)


@pytest.mark.parametrize(
    ("declared", "written", "before"),
    [
        ("UTF-8", "latin-1", b""),
        ("utf-16", "utf-8", b""),
        ("UTF-8", "utf-8", b"\n\n"),
        ("UTF-8", "utf-8", b"\xef\xbb\xbf"),
    ],
)
def test_files_in_another_encoding_than_they_say_are_read(
    tmp_path: Path, declared: str, written: str, before: bytes
) -> None:
    head = f"<?xml version='1.0' encoding='{declared}'?>"
    document = xml.document(xml.part(xml.note("C")), head="<movement-title>Präludium</movement-title>")
    score = read_score(xml.write(tmp_path, before + (head + document).encode(written)))
    assert score.notes.pitch.tolist() == [60]
    assert score.title == "Präludium"
