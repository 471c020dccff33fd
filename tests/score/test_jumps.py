"""Jumps as printed music has them: in words, with a sign missing, with music behind them."""

from pathlib import Path

import pytest

from tests.score import xml

FINE = xml.words("Fine")
REPEATED = '<barline location="right"><bar-style>light-heavy</bar-style><repeat direction="backward"/></barline>'
DOUBLE = '<barline location="right"><bar-style>light-light</bar-style></barline>'
FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'


@pytest.mark.parametrize(
    "words",
    [
        "D.C.",
        "D. C. al Fine",
        "DC",
        "Da Capo",
        "Menuetto da capo",
        "Scherzo D.C.",
        "Menuetto D.C. al Fine",
        "D.C. senza replica",
        "Men. D.C.",
        "M.D.C.",
        "(Minuetto da capo senza repliche)",
    ],
)
def test_words_that_mean_da_capo(tmp_path: Path, words: str) -> None:
    assert xml.letters(tmp_path, xml.note("C"), xml.note("D") + FINE, xml.note("E") + xml.words(words)) == "CDECD"


@pytest.mark.parametrize("words", ["gli DC", "dolce", "Dc. Smith", "decresc.", "la D", "sd.c.", "da capotasto", ""])
def test_words_that_mean_no_da_capo(tmp_path: Path, words: str) -> None:
    assert xml.letters(tmp_path, xml.note("C"), xml.note("D") + xml.words(words)) == "CD"


def test_dal_segno_without_a_segno_is_passed_over(tmp_path: Path) -> None:
    bar = xml.note("D") + xml.words("D.S.", '<sound dalsegno="s"/>')
    score = xml.read(tmp_path, xml.note("C"), bar, xml.note("E"))
    assert score.notes.pitch.tolist() == [60, 62, 64]
    assert score.oddities == ("part 'P1', bar '2': jumps to a segno that is not there: passed over",)


def test_to_coda_without_a_coda_is_passed_over(tmp_path: Path) -> None:
    da_capo = xml.words("D.C. al Coda", '<sound dacapo="yes"/>')
    score = xml.read(tmp_path, xml.note("C") + xml.words("To Coda", '<sound tocoda="c"/>'), xml.note("D") + da_capo)
    assert score.notes.pitch.tolist() == [60, 62, 60, 62]
    assert score.oddities == ("part 'P1', bar '1': jumps to a coda that is not there: passed over",)


def test_da_capo_al_fine_without_a_fine_is_played_to_the_end(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C"), xml.note("D") + xml.words("D.C. al Fine"))
    assert score.notes.pitch.tolist() == [60, 62, 60, 62]
    assert score.oddities == ("part 'P1', bar '2': nothing says Fine: played to the end",)


def test_da_capo_without_a_fine_ends_at_a_final_bar_line(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C") + FINAL, xml.note("D") + xml.words("D.C."))
    assert score.notes.pitch.tolist() == [60, 62, 60]
    assert score.oddities == ("part 'P1', bar '2': nothing says Fine: taken to end with bar 1",)


def test_da_capo_without_a_fine_ends_before_the_trio(tmp_path: Path) -> None:
    bars = [xml.note("C") + REPEATED, xml.note("D") + REPEATED, xml.words("Trio") + xml.note("E") + REPEATED]
    assert xml.letters(tmp_path, *bars, xml.note("F") + xml.words("Menuetto D.C.")) == "CCDDEEFCD"


def test_da_capo_of_a_piece_ends_before_a_new_key(tmp_path: Path) -> None:
    key = "<attributes><key><fifths>1</fifths></key></attributes>"
    bars = [xml.note("C") + REPEATED, key + xml.note("D") + xml.words("Menuetto da capo")]
    assert xml.letters(tmp_path, *bars) == "CCDC"
    bars[1] = bars[1].replace("Menuetto da capo", "Da capo")
    assert xml.letters(tmp_path, *bars) == "CCDCD"


def test_da_capo_of_a_piece_goes_back_to_its_heading(tmp_path: Path) -> None:
    bars = [xml.note("C"), xml.words("Menuetto") + xml.note("D") + FINE, xml.note("E") + xml.words("Menuetto D.C.")]
    assert xml.letters(tmp_path, *bars) == "CDED"


def test_da_capo_of_a_piece_without_a_heading_goes_back_to_its_time_signature(tmp_path: Path) -> None:
    time = "<attributes><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
    bars = [xml.note("C"), time + xml.note("D", "2") + FINE, xml.note("E", "2") + xml.words("Scherzo D.C.")]
    assert xml.letters(tmp_path, *bars) == "CDED"


def test_what_stands_behind_a_da_capo_is_played_after_the_fine(tmp_path: Path) -> None:
    da_capo = xml.words("D.C.", '<sound dacapo="yes"/>')
    bars = [xml.note("C") + FINE, xml.note("D") + da_capo, xml.note("E") + da_capo]
    assert xml.letters(tmp_path, *bars) == "CDCEC"


def test_words_stand_a_little_before_the_end_of_their_section(tmp_path: Path) -> None:
    bars = [xml.note("C") + FINE, xml.FORWARD + xml.note("D") + xml.words("D.C."), xml.note("E") + REPEATED]
    assert xml.letters(tmp_path, *bars) == "CDEDEC"


def test_words_at_the_beginning_of_the_bar_behind_their_section(tmp_path: Path) -> None:
    bars = [xml.note("C") + FINE, xml.note("D") + DOUBLE, xml.words("D.C.") + xml.note("E")]
    assert xml.letters(tmp_path, *bars) == "CDCE"


def test_sound_counts_where_it_stands(tmp_path: Path) -> None:
    da_capo = xml.words("D.C.", '<sound dacapo="yes"/>')
    bars = [xml.note("C") + FINE, xml.note("D") + da_capo, xml.note("E") + DOUBLE]
    assert xml.letters(tmp_path, *bars) == "CDCE"


def test_of_absurdly_many_jumps_the_first_are_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.score.jumps.MAX_JUMP_COUNT", 1)
    da_capo = '<direction><sound dacapo="yes"/></direction>'
    score = xml.read(tmp_path, xml.note("C") + da_capo, xml.note("D") + da_capo)
    assert score.notes.pitch.tolist() == [60, 60, 62]
    assert score.oddities == ("2 marks D.C., D.S. or To Coda: those after the first 1 passed over",)


def test_the_first_of_two_coda_signs_leads_to_the_second(tmp_path: Path) -> None:
    coda = "<direction><direction-type><coda/></direction-type></direction>"
    bars = (xml.note("C") + coda, xml.note("D") + xml.words("D.C. al Coda"), coda + xml.note("E"))
    assert xml.letters(tmp_path, *bars) == "CDCE"
    assert xml.letters(tmp_path, bars[0], xml.note("D") + xml.words("D.C."), bars[2]) == "CDCDE"
