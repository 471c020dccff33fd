"""Ties as programs write them: without an end, in chords, and over bar lines that rounded durations do not reach."""

from pathlib import Path

import pytest

from tests.score import xml

START, STOP = '<tie type="start"/>', '<tie type="stop"/>'


def voiced(number: str, tie: str = "") -> str:
    """What follows the duration of a note of a voice."""
    return f"{tie}<voice>{number}</voice>"


@pytest.mark.parametrize(
    ("after", "next_after", "durations"),
    [
        (START, STOP, [8]),
        (START, "", [8]),  # Sibelius
        ('<notations><tied type="start"/></notations>', "", [4, 4]),  # a sign without a sound leads nowhere
        ('<notations><tied type="start"/></notations>', '<notations><tied type="stop"/></notations>', [8]),
    ],
)
def test_a_tie_leads_to_the_next_note(tmp_path: Path, after: str, next_after: str, durations: list[int]) -> None:
    score = xml.read(tmp_path, xml.note("C", after=after), xml.note("C", after=next_after))
    assert score.notes.duration_quarter.tolist() == durations


def test_a_tie_without_an_end_leads_to_its_own_pitch_and_voice_only(tmp_path: Path) -> None:
    second = xml.note("D", after=voiced("1")) + "<backup><duration>4</duration></backup>"
    score = xml.read(tmp_path, xml.note("C", after=voiced("1", START)), second + xml.note("C", after=voiced("2")))
    assert score.notes.duration_quarter.tolist() == [4, 4, 4]


def test_a_tie_without_an_end_passes_over_grace_notes(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C", after=START), xml.note("C", "", "<grace/>") + xml.note("C"))
    assert sorted(score.notes.duration_quarter.tolist()) == [0, 8]


def test_a_grace_note_tied_to_its_note_is_that_note(tmp_path: Path) -> None:
    notes = xml.read(tmp_path, xml.note("C", "", "<grace/>", START) + xml.note("C", after=STOP)).notes
    assert notes.duration_quarter.tolist() == [4]
    assert notes.grace_order.tolist() == [0]


def test_notes_of_a_chord_without_a_voice_have_the_voice_of_the_first(tmp_path: Path) -> None:
    chord = xml.note("C", after=voiced("3")) + xml.note("E", before="<chord/>")
    assert xml.read(tmp_path, chord).notes.voice.tolist() == [3, 3]


def test_a_tied_note_of_a_chord_lasts_to_the_next_chord(tmp_path: Path) -> None:
    chord = xml.note("C") + xml.note("E", "2", "<chord/>", START)
    score = xml.read(tmp_path, chord, xml.note("E", "2", after=STOP))
    assert score.notes.duration_quarter.tolist() == [4, 6]


def test_rounded_durations_leave_no_gap_in_a_tie_and_no_short_bar(tmp_path: Path) -> None:
    """A half of 34 divisions, as Finale writes 2/4 with 17 a quarter: eighths of 8, and a quarter of 17."""
    time = "<time><beats>2</beats><beat-type>4</beat-type></time>"
    first = (
        f"<attributes><divisions>17</divisions>{time}</attributes>"
        + xml.note("C", "8")
        + xml.note("D", "8")
        + xml.note("E", "17", after=START)
    )
    score = xml.read(tmp_path, first, xml.note("E", "17", after=STOP) + xml.note("F", "17"))
    assert score.notes.pitch.tolist() == [60, 62, 64, 65]
    assert score.notes.onset_quarter[-1] == 3
    assert [bar.end_quarter for bar in score.bars] == [2, 4]
