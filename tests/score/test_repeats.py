"""Which stretches of a score may be played once more, or once less, than it is unfolded."""

from dp.score import read_score
from dp.types import Repeat

BACK = '<repeat direction="backward"/>'
DA_CAPO = '<sound dacapo="yes"/>'
FINE = '<sound fine="yes"/>'


def test_a_score_without_signs_has_none(xml):
    assert xml.read(xml.note("C"), xml.note("D")).repeats == ()


def test_both_halves_may_be_played_once(xml):
    bars = [xml.note("C"), xml.note("D") + xml.backward, xml.note("E") + xml.backward]
    assert xml.read(*bars).repeats == (Repeat(0, 0, 8, True, "1-2"), Repeat(16, 16, 20, True, "3"))


def test_the_first_ending_goes_with_the_first_pass(xml):
    bars = [
        xml.note("G"),
        xml.forward + xml.note("C"),
        xml.ending("1", xml.note("D"), repeat=BACK),
        xml.ending("2", xml.note("E")),
    ]
    assert xml.read(*bars).repeats == (Repeat(4, 4, 12, True, "2-3"),)


def test_every_pass_but_the_last_may_be_left_out(xml):
    three = '<barline location="right"><repeat direction="backward" times="3"/></barline>'
    assert xml.read(xml.note("C") + three).repeats == (Repeat(0, 0, 4, True, "1"), Repeat(4, 4, 8, True, "1"))


def test_after_da_capo_repeats_may_be_played_again(xml):
    bars = [xml.note("C") + xml.backward, xml.note("D") + xml.backward + FINE, xml.note("E") + DA_CAPO]
    score = xml.read(*bars)
    assert len(score.notes) == 7  # C C D D E C D
    assert score.repeats == (
        Repeat(0, 0, 4, True, "1"),
        Repeat(8, 8, 12, True, "2"),
        Repeat(20, 0, 4, False, "1"),
        Repeat(24, 8, 12, False, "2"),
    )


def test_after_da_capo_the_first_ending_may_come_again(xml):
    bars = [
        xml.note("C"),
        xml.ending("1", xml.note("D"), repeat=BACK),
        xml.ending("2", xml.note("E") + FINE),
        xml.note("F") + DA_CAPO,
    ]
    score = xml.read(*bars)
    assert len(score.notes) == 7  # C D C E F C E
    assert score.repeats == (Repeat(0, 0, 8, True, "1-2"), Repeat(20, 0, 8, False, "1-2"))


def test_a_repeat_that_is_asked_for_after_da_capo_is_written(xml):
    again = '<barline location="right"><repeat direction="backward" after-jump="yes"/></barline>'
    score = xml.read(xml.note("C") + again, xml.note("D") + FINE, xml.note("E") + DA_CAPO)
    assert len(score.notes) == 7  # C C D E C C D
    assert score.repeats == (Repeat(0, 0, 4, True, "1"), Repeat(16, 16, 20, True, "1"))


def test_a_pickup_does_not_name_the_stretch(xml):
    pickup = '<measure number="X1" implicit="yes">'
    document = xml.document(xml.part(xml.note("G", "1"), xml.note("C"), xml.note("D") + xml.backward))
    document = document.replace('<measure number="1">', pickup)
    (repeat,) = read_score(xml.write(document)).repeats
    assert repeat == Repeat(0, 0, 9, True, "2-3")
