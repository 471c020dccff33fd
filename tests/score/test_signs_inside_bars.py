"""Repeats, endings and Fine inside a bar, and bars under a sign that repeats the bars before."""

from pathlib import Path

import pytest

from dp.errors import DataError
from dp.score import read_score
from tests.score import xml

FINE = xml.words("Fine", '<sound fine="yes"/>')
DA_CAPO = xml.words("D.C. al Fine", '<sound dacapo="yes"/>')
MIDDLE = '<barline location="middle">{}</barline>'
BACK = '<repeat direction="backward"/>'
SIGN = '<attributes><measure-style{}><measure-repeat type="{}">{}</measure-repeat></measure-style></attributes>'


def test_repeat_ends_inside_a_bar(tmp_path: Path) -> None:
    bar = xml.note("D", "2") + MIDDLE.format(BACK) + xml.note("E", "2")
    score = xml.read(tmp_path, xml.note("C"), bar, xml.note("F"))
    assert score.notes.onset_quarter.tolist() == [0, 4, 6, 10, 12, 14]
    assert score.notes.measure.tolist() == [1, 2, 3, 4, 4, 5]
    assert [bar.name for bar in score.bars] == ["1", "2", "1", "2", "3"]


def test_repeat_begins_and_ends_inside_bars(tmp_path: Path) -> None:
    first = xml.note("C", "3") + MIDDLE.format('<repeat direction="forward"/>') + xml.note("D", "1")
    last = xml.note("E", "3") + MIDDLE.format(BACK) + xml.note("F", "1")
    assert xml.letters(tmp_path, first, last, xml.note("G")) == "CDEDEFG"


def test_endings_begin_inside_bars(tmp_path: Path) -> None:
    start = '<ending number="{}" type="start"/>'
    first = xml.note("C", "2") + MIDDLE.format(start.format(1)) + xml.note("D", "2")
    first += f'<barline location="right"><ending number="1" type="stop"/>{BACK}</barline>'
    second = xml.ending("2", xml.note("E", "2"))
    assert xml.letters(tmp_path, first, second, xml.note("F")) == "CDCEF"


def test_note_of_another_voice_sounds_on_past_the_sign(tmp_path: Path) -> None:
    other = "<backup><duration>4</duration></backup>" + xml.note("G", "4", after="<voice>2</voice>")
    bar = xml.note("C", "2") + MIDDLE.format(BACK) + xml.note("D", "2") + other
    notes = xml.read(tmp_path, bar).notes
    assert list(
        zip(notes.pitch.tolist(), notes.onset_quarter.tolist(), notes.duration_quarter.tolist(), strict=True)
    ) == [
        (60, 0, 2),
        (67, 0, 2),
        (60, 2, 2),
        (67, 2, 4),
        (62, 4, 2),
    ]


def test_fine_inside_a_bar_ends_the_piece_there(tmp_path: Path) -> None:
    bar = xml.note("D", "2") + FINE + xml.note("E", "2")
    score = xml.read(tmp_path, xml.note("C"), bar, xml.note("F") + DA_CAPO)
    assert score.notes.onset_quarter.tolist() == [0, 4, 6, 8, 12, 16]
    assert score.bars[-1].name == "2"
    assert score.bars[-1].end_quarter == 18


@pytest.mark.parametrize(
    "bar",
    [
        FINE + xml.note("D"),
        xml.note("D", "2") + FINE + xml.note("D", "2", after="<notations><fermata/></notations>"),
        xml.note("D", "2") + FINE + xml.rest("2"),
        xml.note("D", "2") + FINE + xml.note("D", "2") + "<barline><bar-style>light-heavy</bar-style></barline>",
        xml.note("D", "2") + FINE + xml.note("D", "2") + xml.BACKWARD,
    ],
)
def test_fine_over_the_last_note_means_the_end_of_the_bar(tmp_path: Path, bar: str) -> None:
    score = xml.read(tmp_path, xml.note("C"), bar, xml.note("E") + DA_CAPO)
    assert score.bars[-1].end_quarter % 4 == 0
    assert xml.LETTERS[score.notes.pitch[-1] % 12] == "D"


