"""Repeats, endings and jumps: what is played, by letters."""

from pathlib import Path

import pytest

from dp.errors import DataError
from dp.score import read_score
from tests.score import xml

BACK = '<repeat direction="backward"/>'


def test_without_signs_bars_are_played_once(tmp_path: Path) -> None:
    assert xml.letters(tmp_path, xml.note("C"), xml.note("D")) == "CD"


def test_repeat_from_the_start(tmp_path: Path) -> None:
    assert xml.letters(tmp_path, xml.note("C") + xml.BACKWARD, xml.note("D")) == "CCD"


def test_repeat_from_its_sign(tmp_path: Path) -> None:
    assert (
        xml.letters(tmp_path, xml.note("C"), xml.FORWARD + xml.note("D"), xml.note("E") + xml.BACKWARD, xml.note("F"))
        == "CDEDEF"
    )


def test_two_halves_repeated_without_a_start_sign(tmp_path: Path) -> None:
    assert xml.letters(tmp_path, xml.note("C") + xml.BACKWARD, xml.note("D"), xml.note("E") + xml.BACKWARD) == "CCDEDE"


def test_signs_on_the_other_side_of_the_bar_line(tmp_path: Path) -> None:
    forward_right = '<barline location="right"><repeat direction="forward"/></barline>'
    backward_left = '<barline location="left"><repeat direction="backward"/></barline>'
    assert xml.letters(tmp_path, xml.note("C") + forward_right, xml.note("D"), backward_left + xml.note("E")) == "CDDE"


def test_repeat_played_three_times(tmp_path: Path) -> None:
    three = '<barline location="right"><repeat direction="backward" times="3"/></barline>'
    assert xml.letters(tmp_path, xml.note("C") + three, xml.note("D")) == "CCCD"


def test_inner_repeat_sign_takes_the_outer_ones_place(tmp_path: Path) -> None:
    bars = [xml.FORWARD + xml.note("C"), xml.FORWARD + xml.note("D") + xml.BACKWARD, xml.note("E") + xml.BACKWARD]
    assert xml.letters(tmp_path, *bars) == "CDDEE"


def test_first_and_second_ending(tmp_path: Path) -> None:
    bars = [
        xml.FORWARD + xml.note("C"),
        xml.ending("1", xml.note("D"), repeat=BACK),
        xml.ending("2", xml.note("E"), stop="discontinue"),
        xml.note("F"),
    ]
    assert xml.letters(tmp_path, *bars) == "CDCEF"


def test_second_ending_with_a_repeat_sign_of_its_own_ends_there(tmp_path: Path) -> None:
    bars = [xml.note("C"), xml.ending("1", xml.note("D"), repeat=BACK), xml.ending("2", xml.note("E"), repeat=BACK)]
    assert xml.letters(tmp_path, *bars, xml.note("F")) == "CDCEF"


def test_endings_in_both_halves(tmp_path: Path) -> None:
    half = [xml.ending("1", xml.note("D"), repeat=BACK), xml.ending("2", xml.note("E"))]
    assert xml.letters(tmp_path, xml.note("C"), *half, xml.FORWARD + xml.note("F"), *half) == "CDCEFDFE"


def test_repeat_without_a_start_sign_goes_back_to_the_end_of_the_endings(tmp_path: Path) -> None:
    endings = [xml.ending("1", xml.note("D"), repeat=BACK), xml.ending("2", xml.note("E"))]
    bars = [xml.note("F"), xml.note("G") + xml.BACKWARD, xml.note("A") + xml.BACKWARD]
    assert xml.letters(tmp_path, xml.note("C"), *endings, *bars) == "CDCEFGFGAA"


def test_ending_of_two_passes(tmp_path: Path) -> None:
    bars = [xml.note("C"), xml.ending("1, 2", xml.note("D"), repeat=BACK), xml.ending("3", xml.note("E"))]
    assert xml.letters(tmp_path, *bars) == "CDCDCE"


def test_what_follows_a_lone_first_ending_is_the_second(tmp_path: Path) -> None:
    assert xml.letters(tmp_path, xml.note("C"), xml.ending("1", xml.note("D"), repeat=BACK), xml.note("E")) == "CDCE"


def test_bracket_without_any_repeat_is_decoration(tmp_path: Path) -> None:
    assert xml.letters(tmp_path, xml.note("C") + xml.BACKWARD, xml.ending("2", xml.note("D")), xml.note("E")) == "CCDE"


def test_bracket_that_nothing_closes_is_one_bar_long(tmp_path: Path) -> None:
    open_ending = '<barline location="left"><ending number="2" type="start"/></barline>'
    bars = [xml.note("C"), xml.ending("1", xml.note("D"), repeat=BACK), open_ending + xml.note("E"), xml.note("F")]
    assert xml.letters(tmp_path, *bars) == "CDCEF"


