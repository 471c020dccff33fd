"""Marks of MusicXML at notes: what is read, before anything is played."""

from pathlib import Path

import pytest

from dp.score import read_score
from dp.types import Mark, Score
from tests.score import xml

SHARP_F = "<key><fifths>1</fifths></key>"


def notations(*signs: str) -> str:
    return f"<notations>{''.join(signs)}</notations>"


def articulation(*names: str) -> str:
    return notations("<articulations>", *(f"<{name}/>" for name in names), "</articulations>")


def ornament(*signs: str) -> str:
    return notations("<ornaments>", *signs, "</ornaments>")


def slur(kind: str, number: int = 1) -> str:
    return f'<slur type="{kind}" number="{number}"/>'


def marks(score: Score) -> list[Mark]:
    return [Mark(value) for value in score.notes.marks.tolist()]


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (articulation("staccato"), Mark.STACCATO),
        (articulation("spiccato"), Mark.STACCATO),
        (articulation("staccatissimo"), Mark.STACCATISSIMO),
        (articulation("tenuto", "accent"), Mark.TENUTO | Mark.ACCENT),
        (articulation("detached-legato"), Mark.STACCATO | Mark.TENUTO),
        (articulation("strong-accent"), Mark.STRONG_ACCENT),
        (notations("<fermata/>"), Mark.FERMATA),
        (notations("<arpeggiate/>"), Mark.ARPEGGIO),
        (notations('<arpeggiate direction="down"/>'), Mark.ARPEGGIO | Mark.DOWNWARDS),
        (ornament("<trill-mark/>"), Mark.TRILL),
        (ornament('<trill-mark start-note="main"/>'), Mark.TRILL | Mark.FROM_MAIN),
        (ornament("<mordent/>"), Mark.MORDENT),
        (ornament('<inverted-mordent long="yes"/>'), Mark.INVERTED_MORDENT | Mark.LONG),
        (ornament("<turn/>"), Mark.TURN),
        (ornament("<inverted-turn/>"), Mark.INVERTED_TURN),
        (ornament("<delayed-turn/>"), Mark.TURN | Mark.DELAYED),
        (ornament("<tremolo>2</tremolo>"), Mark.TREMOLO),
        (ornament('<tremolo type="start">2</tremolo>'), Mark(0)),  # without another note
        (notations("<technical><up-bow/></technical>"), Mark(0)),
    ],
)
def test_signs_at_a_note(tmp_path: Path, signs: str, expected: Mark) -> None:
    assert marks(xml.read(tmp_path, xml.note("C", after=signs))) == [expected]


def test_a_slur_leads_from_note_to_note_of_its_voice(tmp_path: Path) -> None:
    upper = (
        xml.note("G", "1", after="<voice>1</voice>" + notations(slur("start")))
        + xml.note("A", "1", after="<voice>1</voice>")
        + xml.note("B", "1", after="<voice>1</voice>" + notations(slur("stop"), slur("start")))
        + xml.note("G", "1", after="<voice>1</voice>" + notations(slur("stop")))
    )
    lower = "".join(xml.note("C", "1", after="<voice>2</voice>") for _ in range(4))
    notes = xml.read(tmp_path, f"{upper}<backup><duration>4</duration></backup>{lower}").notes
    assert notes.has(Mark.SLURRED)[notes.voice == 1].tolist() == [True, True, True, False]
    assert not notes.has(Mark.SLURRED)[notes.voice == 2].any()


def test_the_notes_of_a_chord_are_slurred_together(tmp_path: Path) -> None:
    first = xml.note("C", "2", after=notations(slur("start"))) + xml.note("E", "2", "<chord/>")
    last = xml.note("D", "2", after=notations(slur("stop"))) + xml.note("F", "2", "<chord/>")
    assert xml.read(tmp_path, first + last).notes.has(Mark.SLURRED).tolist() == [True, True, False, False]


def test_a_tied_note_keeps_its_beginning_and_ends_as_its_last_part(tmp_path: Path) -> None:
    first = xml.note("C", after='<tie type="start"/>' + articulation("accent") + notations(slur("start")))
    last = xml.note("C", after='<tie type="stop"/>' + notations(slur("stop"), "<fermata/>"))
    assert marks(xml.read(tmp_path, first, last)) == [Mark.ACCENT | Mark.FERMATA]


@pytest.mark.parametrize(
    ("step", "key", "signs", "upper", "lower"),
    [
        ("E", "", "<trill-mark/>", 1, 2),  # F and D
        ("E", SHARP_F, "<trill-mark/>", 2, 2),  # F sharp
        ("B", "", "<turn/>", 1, 2),  # C of the octave above
        ("C", "", "<turn/>", 2, 1),  # B of the octave below
        ("F", SHARP_F, "<turn/>", 2, 1),
        ("A", "<key><fifths>-2</fifths></key>", "<mordent/>", 1, 2),  # B flat
        ("C", "", '<trill-mark/><accidental-mark placement="above">flat</accidental-mark>', 1, 1),
        ("G", "", '<turn/><accidental-mark placement="below">sharp</accidental-mark>', 2, 1),
        ("A", "", "<mordent/><accidental-mark>sharp</accidental-mark>", 2, 1),
        ("E", "", '<trill-mark trill-step="whole"/>', 2, 2),
    ],
)
def test_an_ornaments_other_notes_are_those_of_the_key_or_its_own_accidentals(
    tmp_path: Path, step: str, key: str, signs: str, upper: int, lower: int
) -> None:
    notes = xml.read(tmp_path, xml.note(step, after=ornament(signs)), attributes=key).notes
    assert (notes.upper_semitone.tolist(), notes.lower_semitone.tolist()) == ([upper], [lower])


