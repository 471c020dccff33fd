"""Notes of MusicXML that stand for others: tremolos between two notes, and harmonics."""

from pathlib import Path

import pytest

from dp.types import Mark, ScoreNotes
from tests.score import xml
from tests.score.test_marks import notations, ornament

FIRST, SECOND = Mark.TREMOLO | Mark.ALTERNATING, Mark.TREMOLO | Mark.ALTERNATING | Mark.DELAYED


def tremolo(kind: str, strokes: str = "3") -> str:
    return ornament(f'<tremolo type="{kind}">{strokes}</tremolo>')


def harmonic(*roles: str) -> str:
    return notations("<technical><harmonic>", *(f"<{role}/>" for role in roles), "</harmonic></technical>")


def rows(notes: ScoreNotes) -> list[tuple[int, float, float]]:
    columns = notes.pitch, notes.onset_quarter, notes.duration_quarter
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_both_notes_of_a_tremolo_last_all_its_time(tmp_path: Path) -> None:
    bar = xml.note("C", "2", after=tremolo("start")) + xml.note("E", "2", after=tremolo("stop"))
    score = xml.read(tmp_path, bar, xml.note("G"))
    assert rows(score.notes) == [(60, 0, 4), (64, 0, 4), (67, 4, 4)]
    assert [Mark(value) for value in score.notes.marks.tolist()] == [FIRST, SECOND, Mark(0)]
    assert score.notes.value_quarter.tolist() == [0.125, 0.125, 0]
    assert score.oddities == ()


def test_a_tremolo_may_be_between_chords_and_in_any_voice(tmp_path: Path) -> None:
    def voiced(step: str, number: int, signs: str = "", before: str = "") -> str:
        return xml.note(step, "1", before, f"<voice>{number}</voice>{signs}")

    upper = voiced("C", 1, tremolo("start", "2")) + voiced("E", 1, before="<chord/>")
    upper += voiced("G", 1, tremolo("stop", "2")) + voiced("B", 1, before="<chord/>")
    lower = voiced("D", 2) + voiced("F", 2)
    notes = xml.read(tmp_path, f"{upper}<backup><duration>2</duration></backup>{lower}").notes
    assert rows(notes) == [(60, 0, 2), (62, 0, 1), (64, 0, 2), (67, 0, 2), (71, 0, 2), (65, 1, 1)]
    assert [Mark(value) for value in notes.marks.tolist()] == [FIRST, Mark(0), FIRST, SECOND, SECOND, Mark(0)]
    assert notes.value_quarter.tolist() == [0.25, 0, 0.25, 0.25, 0.25, 0]


def test_tremolos_that_are_tied_are_one(tmp_path: Path) -> None:
    def bar(tie: str) -> str:
        ties = f'<tie type="{tie}"/>'
        return xml.note("C", "2", after=ties + tremolo("start")) + xml.note("E", "2", after=ties + tremolo("stop"))

    assert rows(xml.read(tmp_path, bar("start"), bar("stop")).notes) == [(60, 0, 8), (64, 0, 8)]


def test_a_tremolo_without_its_other_note_is_played_as_written_with_a_warning(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C", "2", after=tremolo("start")) + xml.note("E", "2"))
    assert rows(score.notes) == [(60, 0, 2), (64, 2, 2)]
    assert score.oddities == ("part 'P1', bar '1': a tremolo between two notes lacks one of them: played as written",)


def test_of_an_artificial_harmonic_the_sounding_pitch_alone_is_played(tmp_path: Path) -> None:
    chord = (
        xml.note("A", after=harmonic("artificial", "base-pitch"))
        + xml.note("D", "4", "<chord/>", harmonic("artificial", "touching-pitch"), octave=5)
        + xml.note("A", "4", "<chord/>", harmonic("artificial", "sounding-pitch"), octave=6)
    )
    assert rows(xml.read(tmp_path, chord, xml.note("C")).notes) == [(93, 0, 4), (60, 4, 4)]


@pytest.mark.parametrize(
    ("step", "octave", "sounding"), [("D", 5, 93), ("E", 5, 88), ("A", 5, 81), ("C", 5, 100), ("G", 5, None)]
)
def test_where_no_sounding_pitch_is_written_it_follows_from_the_node(
    tmp_path: Path, step: str, octave: int, sounding: int | None
) -> None:
    chord = xml.note("A", after=harmonic("artificial", "base-pitch"))
    chord += xml.note(step, "4", "<chord/>", harmonic("artificial", "touching-pitch"), octave=octave)
    pitches = xml.read(tmp_path, chord).notes.pitch.tolist()
    assert pitches == ([sounding] if sounding else [69, 79])


def test_natural_harmonics_sound_likewise_or_as_they_are_written(tmp_path: Path) -> None:
    chord = xml.note("G", "2", after=harmonic("natural", "touching-pitch"))
    chord += xml.note("G", "2", "<chord/>", harmonic("natural", "sounding-pitch"), octave=5)
    written = xml.note("D", "2", after=harmonic("natural"), octave=5)
    assert rows(xml.read(tmp_path, chord + written).notes) == [(79, 0, 2), (74, 2, 2)]


@pytest.mark.parametrize(
    ("upper", "heads", "pitches"),
    [
        ("F", ("normal", "diamond"), [84]),  # a fourth: two octaves above the lower note
        ("G", ("normal", "diamond"), [79]),  # a fifth
        ("A", ("normal", "diamond"), [60, 69]),
        ("F", ("diamond", "diamond"), [60, 65]),  # a piano's silent keys
        ("F", ("normal", "normal"), [60, 65]),
    ],
)
def test_a_diamond_over_a_note_is_an_artificial_harmonic(
    tmp_path: Path, upper: str, heads: tuple[str, str], pitches: list[int]
) -> None:
    low, high = (f"<notehead>{head}</notehead>" for head in heads)
    chord = xml.note("C", after=low) + xml.note(upper, "4", "<chord/>", high)
    assert xml.read(tmp_path, chord).notes.pitch.tolist() == pitches