def test_sign_repeats_the_bar_before(tmp_path: Path) -> None:
    bars = [xml.note("C", "1") + xml.note("D", "3"), SIGN.format("", "start", 1), "", SIGN.format("", "stop", "")]
    notes = xml.read(tmp_path, *bars[:3], bars[3] + xml.note("E")).notes
    assert notes.pitch.tolist() == [60, 62, 60, 62, 60, 62, 64]
    assert notes.onset_quarter.tolist() == [0, 1, 4, 5, 8, 9, 12]


def test_sign_repeats_two_bars(tmp_path: Path) -> None:
    bars = [xml.note("C"), xml.note("D"), SIGN.format("", "start", 2) + xml.rest("4"), xml.rest("4")]
    assert xml.letters(tmp_path, *bars, SIGN.format("", "stop", "") + xml.note("E")) == "CDCDE"


def test_notes_under_a_repeat_sign_count(tmp_path: Path) -> None:
    bars = [xml.note("C"), SIGN.format("", "start", 1) + xml.note("D"), SIGN.format("", "stop", "") + xml.note("E")]
    assert xml.letters(tmp_path, *bars) == "CDE"


def test_sign_of_one_staff_repeats_that_staff(tmp_path: Path) -> None:
    back = "<backup><duration>4</duration></backup>"
    first = xml.note("C", after="<staff>1</staff>") + back + xml.note("G", after="<staff>2</staff>")
    second = SIGN.format(' number="2"', "start", 1) + xml.note("D", after="<staff>1</staff>")
    notes = xml.read(tmp_path, first, second).notes
    assert notes.pitch.tolist() == [60, 67, 62, 67]


def test_sign_that_has_no_bar_before_is_told(tmp_path: Path) -> None:
    score = xml.read(tmp_path, SIGN.format("", "start", 1), SIGN.format("", "stop", "") + xml.note("C"))
    assert score.oddities == ("part 'P1', bar '1': a sign repeats 1 bars, and only 0 come before: it is passed over",)


def test_sign_inside_a_bar_of_one_part_divides_all(tmp_path: Path) -> None:
    upper = xml.part(xml.note("C", "2") + MIDDLE.format(BACK) + xml.note("D", "2"))
    lower = xml.part(xml.note("E"), name="P2")
    notes = read_score(xml.write(tmp_path, xml.document(upper, lower))).notes
    assert notes.pitch.tolist() == [60, 64, 60, 64, 62]
    assert notes.duration_quarter.tolist() == [2, 2, 2, 4, 2]


def test_bar_line_inside_a_bar_without_a_sign_divides_nothing(tmp_path: Path) -> None:
    dashed = MIDDLE.format("<bar-style>dashed</bar-style>")
    score = xml.read(tmp_path, xml.note("C", "1") + dashed + xml.note("D", "3"), xml.note("E"))
    assert [bar.end_quarter for bar in score.bars] == [4, 8]


def test_absurdly_many_signs_inside_a_bar_are_refused(tmp_path: Path) -> None:
    bar = (xml.note("C", "0.01") + MIDDLE.format(BACK)) * 100
    with pytest.raises(DataError, match="has 100 repeats or endings inside bar '1'"):
        xml.read(tmp_path, bar)


def test_signs_that_repeat_absurdly_many_notes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.score.bar_repeats.MAX_COPIED_NOTE_COUNT", 5)
    with pytest.raises(DataError, match="signs that repeat bars make more than 5 notes"):
        xml.read(tmp_path, xml.note("C", "1") * 3, SIGN.format("", "start", 1), "")


@pytest.mark.parametrize("count", ["0", "17", "x", "1e9"])
def test_signs_that_repeat_no_possible_number_of_bars_are_passed_over(tmp_path: Path, count: str) -> None:
    score = xml.read(
        tmp_path, xml.note("C"), SIGN.format("", "start", count), SIGN.format("", "stop", "") + xml.note("D")
    )
    assert score.notes.onset_quarter.tolist() == [0, 8]
    assert len(score.oddities) == 1
