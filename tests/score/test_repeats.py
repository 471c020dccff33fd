"""Which stretches of a score may be played once more, or once less, than it is unfolded."""

from pathlib import Path

from dp.score import read_score
from dp.types import Repeat, Score
from tests.score import xml

BACK = '<repeat direction="backward"/>'
DA_CAPO = '<sound dacapo="yes"/>'
FINE = '<sound fine="yes"/>'
DOUBLE = '<barline location="right"><bar-style>light-light</bar-style></barline>'
FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'


def declared(score: Score) -> tuple[Repeat, ...]:
    return tuple(repeat for repeat in score.repeats if repeat.is_declared)


def undeclared(score: Score) -> list[tuple[float, float, float, str]]:
    found = [repeat for repeat in score.repeats if not repeat.is_declared]
    assert not any(repeat.is_written for repeat in found)
    return [(repeat.at_quarter, repeat.begin_quarter, repeat.end_quarter, repeat.bars) for repeat in found]


def test_a_score_without_signs_may_be_played_twice(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C"), xml.note("D"))
    assert declared(score) == ()
    assert undeclared(score) == [(8, 0, 8, "1-2")]


def test_sections_lie_between_double_bar_lines(tmp_path: Path) -> None:
    bars = [xml.note(step) for step in "CDEFGABCDEFG"]
    bars[3] += DOUBLE
    bars[8] = '<barline location="left"><bar-style>light-light</bar-style></barline>' + bars[8]
    bars[11] += FINAL
    found = undeclared(xml.read(tmp_path, *bars))
    assert found[:4] == [(16, 0, 16, "1-4"), (32, 16, 32, "5-8"), (48, 32, 48, "9-12"), (48, 0, 48, "1-12")]
    assert found[4:] == [(48, 0, 16, "1-4"), (48, 16, 32, "5-8")]  # at the very end


def test_a_new_key_begins_a_section(tmp_path: Path) -> None:
    bars = [xml.note("C")] * 8
    bars[4] = "<attributes><key><fifths>2</fifths></key></attributes>" + bars[4]
    assert undeclared(xml.read(tmp_path, *bars)) == [
        (16, 0, 16, "1-4"),
        (32, 16, 32, "5-8"),
        (32, 0, 32, "1-8"),
        (32, 0, 16, "1-4"),
    ]


def test_a_few_bars_and_what_is_repeated_anyway_are_no_sections(tmp_path: Path) -> None:
    bars = [xml.note("C")] * 4 + [xml.note("D")] * 3 + [xml.note("E")] * 4
    bars[3] += xml.BACKWARD
    bars[6] += DOUBLE
    assert undeclared(xml.read(tmp_path, *bars)) == [(60, 44, 60, "8-11"), (60, 0, 60, "1-11")]


def test_of_many_sections_none_is_a_candidate(tmp_path: Path) -> None:
    bars = [xml.note("C") + (DOUBLE if i % 4 == 3 else "") for i in range(48)]
    assert undeclared(xml.read(tmp_path, *bars)) == [(192, 0, 192, "1-48")]
    assert len(undeclared(xml.read(tmp_path, *bars[:44]))) == 12


def test_the_whole_of_a_da_capo_is_named_by_all_its_bars(tmp_path: Path) -> None:
    bars = [xml.note("C") + FINE, xml.note("D") + DA_CAPO]
    assert undeclared(xml.read(tmp_path, *bars)) == [(12, 0, 12, "1-2")]


def test_both_halves_may_be_played_once(tmp_path: Path) -> None:
    bars = [xml.note("C"), xml.note("D") + xml.BACKWARD, xml.note("E") + xml.BACKWARD]
    assert declared(xml.read(tmp_path, *bars)) == (Repeat(0, 0, 8, True, "1-2"), Repeat(16, 16, 20, True, "3"))


def test_the_first_ending_goes_with_the_first_pass(tmp_path: Path) -> None:
    bars = [
        xml.note("G"),
        xml.FORWARD + xml.note("C"),
        xml.ending("1", xml.note("D"), repeat=BACK),
        xml.ending("2", xml.note("E")),
    ]
    assert declared(xml.read(tmp_path, *bars)) == (Repeat(4, 4, 12, True, "2-3"),)


def test_every_pass_but_the_last_may_be_left_out(tmp_path: Path) -> None:
    three = '<barline location="right"><repeat direction="backward" times="3"/></barline>'
    assert declared(xml.read(tmp_path, xml.note("C") + three)) == (
        Repeat(0, 0, 4, True, "1"),
        Repeat(4, 4, 8, True, "1"),
    )


def test_after_da_capo_repeats_may_be_played_again(tmp_path: Path) -> None:
    bars = [xml.note("C") + xml.BACKWARD, xml.note("D") + xml.BACKWARD + FINE, xml.note("E") + DA_CAPO]
    score = xml.read(tmp_path, *bars)
    assert len(score.notes) == 7  # C C D D E C D
    assert declared(score) == (
        Repeat(0, 0, 4, True, "1"),
        Repeat(8, 8, 12, True, "2"),
        Repeat(20, 0, 4, False, "1"),
        Repeat(24, 8, 12, False, "2"),
    )


def test_after_da_capo_the_first_ending_may_come_again(tmp_path: Path) -> None:
    bars = [
        xml.note("C"),
        xml.ending("1", xml.note("D"), repeat=BACK),
        xml.ending("2", xml.note("E") + FINE),
        xml.note("F") + DA_CAPO,
    ]
    score = xml.read(tmp_path, *bars)
    assert len(score.notes) == 7  # C D C E F C E
    assert declared(score) == (Repeat(0, 0, 8, True, "1-2"), Repeat(20, 0, 8, False, "1-2"))


def test_a_repeat_that_is_asked_for_after_da_capo_is_written(tmp_path: Path) -> None:
    again = '<barline location="right"><repeat direction="backward" after-jump="yes"/></barline>'
    score = xml.read(tmp_path, xml.note("C") + again, xml.note("D") + FINE, xml.note("E") + DA_CAPO)
    assert len(score.notes) == 7  # C C D E C C D
    assert declared(score) == (Repeat(0, 0, 4, True, "1"), Repeat(16, 16, 20, True, "1"))


def test_a_pickup_does_not_name_the_stretch(tmp_path: Path) -> None:
    pickup = '<measure number="X1" implicit="yes">'
    document = xml.document(xml.part(xml.note("G", "1"), xml.note("C"), xml.note("D") + xml.BACKWARD))
    document = document.replace('<measure number="1">', pickup)
    (repeat,) = declared(read_score(xml.write(tmp_path, document)))
    assert repeat == Repeat(0, 0, 9, True, "2-3")
