"""Files that hold several movements: where each begins, and that no repeat and no jump leaves its movement."""

import re
from pathlib import Path

import pytest

from dp.errors import DataError
from dp.score import read_score
from dp.types import Score
from tests.score import xml

FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
FINE = xml.words("Fine", '<sound fine="yes"/>')
DA_CAPO = xml.words("D.C.", '<sound dacapo="yes"/>')


def write_numbered(folder: Path, *bars: tuple[str, str]) -> Path:
    """Write one part of bars with numbers, such as ("1", ...)."""
    document = xml.document(xml.part(*(content for _, content in bars)))
    numbers = iter(number for number, _ in bars)

    def rename(_: re.Match[str]) -> str:
        number = next(numbers)
        return f'<measure number="{number}"' + (' implicit="yes">' if number in ("0", "X1") else ">")

    return xml.write(folder, re.sub(r'<measure number="\d+">', rename, document))


def letters_of(score: Score) -> str:
    return "".join(xml.LETTERS[pitch % 12] for pitch in score.notes.pitch)


def test_da_capo_and_fine_stay_in_their_movement(tmp_path: Path) -> None:
    bars = [("1", xml.note("C") + FINAL), ("1", xml.note("D") + FINE), ("2", xml.note("E") + DA_CAPO + FINAL)]
    assert letters_of(read_score(write_numbered(tmp_path, *bars, ("1", xml.note("F"))))) == "CDEDF"


def test_repeat_without_a_start_goes_back_to_its_movement(tmp_path: Path) -> None:
    bars = [("1", xml.note("C")), ("2", xml.note("D") + FINAL), ("1", xml.note("E") + xml.BACKWARD)]
    assert letters_of(read_score(write_numbered(tmp_path, *bars, ("2", xml.note("F"))))) == "CDEEF"


def test_movement_may_end_with_a_repeat(tmp_path: Path) -> None:
    bars = [("1", xml.note("C")), ("2", xml.note("D") + xml.BACKWARD), ("1", xml.note("E") + DA_CAPO)]
    assert letters_of(read_score(write_numbered(tmp_path, *bars))) == "CDCDEE"


def test_segno_of_another_movement_is_not_taken(tmp_path: Path) -> None:
    segno = xml.words("", '<sound segno="s"/>')
    dal_segno = xml.words("D.S.", '<sound dalsegno="s"/>')
    bars = [("1", segno + xml.note("C") + FINAL), ("1", xml.note("D")), ("2", segno + xml.note("E") + dal_segno)]
    assert letters_of(read_score(write_numbered(tmp_path, *bars))) == "CDEE"


def test_final_bar_line_alone_begins_no_movement(tmp_path: Path) -> None:
    bars = [("1", xml.note("C") + FINE + FINAL), ("2", xml.note("D") + DA_CAPO)]
    path = write_numbered(tmp_path, *bars)
    assert letters_of(read_score(path)) == "CDC"
    with pytest.raises(DataError, match="has no movement 2: it holds 1"):
        read_score(path, movement=2)


def test_numbers_that_begin_again_without_a_final_bar_line_begin_no_movement(tmp_path: Path) -> None:
    bars = [("1", xml.note("C")), ("2", xml.note("D")), ("1", xml.note("E") + DA_CAPO)]
    assert letters_of(read_score(write_numbered(tmp_path, *bars))) == "CDECDE"


def test_repeat_does_not_go_back_over_a_final_bar_line(tmp_path: Path) -> None:
    bars = [("1", xml.note("C") + FINAL), ("2", xml.note("D")), ("3", xml.note("E") + xml.BACKWARD)]
    assert letters_of(read_score(write_numbered(tmp_path, *bars))) == "CDEDE"


def test_repeat_with_a_sign_goes_back_over_a_final_bar_line(tmp_path: Path) -> None:
    bars = [("1", xml.FORWARD + xml.note("C") + FINAL), ("2", xml.note("D") + xml.BACKWARD), ("3", xml.note("E"))]
    assert letters_of(read_score(write_numbered(tmp_path, *bars))) == "CDCDE"


@pytest.mark.parametrize("number", ["0", "X1"])
def test_movement_may_begin_with_a_pickup(tmp_path: Path, number: str) -> None:
    bars = [("1", xml.note("C")), ("2", xml.note("D", "3") + FINAL), (number, xml.note("E", "1"))]
    path = write_numbered(tmp_path, *bars, ("1", xml.note("F") + DA_CAPO))
    assert letters_of(read_score(path)) == "CDEFEF"
    assert read_score(path, movement=2).notes.measure.tolist() == [0, 1, 1, 2]


def test_short_bar_at_the_end_belongs_to_the_movement_before(tmp_path: Path) -> None:
    bars = [("1", xml.note("C", "3") + xml.BACKWARD), ("X1", xml.note("D", "1") + FINAL), ("1", xml.note("E"))]
    path = write_numbered(tmp_path, *bars, ("2", xml.note("F")))
    assert letters_of(read_score(path, movement=1)) == "CCD"
    assert letters_of(read_score(path, movement=2)) == "EF"


def test_movement_of_one_bar(tmp_path: Path) -> None:
    bars = [("1", xml.note("C") + FINAL), ("1", xml.note("D") + FINAL), ("1", xml.note("E")), ("2", xml.note("F"))]
    path = write_numbered(tmp_path, *bars)
    assert [letters_of(read_score(path, movement=movement)) for movement in (1, 2, 3)] == ["C", "D", "EF"]