def test_an_accidental_holds_for_the_ornaments_of_its_bar(tmp_path: Path) -> None:
    sharp = "<note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>2</duration></note>"
    trilled = xml.note("E", "2", after=ornament("<trill-mark/>"))
    notes = xml.read(tmp_path, sharp + trilled, xml.rest("2") + trilled).notes
    assert notes.upper_semitone[notes.has(Mark.TRILL)].tolist() == [2, 1]


def test_a_wavy_line_trills_the_notes_under_it(tmp_path: Path) -> None:
    start, stop = ornament('<wavy-line type="start"/>'), ornament('<wavy-line type="stop"/>')
    bar = xml.note("C", "1", after=start) + xml.note("D", "1") + xml.note("E", "1", after=stop) + xml.note("F", "1")
    notes = xml.read(tmp_path, bar).notes
    assert notes.has(Mark.TRILL).tolist() == [True, True, True, False]
    assert notes.upper_semitone.tolist() == [2, 2, 1, 0]


def test_grace_notes_are_counted_in_the_order_of_writing(tmp_path: Path) -> None:
    def grace(step: str, kind: str = "", slash: str = "", chord: str = "") -> str:
        return xml.note(step, "", f"<grace{slash}/>{chord}", after=f"<type>{kind}</type>" if kind else "")

    bar = grace("G", "16th") + grace("C", "16th") + grace("E", "16th", chord="<chord/>") + xml.note("D")
    notes = xml.read(tmp_path, bar + grace("A", slash=' slash="yes"') + xml.note("B")).notes
    found = zip("CDEGAB", notes.grace_order.tolist(), notes.value_quarter.tolist(), strict=True)
    by_pitch = dict(zip(notes.pitch.tolist(), found, strict=True))
    assert [by_pitch[pitch][1:] for pitch in (67, 60, 64, 62)] == [(1, 0.25), (2, 0.25), (2, 0.25), (0, 0.0)]
    assert by_pitch[69][1:] == (1, 0.5)
    assert notes.has(Mark.SLASHED).tolist() == (notes.pitch == 69).tolist()


def test_a_tremolo_repeats_notes_of_its_strokes(tmp_path: Path) -> None:
    assert xml.read(tmp_path, xml.note("C", after=ornament("<tremolo>3</tremolo>"))).notes.value_quarter.tolist() == [
        0.125
    ]


def test_marks_are_unfolded_with_their_notes(tmp_path: Path) -> None:
    score = xml.read(
        tmp_path, xml.FORWARD + xml.note("C", after=articulation("staccato")) + xml.BACKWARD, xml.note("D")
    )
    assert marks(score) == [Mark.STACCATO, Mark.STACCATO, Mark(0)]


def test_absurd_tempo_marks_are_passed_over_and_counted(tmp_path: Path) -> None:
    score = xml.read(tmp_path, '<sound tempo="0"/>' + xml.note("C"), '<sound tempo="90000"/>' + xml.note("D"))
    assert score.tempo_qpm.tolist() == []
    assert score.oddities == ("tempo marks outside 1 to 2000 quarters per minute passed over: 2 (0, 90000)",)


def test_pedal_lets_notes_ring_until_it_is_released_or_the_pitch_comes_again(tmp_path: Path) -> None:
    def pedal(kind: str) -> str:
        return f'<direction><direction-type><pedal type="{kind}"/></direction-type></direction>'

    first = pedal("start") + xml.note("C", "1") + xml.note("E", "1") + xml.note("C", "1") + xml.rest("1")
    notes = xml.read(tmp_path, first, pedal("change") + xml.note("G", "2") + pedal("stop") + xml.note("A", "2")).notes
    assert notes.pitch.tolist() == [60, 64, 60, 67, 69]
    assert notes.duration_quarter.tolist() == [1, 1, 1, 2, 2]
    assert notes.ring_quarter.tolist() == [1, 2, 1, 0, 0]


def test_parts_have_their_own_pedals(tmp_path: Path) -> None:
    pedal = '<direction><direction-type><pedal type="{}"/></direction-type></direction>'
    bar = pedal.format("start") + xml.note("C", "1") + xml.rest("2") + pedal.format("stop")
    other = xml.part(xml.note("E", "1"), name="P2")
    notes = read_score(xml.write(tmp_path, xml.document(xml.part(bar), other))).notes
    assert notes.ring_quarter.tolist() == [2, 0]
