from functools import cache
from pathlib import Path

import numpy as np
import pytest

from dp.corpora import PublishedRecording, list_recordings, read_published_alignment
from dp.errors import DataError
from dp.score import read_score
from dp.types import Recording, ScoreNotes

# A grace note before the second of four notes; the last two stand together.
NOTES = ScoreNotes(
    onset_quarter=np.array([0.0, 0.5, 0.5, 1.0, 1.0]),
    duration_quarter=np.array([0.5, 0.0, 0.5, 1.0, 1.0]),
    pitch=np.array([60, 74, 62, 55, 64]),
    velocity=np.zeros(5, dtype=np.int64),
    voice=np.ones(5, dtype=np.int64),
    measure=np.ones(5, dtype=np.int64),
    part=np.zeros(5, dtype=np.int64),
)
ROWS = "onset,offset,pitch,velocity\n0,12,60,64\n12,24,62,64\n24,48,64,64\n24,48,55,64\n"


def published(folder: Path, alignment: str, rows: str = ROWS) -> PublishedRecording:
    (folder / "notes.csv").write_text(rows)
    (folder / "alignment.csv").write_text("start,end\n" + alignment)
    recording = Recording("r", "c", "p", "ann", "violin", folder / "r.mp3", folder / "p.mxl", 0.0, None, "unknown")
    return PublishedRecording(recording, folder / "notes.csv", folder / "alignment.csv")


def test_ends_last_until_their_step_is_over_and_grace_notes_are_left_out(tmp_path: Path) -> None:
    found = read_published_alignment(published(tmp_path, "0.032,0.48\n0.512,0.96\n0.992,1.92\n0.992,1.856\n"), NOTES)
    assert found.note_id.tolist() == [0, 2, 3, 4]
    assert found.performed.pitch.tolist() == [60, 62, 55, 64]
    assert found.performed.onset_sec.tolist() == [0.032, 0.512, 0.992, 0.992]
    np.testing.assert_allclose(found.performed.offset_sec, [0.512, 0.992, 1.888, 1.952])
    assert (found.repaired_count, found.left_out_count) == (0, 1)


def test_notes_in_one_step_of_the_grid_are_spread_over_it_and_no_note_is_without_length(tmp_path: Path) -> None:
    found = read_published_alignment(published(tmp_path, "0.032,0.48\n0.512,0.512\n0.512,0.96\n0.512,0.96\n"), NOTES)
    np.testing.assert_allclose(found.performed.onset_sec, [0.032, 0.512, 0.528, 0.528])
    assert (found.performed.offset_sec > found.performed.onset_sec).all()
    assert found.repaired_count == 3  # one without length, two moved


@pytest.mark.parametrize(
    ("alignment", "rows", "message"),
    [
        ("0,0.4\n", ROWS, "alignment.csv: has 1 rows for 4 notes"),
        ("0.5,0.6\n0.4,0.6\n0.7,0.8\n0.7,0.8\n", ROWS, "notes that sound before earlier ones"),
        ("0,0.4\n0.5,0.6\n0.7,0.8\n0.7,0.8\n", ROWS.replace("12,24,62", "12,24,63"), "has other notes than"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, alignment: str, rows: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_published_alignment(published(tmp_path, alignment, rows), NOTES)


def test_all_102_of_the_real_copy(shared_data: Path) -> None:
    corpus = list_recordings("bach-violin", shared_data / "bach-violin")
    assert len(corpus.published) == 102
    repaired = 0
    read_once = cache(read_score)
    for item in corpus.published:
        found = read_published_alignment(item, read_once(item.recording.score_path).notes)
        assert (np.diff(found.performed.onset_sec)[np.diff(found.onset_quarter) > 0] > 0).all()
        assert (found.performed.offset_sec > found.performed.onset_sec).all()
        repaired += found.repaired_count
    assert repaired == 194