def test_movement_alone_begins_at_0_and_keeps_the_tempo_in_force(tmp_path: Path) -> None:
    tempo = '<direction><sound tempo="90"/></direction>'
    bars = [("1", tempo + xml.note("C") + FINAL), ("1", xml.note("D")), ("2", xml.note("E"))]
    score = read_score(write_numbered(tmp_path, *bars), movement=2)
    assert letters_of(score) == "DE"
    assert score.notes.onset_quarter.tolist() == [0, 4]
    assert [(bar.name, bar.begin_quarter) for bar in score.bars] == [("1", 0), ("2", 4)]
    assert (score.tempo_quarter.tolist(), score.tempo_qpm.tolist()) == ([0], [90])


def test_tempo_i_is_that_of_its_movement(tmp_path: Path) -> None:
    tempo = '<direction><sound tempo="{}"/></direction>'
    bars = [("1", tempo.format(90) + xml.note("C") + FINAL), ("1", tempo.format(60) + xml.note("D"))]
    bars += [("2", tempo.format(120) + xml.note("E")), ("3", xml.words("Tempo I") + xml.note("F"))]
    assert read_score(write_numbered(tmp_path, *bars)).tempo_qpm.tolist() == [90, 60, 120, 60]


@pytest.mark.parametrize("movement", [0, 3, -1])
def test_movement_that_is_not_there_is_refused(tmp_path: Path, movement: int) -> None:
    path = write_numbered(tmp_path, ("1", xml.note("C") + FINAL), ("1", xml.note("D")), ("2", xml.note("E")))
    with pytest.raises(DataError) as caught:
        read_score(path, movement=movement)
    assert str(caught.value) == f"{path}: has no movement {movement}: it holds 2; ask for 1 to 2, or for all"


def test_works_of_the_dataset_play_what_the_files_of_their_movements_play(shared_data: Path) -> None:
    folder = shared_data / "bach-violin" / "scores"
    counts = []
    for work in ("bwv1001", "bwv1002", "bwv1003", "bwv1004", "bwv1005", "bwv1006"):
        whole = read_score(folder / work / f"{work}.mxl")
        paths = sorted(path for path in (folder / work).glob(f"{work}_mov*.mxl") if path.stem.count("_") == 1)
        movements = [read_score(path) for path in paths]
        assert whole.notes.pitch.tolist() == [pitch for score in movements for pitch in score.notes.pitch.tolist()]
        assert whole.bars[-1].end_quarter == sum(score.bars[-1].end_quarter for score in movements)
        for number, score in enumerate(movements, start=1):
            alone = read_score(folder / work / f"{work}.mxl", movement=number)
            assert alone.notes.onset_quarter.tolist() == score.notes.onset_quarter.tolist()
        counts.append(len(movements))
    assert counts == [4, 8, 4, 5, 4, 7]


def _anew(heading: str, attributes: str = "") -> str:
    """The beginning of a bar with a time signature and a tempo heading."""
    time = f"<attributes>{attributes}<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    return time + xml.words(heading)


def test_movement_begins_with_time_and_tempo_behind_a_final_bar_line_though_numbers_run_on(tmp_path: Path) -> None:
    bars = [("1", xml.note("C")), ("2", xml.note("D") + FINAL), ("3", _anew("Adagio") + xml.note("E") + DA_CAPO)]
    path = write_numbered(tmp_path, *bars)
    score = read_score(path)
    assert letters_of(score) == "CDEE"
    text = "bar 3 is taken to begin a movement: a final bar line, a time signature and a tempo heading"
    assert score.oddities == (text,)
    assert letters_of(read_score(path, movement=2)) == "EE"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FINAL, _anew("Trio. Andante")),
        (FINE + FINAL, _anew("Andante")),  # the middle of A B A
        (FINAL, xml.words("Andante")),
        (FINAL, _anew("dolce")),
        ("", _anew("Andante")),
    ],
)
def test_other_signs_begin_no_movement_where_numbers_run_on(tmp_path: Path, before: str, after: str) -> None:
    bars = [("1", xml.note("C") + before), ("2", after + xml.note("D"))]
    with pytest.raises(DataError, match="has no movement 2: it holds 1"):
        read_score(write_numbered(tmp_path, *bars), movement=2)


def test_da_capo_goes_back_to_where_key_time_and_tempo_begin_anew_before_the_fine(tmp_path: Path) -> None:
    scherzo = _anew("Allegro", "<key><fifths>3</fifths></key>")
    bars = [("1", xml.note("C")), ("2", xml.FORWARD + scherzo + xml.note("D") + xml.BACKWARD)]
    rest = [("3", xml.note("E") + FINE), ("4", xml.note("F")), ("5", xml.note("G") + DA_CAPO)]
    score = read_score(write_numbered(tmp_path, *bars, *rest))
    assert letters_of(score) == "CDDEFGDE"
    assert score.oddities == ("part 'P1', bar '5': goes back to bar 2, where key, time and tempo begin anew",)
    plain = [bars[0], ("2", xml.FORWARD + xml.words("Allegro") + xml.note("D") + xml.BACKWARD)]
    assert letters_of(read_score(write_numbered(tmp_path, *plain, *rest))) == "CDDEFGCDE"
