"""Ritardandi, accelerandi and fermatas of MusicXML."""

from pathlib import Path

import pytest

from dp.types import Fermata, TempoChange
from tests.score import xml


@pytest.mark.parametrize(
    ("words", "factor"),
    [
        ("rit.", 0.75),
        ("poco rall.", 0.75),
        ("Ritenuto", 0.75),
        ("morendo", 0.5),
        ("accel.", 1.33),
        ("string.", 1.5),
        ("stringendo", 1.5),
    ],
)
def test_words_change_the_tempo_until_a_tempo(tmp_path: Path, words: str, factor: float) -> None:
    bars = [xml.note("C", "2") + xml.words(words) + xml.note("D", "2"), xml.words("a tempo") + xml.note("E")]
    assert xml.read(tmp_path, *bars).tempo_changes == (TempoChange(2, 4, 1, factor),)


@pytest.mark.parametrize("words", ["ritornello", "spirito", "Allegro", "string quartet plays"])
def test_other_words_do_not(tmp_path: Path, words: str) -> None:
    assert xml.read(tmp_path, xml.words(words) + xml.note("C"), xml.note("D")).tempo_changes == ()


@pytest.mark.parametrize("words", ["senza rit.", "non rit.", "Senza rallentando", "ohne rit.", "senza cresc. e rit."])
def test_words_that_deny_a_change_are_none(tmp_path: Path, words: str) -> None:
    assert xml.read(tmp_path, xml.words(words) + xml.note("C"), xml.note("D")).tempo_changes == ()


@pytest.mark.parametrize("words", ["rit. ma non troppo", "non dim., rit.", "non troppo rit."])
def test_words_that_deny_something_else_leave_a_change(tmp_path: Path, words: str) -> None:
    score = xml.read(tmp_path, xml.words(words) + xml.note("C"), xml.note("D"))
    assert score.tempo_changes == (TempoChange(0, 8, 1, 0.75),)


def test_a_change_ends_at_a_tempo_mark_a_section_or_after_two_bars(tmp_path: Path) -> None:
    rit, bars = xml.words("rit."), [xml.note("C")] * 3
    assert (
        xml.read(tmp_path, rit + xml.note("C"), '<sound tempo="60"/>' + xml.note("C")).tempo_changes[0].end_quarter == 4
    )
    double = '<barline location="right"><bar-style>light-light</bar-style></barline>'
    assert xml.read(tmp_path, rit + xml.note("C") + double, *bars).tempo_changes[0].end_quarter == 4
    assert xml.read(tmp_path, rit + xml.note("C"), *bars).tempo_changes[0].end_quarter == 8
    assert xml.read(tmp_path, *bars, rit + xml.note("C")).tempo_changes == (TempoChange(12, 16, 1, 0.75),)


def test_dashes_say_how_far_a_change_goes(tmp_path: Path) -> None:
    bars = [xml.note("C")] * 3
    score = xml.read(
        tmp_path, xml.dashes("rit.", "start") + xml.note("C"), *bars, xml.dashes("", "stop") + xml.note("C")
    )
    assert score.tempo_changes == (TempoChange(0, 16, 1, 0.75),)


def test_a_change_goes_on_where_the_one_before_ended(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.words("rit.") + xml.note("C"), xml.words("molto rit.") + xml.note("D"))
    assert score.tempo_changes == (TempoChange(0, 4, 1, 0.75), TempoChange(4, 8, 0.75, 0.5625))


def test_a_tempo_mark_beside_the_word_counts_alone(tmp_path: Path) -> None:
    slower = xml.words("rit.", '<sound tempo="50"/>')
    assert xml.read(tmp_path, '<sound tempo="100"/>' + xml.note("C"), slower + xml.note("D")).tempo_changes == ()


def test_changes_and_fermatas_are_unfolded(tmp_path: Path) -> None:
    hold = xml.note("D", "2", after="<notations><fermata/></notations>")
    score = xml.read(
        tmp_path, xml.FORWARD + xml.words("rit.") + xml.note("C", "2") + hold + xml.BACKWARD, xml.note("E")
    )
    assert [c.begin_quarter for c in score.tempo_changes] == [0, 4]
    assert [c.end_quarter for c in score.tempo_changes] == [4, 8]
    assert score.fermatas == (Fermata(2, 4, 2), Fermata(6, 8, 2))


@pytest.mark.parametrize(("shape", "factor"), [("", 2.0), ("normal", 2.0), ("angled", 1.5), ("square", 2.5)])
def test_fermatas_by_shape(tmp_path: Path, shape: str, factor: float) -> None:
    hold = f"<notations><fermata>{shape}</fermata></notations>"
    assert xml.read(tmp_path, xml.note("C", after=hold)).fermatas == (Fermata(0, 4, factor),)


def test_fermatas_over_rests_and_bar_lines(tmp_path: Path) -> None:
    rest = "<note><rest/><duration>1</duration><notations><fermata/></notations></note>"
    line = '<barline location="right"><fermata/></barline>'
    score = xml.read(tmp_path, xml.note("C", "3") + rest, xml.note("D") + line)
    assert score.fermatas == (Fermata(3, 4, 2), Fermata(4, 8, 2))