def test_da_capo_al_fine_leaves_repeats_out(tmp_path: Path) -> None:
    fine = xml.words("Fine", '<sound fine="yes"/>')
    da_capo = xml.words("D.C. al Fine", '<sound dacapo="yes"/>')
    bars = [xml.note("C") + xml.BACKWARD, xml.note("D") + fine, xml.note("E") + da_capo]
    assert xml.letters(tmp_path, *bars) == "CCDECD"


def test_da_capo_takes_the_last_ending(tmp_path: Path) -> None:
    bars = [xml.note("C"), xml.ending("1", xml.note("D"), repeat=BACK), xml.ending("2", xml.note("E"))]
    fine = xml.words("Fine", '<sound fine="yes"/>')
    da_capo = xml.words("", '<sound dacapo="yes"/>')
    assert xml.letters(tmp_path, *bars, xml.note("F") + fine, xml.note("G") + da_capo) == "CDCEFGCEF"


def test_jumps_in_words_only(tmp_path: Path) -> None:
    assert xml.letters(tmp_path, xml.note("C") + xml.words("Fine"), xml.note("D") + xml.words("D. C. al Fine")) == "CDC"


def test_dal_segno_al_coda(tmp_path: Path) -> None:
    bars = [
        xml.note("C"),
        xml.words("", '<sound segno="s"/>') + xml.note("D"),
        xml.note("E") + xml.words("To Coda", '<sound tocoda="c"/>'),
        xml.note("F") + xml.words("D.S. al Coda", '<sound dalsegno="s"/>'),
        xml.words("", '<sound coda="c"/>') + xml.note("G"),
        xml.note("A"),
    ]
    assert xml.letters(tmp_path, *bars) == "CDEFDEGA"


def test_dal_segno_al_coda_by_printed_signs(tmp_path: Path) -> None:
    sign = "<direction><direction-type><{}/></direction-type></direction>"
    bars = [
        xml.note("C"),
        sign.format("segno") + xml.note("D"),
        xml.note("E") + xml.words("To Coda"),
        xml.note("F") + xml.words("Dal Segno al Coda"),
        sign.format("coda") + xml.note("G"),
    ]
    assert xml.letters(tmp_path, *bars) == "CDEFDEG"


def test_sign_at_the_words_to_coda_is_no_coda(tmp_path: Path) -> None:
    sign = "<direction-type><coda/></direction-type>"
    to_coda = xml.words("To Coda").replace("</direction>", f"{sign}</direction>")
    bars = [xml.note("C") + to_coda, xml.note("D") + xml.words("D.C. al Coda"), f"<direction>{sign}</direction>"]
    assert xml.letters(tmp_path, *bars[:2], bars[2] + xml.note("E")) == "CDCE"


def test_repeat_in_the_coda_is_played(tmp_path: Path) -> None:
    bars = [
        xml.note("C") + xml.words("To Coda", '<sound tocoda="c"/>'),
        xml.note("D") + xml.words("D.C. al Coda", '<sound dacapo="yes"/>'),
        xml.FORWARD + xml.words("", '<sound coda="c"/>') + xml.note("G") + xml.BACKWARD,
    ]
    assert xml.letters(tmp_path, *bars) == "CDCGG"


def test_signs_of_one_part_hold_for_all(tmp_path: Path) -> None:
    repeating = xml.part(xml.note("C") + xml.BACKWARD, xml.note("D"))
    plain = xml.part(xml.note("E"), xml.note("F"), name="P2")
    notes = read_score(xml.write(tmp_path, xml.document(repeating, plain))).notes
    assert notes.pitch.tolist() == [60, 64, 60, 64, 62, 65]
    assert notes.onset_quarter.tolist() == [0, 0, 4, 4, 8, 8]


@pytest.mark.parametrize(
    ("bar", "reason"),
    [
        ('<barline><repeat direction="backward" times="1000000"/></barline>', "played 1e+06 times, expected 1 to 100"),
        ('<barline><repeat direction="backward" times="inf"/></barline>', "'inf', expected a number"),
    ],
)
def test_order_that_cannot_be_played_is_refused(tmp_path: Path, bar: str, reason: str) -> None:
    with pytest.raises(DataError, match=r"score\.musicxml") as caught:
        xml.read(tmp_path, xml.note("C") + bar)
    assert reason in str(caught.value)


def test_more_notes_than_any_score_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.score.unfold.MAX_NOTE_COUNT", 10)
    with pytest.raises(DataError, match="has more than 10 notes once its repeats are unfolded"):
        xml.read(tmp_path, *[xml.note("C") + xml.BACKWARD] * 6)


def test_score_that_plays_forever_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.score.playing_order.MAX_PLAYED_BAR_COUNT", 10)
    with pytest.raises(DataError, match="plays more than 10 bars"):
        xml.read(tmp_path, *[xml.note("C") + xml.BACKWARD] * 6)
