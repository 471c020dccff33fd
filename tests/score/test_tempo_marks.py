"""Tempo marks of MusicXML."""

from pathlib import Path

import pytest

from dp.score import read_score
from tests.score import xml


def _metronome(unit: str, number: str, dots: int = 0) -> str:
    beat = f"<beat-unit>{unit}</beat-unit>{'<beat-unit-dot/>' * dots}<per-minute>{number}</per-minute>"
    return f"<direction><direction-type><metronome>{beat}</metronome></direction-type></direction>"


@pytest.mark.parametrize(
    ("mark", "qpm"),
    [
        ('<sound tempo="72.5"/>', 72.5),
        ('<direction><sound tempo="90"/></direction>', 90),
        (_metronome("quarter", "100"), 100),
        (_metronome("quarter", "60", dots=1), 90),
        (_metronome("eighth", "120", dots=2), 105),
        (_metronome("half", "c. 50"), 100),
    ],
)
def test_tempo_marks_are_in_quarters_per_minute(tmp_path: Path, mark: str, qpm: float) -> None:
    score = xml.read(tmp_path, xml.note("C", "2") + mark + xml.note("D", "2"))
    assert score.tempo_quarter.tolist() == [2]
    assert score.tempo_qpm.tolist() == [qpm]


def test_sound_wins_over_the_printed_tempo(tmp_path: Path) -> None:
    both = _metronome("quarter", "100").replace("</direction>", '<sound tempo="80"/></direction>')
    assert xml.read(tmp_path, both + xml.note("C")).tempo_qpm.tolist() == [80]


def test_of_two_parts_tempo_marks_the_one_that_is_played_wins(tmp_path: Path) -> None:
    printed = xml.part(_metronome("quarter", "100") + xml.note("C"))
    played = xml.part('<sound tempo="80"/>' + xml.note("C"), name="P2")
    assert read_score(xml.write(tmp_path, xml.document(printed, played))).tempo_qpm.tolist() == [80]
    assert read_score(xml.write(tmp_path, xml.document(played, printed))).tempo_qpm.tolist() == [80]


def test_tempo_mark_without_a_number_is_passed_over(tmp_path: Path) -> None:
    assert xml.read(tmp_path, _metronome("quarter", "") + xml.note("C")).tempo_qpm.tolist() == []


def test_tempo_marks_are_unfolded_and_a_repeat_brings_its_tempo_back(tmp_path: Path) -> None:
    slow, fast = '<sound tempo="60"/>', '<sound tempo="120"/>'
    score = xml.read(tmp_path, slow + xml.note("C"), xml.FORWARD + xml.note("D"), fast + xml.note("E") + xml.BACKWARD)
    assert score.tempo_quarter.tolist() == [0, 8, 12, 16]
    assert score.tempo_qpm.tolist() == [60, 120, 60, 120]


def test_a_repeat_in_one_tempo_adds_no_marks(tmp_path: Path) -> None:
    score = xml.read(tmp_path, '<sound tempo="60"/>' + xml.note("C"), xml.FORWARD + xml.note("D") + xml.BACKWARD)
    assert score.tempo_quarter.tolist() == [0]


def test_offset_of_a_sound_moves_it(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C", "2") + '<sound tempo="60"><offset>1</offset></sound>' + xml.note("D", "2"))
    assert score.tempo_quarter.tolist() == [3]


def test_a_sound_may_have_an_offset_of_its_own_inside_a_direction(tmp_path: Path) -> None:
    direction = xml.words("Presto", '<sound tempo="200"><offset>2</offset></sound>')
    score = xml.read(tmp_path, direction + xml.note("C", "2") + xml.note("D", "2"))
    assert score.tempo_quarter.tolist() == [2]
    assert score.tempo_qpm.tolist() == [200]


def _modulation(*units: str) -> str:
    return f"<direction><direction-type><metronome>{''.join(units)}</metronome></direction-type></direction>"


def _beat(unit: str, dots: int = 0) -> str:
    return f"<beat-unit>{unit}</beat-unit>{'<beat-unit-dot/>' * dots}"


@pytest.mark.parametrize(
    ("left", "right", "qpm"),
    [
        (_beat("quarter"), _beat("quarter", 1), 90),
        (_beat("quarter", 1), _beat("quarter"), 40),
        (_beat("eighth"), _beat("quarter"), 120),
        (_beat("half"), _beat("quarter"), 30),
    ],
)
def test_a_metric_modulation_counts_from_the_tempo_before(tmp_path: Path, left: str, right: str, qpm: float) -> None:
    score = xml.read(tmp_path, _metronome("quarter", "60") + xml.note("C"), _modulation(left, right) + xml.note("D"))
    assert score.tempo_quarter.tolist() == [0, 4]
    assert score.tempo_qpm.tolist() == [60, qpm]


def test_a_metric_modulation_may_be_written_in_notes(tmp_path: Path) -> None:
    def written(kind: str, tuplet: str = "") -> str:
        ratio = "<actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
        bracket = f'<metronome-tuplet type="{tuplet}">{ratio}</metronome-tuplet>' if tuplet else ""
        return f"<metronome-note><metronome-type>{kind}</metronome-type>{bracket}</metronome-note>"

    equals = "<metronome-relation>equals</metronome-relation>"
    first = _metronome("quarter", "60") + xml.note("C")
    faster = _modulation(written("quarter"), equals, written("half"))
    assert xml.read(tmp_path, first, faster + xml.note("D")).tempo_qpm.tolist() == [60, 120]
    swing = _modulation(written("eighth") * 2, equals, written("quarter", "start") + written("eighth", "stop"))
    assert xml.read(tmp_path, first, swing + xml.note("D")).tempo_qpm.tolist() == [60]


def test_a_metric_modulation_without_a_tempo_before_says_nothing(tmp_path: Path) -> None:
    assert xml.read(tmp_path, _modulation(_beat("quarter"), _beat("half")) + xml.note("C")).tempo_qpm.tolist() == []


def test_tempos_with_many_decimals_are_read(tmp_path: Path) -> None:
    bars = [f'<sound tempo="{text}"/>' + xml.note("C") for text in ("120.00000000000001", "33.333333333333336")]
    assert xml.read(tmp_path, *bars).tempo_qpm.tolist() == [120, 33.333333333]


@pytest.mark.parametrize("text", ["fast", "", "nan", "inf", "120,5"])
def test_a_tempo_that_is_no_number_is_passed_over_with_a_warning(tmp_path: Path, text: str) -> None:
    score = xml.read(tmp_path, xml.note("C"), f'<sound tempo="{text}"/>' + xml.note("D"))
    assert score.tempo_qpm.tolist() == []
    assert score.oddities == ("part 'P1', bar '2': a tempo that is no number is passed over",)
