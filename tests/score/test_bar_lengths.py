"""How long bars last: as their time signature says, unless notes sound on, and as short as they are written."""

import re
from pathlib import Path

import pytest

from dp.score import read_score
from tests.score import xml

HIDDEN = '<note print-object="no"><rest/><duration>{}</duration></note>'
WHOLE_BAR = '<note><rest measure="yes"/><duration>{}</duration></note>'
THREE_FOUR = "<time><beats>3</beats><beat-type>4</beat-type></time>"


def onsets_of(folder: Path, *bars: str) -> list[float]:
    onsets: list[float] = xml.read(folder, *bars).notes.onset_quarter.tolist()
    return onsets


@pytest.mark.parametrize("excess", [HIDDEN.format("1"), xml.rest("1"), "<forward><duration>1</duration></forward>"])
def test_rests_and_gaps_do_not_lengthen_a_bar(tmp_path: Path, excess: str) -> None:
    score = xml.read(tmp_path, xml.note("C") + excess, xml.note("D"))
    assert score.notes.onset_quarter.tolist() == [0, 4]
    assert score.oddities == ("bar 1 holds 5 quarters in 4/4: taken as 4",)


def test_notes_that_sound_on_lengthen_a_bar(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C") + xml.note("D", "2"), xml.note("E"))
    assert score.notes.onset_quarter.tolist() == [0, 4, 6]
    assert score.oddities == ()


def test_cadenza_in_cue_notes_lengthens_a_bar(tmp_path: Path) -> None:
    bar = xml.note("C", "4") + xml.note("D", "1", "<cue/>") * 5
    assert onsets_of(tmp_path, bar, xml.note("E")) == [0, 9]


def test_printed_rest_after_a_cadenza_belongs_to_it(tmp_path: Path) -> None:
    cadenza = xml.note("C", "6") + xml.rest("1")
    other = "<backup><duration>7</duration></backup>" + HIDDEN.format("9")
    assert onsets_of(tmp_path, cadenza + other, xml.note("E")) == [0, 7]


def test_longer_note_of_a_chord_does_not_lengthen_a_bar(tmp_path: Path) -> None:
    bar = xml.note("C", "4") + xml.note("E", "5", "<chord/>")
    assert onsets_of(tmp_path, bar, xml.note("D")) == [0, 0, 4]


@pytest.mark.parametrize("written", ["4", "1"])
def test_rest_for_the_whole_bar_lasts_its_bar(tmp_path: Path, written: str) -> None:
    change = f"<attributes>{THREE_FOUR}</attributes>"
    bars = [xml.note("C"), change + xml.note("D", "3"), WHOLE_BAR.format(written), xml.note("E", "3")]
    score = xml.read(tmp_path, *bars)
    assert score.notes.onset_quarter.tolist() == [0, 4, 10]
    assert score.oddities == (f"bar 3 holds {written} quarters in 3/4: taken as 3",)


@pytest.mark.parametrize("back", ["4", "3"])
def test_voice_after_a_rest_for_the_whole_bar_begins_with_the_bar(tmp_path: Path, back: str) -> None:
    change = f"<attributes>{THREE_FOUR}</attributes>"
    bar = change + WHOLE_BAR.format("4") + f"<backup><duration>{back}</duration></backup>" + xml.note("D", "3")
    assert onsets_of(tmp_path, xml.note("C"), bar, xml.note("E", "3")) == [0, 4, 7]


def test_rest_for_the_whole_bar_is_as_short_as_a_pickup(tmp_path: Path) -> None:
    upper = xml.part(xml.note("C", "1"), xml.note("D"))
    lower = xml.part(WHOLE_BAR.format("4"), xml.note("E"), name="P2")
    notes = read_score(xml.write(tmp_path, xml.document(upper, lower))).notes
    assert notes.onset_quarter.tolist() == [0, 1, 1]
    assert notes.measure.tolist() == [0, 1, 1]


def test_divided_bar_of_rests_stays_divided(tmp_path: Path) -> None:
    bars = [xml.note("C"), WHOLE_BAR.format("3") + xml.BACKWARD, WHOLE_BAR.format("1"), xml.note("D"), xml.note("E")]
    assert onsets_of(tmp_path, *bars) == [0, 7, 15, 19]


def test_short_bars_are_as_short_as_they_are_written(tmp_path: Path) -> None:
    bars = [xml.note("C", "1"), xml.note("D", "3") + xml.BACKWARD, xml.note("E", "1"), xml.note("F", "3")]
    assert onsets_of(tmp_path, *bars) == [0, 1, 4, 5, 8, 9]


@pytest.mark.parametrize("time", ["", "<time><senza-misura/></time>"])
def test_without_a_time_signature_rests_count(tmp_path: Path, time: str) -> None:
    document = xml.document(xml.part(xml.note("C") + xml.rest("2"), xml.note("D")))
    document = re.sub("<time>.*?</time>", time, document, count=1)
    score = read_score(xml.write(tmp_path, document))
    assert score.notes.onset_quarter.tolist() == [0, 6]
    assert score.oddities == ()


def test_marks_beyond_the_end_of_a_bar_stand_at_its_end(tmp_path: Path) -> None:
    tempo = '<direction><sound tempo="{}"/></direction>'
    bar = xml.note("C") + xml.rest("2") + tempo.format(60)
    score = xml.read(tmp_path, bar, xml.note("D") + tempo.format(90), xml.note("E"))
    assert score.tempo_quarter.tolist() == [4, 8]


def test_part_that_ends_its_bar_late_with_a_rest_stays_with_the_others(tmp_path: Path) -> None:
    upper = xml.part(xml.note("C"), xml.note("D"))
    lower = xml.part(xml.note("E", "2") + xml.rest("4"), xml.note("F"), name="P2")
    score = read_score(xml.write(tmp_path, xml.document(upper, lower)))
    assert score.notes.onset_quarter.tolist() == [0, 0, 4, 4]


def test_tie_over_a_bar_with_a_rest_too_long_is_joined(tmp_path: Path) -> None:
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    bar = xml.note("C", after=start) + "<backup><duration>4</duration></backup>" + HIDDEN.format("5")
    assert xml.read(tmp_path, bar, xml.note("C", after=stop)).notes.duration_quarter.tolist() == [8]
