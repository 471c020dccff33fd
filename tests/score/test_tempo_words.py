"""Tempo headings of MusicXML that state no number."""

from pathlib import Path

import pytest

from dp.score.tempo_words import FASTER_FACTOR, find_change, find_heading
from tests.score import xml


@pytest.mark.parametrize(
    ("text", "qpm"),
    [
        ("Allegro", 144),
        ("Adagio", 71),
        ("ANDANTE", 92),
        ("allegretto", 116),
        ("Presto.", 187),
        ("Grave", 35),
        ("Allegro con brio", 144),
        ("Allegro molto", 158.4),
        ("Allegro ma non troppo", 130.9),
        ("Adagio molto", 64.5),
        ("Poco adagio", 78.1),
        ("Allegro vivace", 157.4),
        ("Allegro moderato", 128.1),
        ("II. Largo e cantabile", 50),
        ("Scherzo: Allegro", 144),
        ("Adagio - Allegro", 71),
        ("Langsam", 71),
        ("Sehr langsam", 64.5),
        ("Nicht zu schnell", 130.9),
        ("Mäßig", 114),
        ("Très lent", 47.7),
        ("Vif", 172),
        ("Un peu lent", 57.8),
        ("Modéré", 114),
        ("Slow", 71),
        ("Very fast", 158.4),
    ],
)
def test_headings_have_the_tempos_of_notation_programs(text: str, qpm: float) -> None:
    heading = find_heading(text)
    assert heading is not None
    assert heading.qpm == qpm


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dolce",
        "grave",
        "vivace",
        "più lento",
        "Poco più allegro",
        "Un peu plus vite",
        "Allegro al Fine",
        "Adagio, poco rit.",
        "Langsamer werdend",
        "langsam werdend",
        "Fast zu ernst",
        "The Allegro begins here",
        "Largo is what the composer wrote in his first sketch of it",
        "String quartet",
    ],
)
def test_other_words_are_no_heading(text: str) -> None:
    assert find_heading(text) is None


def test_a_heading_is_a_tempo_mark(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.words("Allegro") + xml.note("C"), xml.words("Adagio") + xml.note("D"))
    assert score.tempo_quarter.tolist() == [0, 4]
    assert score.tempo_qpm.tolist() == [144, 71]


def test_a_number_counts_before_a_heading(tmp_path: Path) -> None:
    beside = xml.words("Allegro", '<sound tempo="90"/>')
    alone = xml.words("Allegro") + '<sound tempo="80"/>'
    printed = (
        "<direction><direction-type><words>Allegro</words></direction-type><direction-type><metronome>"
        "<beat-unit>quarter</beat-unit><per-minute>70</per-minute></metronome></direction-type></direction>"
    )
    bars = [beside + xml.note("C"), alone + xml.note("D"), printed + xml.note("E")]
    assert xml.read(tmp_path, *bars).tempo_qpm.tolist() == [90, 80, 70]


def test_a_number_in_the_words_counts(tmp_path: Path) -> None:
    bars = [xml.words("Allegro (♩ = 100)") + xml.note("C"), xml.words("♩. = c. 60") + xml.note("D")]
    assert xml.read(tmp_path, *bars).tempo_qpm.tolist() == [100, 90]


def test_a_heading_that_had_a_number_before_has_it_again(tmp_path: Path) -> None:
    first = xml.words("Allegro", '<sound tempo="90"/>')
    bars = [first + xml.note("C"), xml.words("Adagio") + xml.note("D"), xml.words("Allegro") + xml.note("E")]
    assert xml.read(tmp_path, *bars).tempo_qpm.tolist() == [90, 71, 90]


def test_a_heading_of_a_word_that_had_a_number_before_follows_it(tmp_path: Path) -> None:
    bars = [xml.words("Presto", '<sound tempo="110"/>') + xml.note("C"), xml.words("Presto non troppo") + xml.note("D")]
    assert xml.read(tmp_path, *bars).tempo_qpm.tolist() == [110, 100]


def test_a_number_soon_after_a_heading_is_the_headings(tmp_path: Path) -> None:
    late = xml.note("D", "2") + '<sound tempo="60"/>' + xml.note("E", "2")
    bars = [xml.words("Sehr langsam") + xml.note("C", "1"), late, xml.words("Sehr langsam") + xml.note("F")]
    score = xml.read(tmp_path, *bars)
    assert score.tempo_quarter.tolist() == [3, 5]
    assert score.tempo_qpm.tolist() == [60, 60]
    own = xml.words("Allegro", '<sound tempo="120"/>')
    assert xml.read(tmp_path, xml.words("Adagio") + xml.note("C"), own + xml.note("D")).tempo_qpm.tolist() == [71, 120]


def test_tempo_i_brings_the_first_tempo_back(tmp_path: Path) -> None:
    bars = [xml.words(text) + xml.note("C") for text in ("Allegro", "Adagio", "Tempo I")]
    assert xml.read(tmp_path, *bars).tempo_qpm.tolist() == [144, 71, 144]
    same = [xml.words(text) + xml.note("C") for text in ("Allegro", "rit.", "Tempo I")]
    assert xml.read(tmp_path, *same).tempo_qpm.tolist() == [144]


def test_words_below_the_staff_and_lyrics_are_no_headings(tmp_path: Path) -> None:
    below = xml.words("Allegro").replace("<direction>", '<direction placement="below">')
    sung = xml.note("C", after="<lyric><text>Allegro</text></lyric>")
    assert xml.read(tmp_path, below + sung).tempo_qpm.tolist() == []


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("Più mosso", FASTER_FACTOR),
        ("piu Allegro", FASTER_FACTOR),
        ("(meno mosso)", 1 / FASTER_FACTOR),
        ("Un poco più mosso.", FASTER_FACTOR**0.5),
        ("Etwas langsamer", FASTER_FACTOR**-0.5),
        ("Doppio movimento", 2.0),
        ("L'istesso tempo", None),
        ("più f", None),
        ("poco a poco più mosso", None),  # gradually
        ("a tempo", None),
    ],
)
def test_words_for_another_tempo_than_before(text: str, factor: float | None) -> None:
    assert find_change(text) == factor


def test_a_tempo_ends_what_is_faster_or_slower_than_before(tmp_path: Path) -> None:
    texts = ("Allegro", "Doppio movimento", "Meno mosso", "a tempo", "più mosso", "Tempo I", "a tempo")
    score = xml.read(tmp_path, *[xml.words(text) + xml.note("C") for text in texts])
    assert score.tempo_qpm.tolist() == [144, 288, 240, 144, pytest.approx(172.8), 144]
    assert score.tempo_quarter.tolist() == [0, 4, 8, 12, 16, 20]
    assert score.oddities == ()


@pytest.mark.parametrize("text", ["Più mosso", "Doppio movimento"])
def test_words_that_count_from_no_tempo_are_told(tmp_path: Path, text: str) -> None:
    score = xml.read(tmp_path, xml.note("C"), xml.words(text) + xml.note("C"))
    assert score.tempo_qpm.tolist() == []
    assert score.oddities == ("bar 2: a tempo counts from one before, and there is none: passed over",)
