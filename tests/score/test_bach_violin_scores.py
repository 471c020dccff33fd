"""All movements of the Bach Violin Dataset against the note lists that it publishes.

Every note agrees in every movement, apart from grace notes: the lists have none, and `GRACE_NOTES` says which scores
do. The lists are on the dataset's grid of 24 ticks, where onset and duration are each rounded from the exact quarters.
The 24 notes of the arpeggio in bar 88 of the Chaconne (BWV 1004, movement 5) are cues in the score, notes in the list.
"""

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np

from dp.score import read_score
from dp.score.files import read_mxl
from dp.score.musicxml import read_bars
from dp.score.xmltree import parse_xml
from dp.types import Mark, Score
from dp.units import quarter_to_tick

MIN_AGREEMENT = 0.995
GRACE_NOTES = {"bwv1001_mov1": 1, "bwv1006_mov4": 2, "bwv1006_mov4_00": 1, "bwv1006_mov5": 4}  # as played


@cache
def _score(path: Path) -> Score:
    """Movements share scores, so each is read once."""
    return read_score(path)


def _score_path(root: Path, row: dict[str, str]) -> Path:
    name = row["score_filename"]
    return root / "scores" / name.split("_")[0] / f"{name}.mxl"


def _rows(root: Path) -> list[dict[str, str]]:
    with (root / "info.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _published(path: Path) -> Counter[tuple[int, int, int]]:
    """Onset and duration in ticks, and pitch."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(int(row["onset"]), int(row["offset"]), int(row["pitch"])) for row in csv.DictReader(file)]
    return Counter((onset, offset - onset, pitch) for onset, offset, pitch in rows)


def _read(score: Score) -> Counter[tuple[int, int, int]]:
    notes = score.notes
    columns = np.stack([quarter_to_tick(notes.onset_quarter), quarter_to_tick(notes.duration_quarter), notes.pitch])
    return Counter(map(tuple, columns[:, ~notes.is_grace].T.tolist()))


def test_all_movements_agree_with_the_published_notes(shared_data: Path) -> None:
    root = shared_data / "bach-violin"
    rows = _rows(root)
    agreement = {}
    grace_notes = {}
    for row in rows:
        published = _published(root / "notes" / row["collection"] / f"{row['filename']}.csv")
        score = _score(_score_path(root, row))
        read = _read(score)
        agreement[row["filename"]] = (read & published).total() / max(read.total(), published.total())
        if score.notes.is_grace.any():
            grace_notes[row["score_filename"]] = int(score.notes.is_grace.sum())
    assert len(agreement) == 105
    assert grace_notes == GRACE_NOTES
    assert {name: share for name, share in agreement.items() if share < MIN_AGREEMENT} == {}
    assert min(agreement.values()) == 1.0


def test_every_score_file_of_the_dataset_is_read(shared_data: Path) -> None:
    scores = {path.stem: _score(path) for path in sorted((shared_data / "bach-violin" / "scores").glob("*/*.mxl"))}
    assert len(scores) == 56
    for score in scores.values():
        assert np.all(np.diff(score.notes.onset_quarter) >= 0)
        assert np.all(score.notes.measure >= 0)
        assert score.part_names == ("Violin",)


def test_scores_of_vienna_4x22_are_read_as_they_are_written_out(shared_data: Path) -> None:
    folder = shared_data / "vienna4x22" / "musicxml"
    assert len(_score(folder / "Chopin_op10_no3.musicxml").notes) == 486
    assert len(_score(folder / "Schubert_D783_no15.musicxml").notes) == 328


def test_marks_are_read_as_often_as_they_are_written(shared_data: Path) -> None:
    """Counts of notes with a mark, before repeats are unfolded, against a plain search of the files."""
    written: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for path in sorted((shared_data / "bach-violin" / "scores").glob("*/*.mxl")):
        data = read_mxl(path)
        marks = {"trill-mark": Mark.TRILL, "staccatissimo": Mark.STACCATISSIMO, "accent": Mark.ACCENT}
        for tag in [*marks, "grace", "fermata", "wavy-line"]:
            written[tag] += len(re.findall(rf"<{tag}[ />]".encode(), data))
        bars = read_bars(parse_xml(data, path).findall("part"), {}, path)
        notes = [note for bar in bars for part in bar.parts for note in part]
        for tag, mark in marks.items():
            read[tag] += sum(bool(note.marking.marks & mark) for note in notes)
        read["grace"] += sum(note.duration_quarter == 0 for note in notes)
        read["fermata"] += sum(len(bar.held) for bar in bars)
    lines = {"wavy-line": 8}
    assert written == {"trill-mark": 172, "staccatissimo": 2, "accent": 0, "grace": 9, "fermata": 14, **lines}
    # Each of the four wavy lines, which have two ends, goes on to one note that has no sign of its own.
    assert read == Counter({**written, "trill-mark": 172 + 4, "wavy-line": 0})


def test_dynamics_of_the_scores_reach_their_notes(shared_data: Path) -> None:
    score = _score(shared_data / "bach-violin" / "scores" / "bwv1003" / "bwv1003.mxl")
    assert set(score.notes.dynamic.tolist()) == {0.0, 49.0, 96.0}
