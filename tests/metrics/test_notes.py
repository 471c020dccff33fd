from dataclasses import astuple

import pytest

from dp.metrics import NoteMetrics, measure_notes
from tests.factories import played_notes

Rows = tuple[tuple[int, float], ...]


def test_precision_recall_and_f1() -> None:
    reference = played_notes((60, 0.0), (62, 0.5), (64, 1.0), (65, 1.5))
    estimated = played_notes((60, 0.03), (62, 0.58), (71, 1.0))
    narrow, wide = measure_notes(estimated, reference, 0.05), measure_notes(estimated, reference, 0.1)
    assert astuple(narrow) == pytest.approx((1 / 3, 0.25, 2 / 7))
    assert astuple(wide) == pytest.approx((2 / 3, 0.5, 4 / 7))


def test_the_tolerance_is_inclusive() -> None:
    assert measure_notes(played_notes((60, 0.05)), played_notes((60, 0.0)), 0.05).f1 == 1.0


def test_each_note_pairs_once_and_as_many_pair_as_can() -> None:
    # Greedily, the estimated note at 0.10 would take the reference at 0.11, and that at 0.15 would find none.
    assert measure_notes(played_notes((60, 0.10), (60, 0.15)), played_notes((60, 0.06), (60, 0.11)), 0.05).f1 == 1.0
    twice = measure_notes(played_notes((60, 0.0), (60, 0.01)), played_notes((60, 0.0)), 0.05)
    assert astuple(twice) == pytest.approx((0.5, 1.0, 2 / 3))


@pytest.mark.parametrize(("estimated", "reference"), [((), ((60, 0.0),)), (((60, 0.0),), ()), ((), ())])
def test_without_notes_nothing_is_right(estimated: Rows, reference: Rows) -> None:
    assert measure_notes(played_notes(*estimated), played_notes(*reference), 0.05) == NoteMetrics(0.0, 0.0, 0.0)
