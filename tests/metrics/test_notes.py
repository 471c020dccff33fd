import numpy as np
import pytest

from dp.metrics import NoteMetrics, measure_notes
from dp.types import PerformedNotes


def notes(*rows):
    """Rows of pitch and onset; each lasts 0.2 s."""
    pitch = np.array([pitch for pitch, _ in rows], dtype=np.int64)
    onset_sec = np.array([onset for _, onset in rows], dtype=np.float64)
    return PerformedNotes(pitch, 0 * pitch, onset_sec, onset_sec + 0.2, np.ones(len(rows)))


def test_precision_recall_and_f1() -> None:
    asked = notes((60, 0.0), (62, 0.5), (64, 1.0), (65, 1.5))
    found = notes((60, 0.03), (62, 0.58), (71, 1.0))
    narrow, wide = measure_notes(found, asked, 0.05), measure_notes(found, asked, 0.1)
    assert narrow == NoteMetrics(pytest.approx(1 / 3), 0.25, pytest.approx(2 / 7))
    assert wide == NoteMetrics(pytest.approx(2 / 3), 0.5, pytest.approx(4 / 7))


def test_the_tolerance_is_inclusive() -> None:
    assert measure_notes(notes((60, 0.05)), notes((60, 0.0)), 0.05).f1 == 1.0


def test_each_note_pairs_once_and_as_many_pair_as_can() -> None:
    # Greedily, the note found at 0.10 would take the one asked for at 0.11, and that at 0.15 would find none.
    assert measure_notes(notes((60, 0.10), (60, 0.15)), notes((60, 0.06), (60, 0.11)), 0.05).f1 == 1.0
    assert measure_notes(notes((60, 0.0), (60, 0.01)), notes((60, 0.0)), 0.05) == NoteMetrics(
        0.5, 1.0, pytest.approx(2 / 3)
    )


@pytest.mark.parametrize(("found", "asked"), [((), ((60, 0.0),)), (((60, 0.0),), ()), ((), ())])
def test_without_notes_nothing_is_right(found, asked) -> None:
    assert measure_notes(notes(*found), notes(*asked), 0.05) == NoteMetrics(0.0, 0.0, 0.0)
