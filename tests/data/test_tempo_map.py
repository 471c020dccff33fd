from collections.abc import Sequence

import numpy as np
import pytest

from dp.data.tempo_map import build_performed_tempo_map, build_written_tempo_map
from dp.errors import DataError
from dp.types import PerformedNotes, Score, ScoreNotes
from tests.factories import notes_of


def repeated(onset_quarter: Sequence[float], duration_quarter: Sequence[float]) -> ScoreNotes:
    return notes_of([(onset, duration, 60) for onset, duration in zip(onset_quarter, duration_quarter, strict=True)])


def performed_of(onset_sec: Sequence[float], offset_sec: Sequence[float]) -> PerformedNotes:
    count = len(onset_sec)
    zeros = np.zeros(count, dtype=np.int64)
    return PerformedNotes(zeros + 60, zeros, np.array(onset_sec), np.array(offset_sec), np.ones(count))


def score_of(marks: Sequence[tuple[float, float]]) -> Score:
    """One long note under tempo marks: quarters, and quarters per minute."""
    quarters, tempos = (np.array([mark[side] for mark in marks], dtype=np.float64) for side in (0, 1))
    return Score("piece", repeated([0.0], [8.0]), quarters, tempos, ("Violin",))


def test_performed_positions_are_between_and_beyond_the_onsets() -> None:
    # Quarters 0 and 1 at 1.0 s and 2.0 s, the last one held until 2.5 s: overall 2 quarters in 1.5 s = 80 qpm.
    tempo_map = build_performed_tempo_map(repeated([0, 1], [1, 1]), performed_of([1.0, 2.0], [2.0, 2.5]), "id")
    assert tempo_map.find_quarter([1.0, 1.5, 2.25]).tolist() == [0.0, 0.5, 1.5]
    assert tempo_map.find_quarter([0.25, 3.25]).tolist() == pytest.approx([-1.0, 3.0])
    assert tempo_map.compute_mean_tempo_qpm(1.0, 2.0) == 60.0
    assert tempo_map.compute_mean_tempo_qpm(2.0, 2.5) == 120.0
    assert tempo_map.find_sec([-1.0, 0.5, 3.0]).tolist() == pytest.approx([0.25, 1.5, 3.25])


def test_a_chord_stands_at_its_mean_onset_and_grace_notes_are_left_aside() -> None:
    notes = repeated([0, 0, 1, 1], [1, 1, 0, 1])
    tempo_map = build_performed_tempo_map(notes, performed_of([0.0, 0.5, 0.8, 1.25], [1.0, 1.0, 0.9, 2.0]), "id")
    assert tempo_map.time_sec.tolist() == [0.25, 1.25, 2.0]
    assert tempo_map.position_quarter.tolist() == [0.0, 1.0, 2.0]


def test_a_note_that_comes_no_later_says_nothing_about_the_tempo() -> None:
    tempo_map = build_performed_tempo_map(
        repeated([0, 1, 2], [1, 1, 1]), performed_of([0.0, 0.0, 2.0], [1.0, 1.0, 3.0]), "id"
    )
    assert tempo_map.time_sec.tolist() == [0.0, 2.0, 3.0]


def test_notes_without_any_tempo_are_refused_by_name() -> None:
    with pytest.raises(DataError, match="rec-7: has no notes but grace notes"):
        build_performed_tempo_map(repeated([0], [0]), performed_of([0.0], [1.0]), "rec-7")
    with pytest.raises(DataError, match="rec-7: has notes that all sound at once"):
        build_performed_tempo_map(repeated([0, 1], [1, 1]), performed_of([0.5, 0.5], [0.5, 0.5]), "rec-7")


def test_written_tempo_is_that_of_the_marks() -> None:
    # 4 quarters at 120, then 60.
    tempo_map = build_written_tempo_map(score_of([(0, 120), (4, 60)]), None)
    assert tempo_map.find_sec([-1.0, 0.0, 4.0, 6.0, 10.0, 20.0]).tolist() == pytest.approx(
        [-0.5, 0.0, 2.0, 4.0, 8.0, 18.0]
    )
    assert tempo_map.compute_mean_tempo_qpm(1.0, 4.0) == pytest.approx(80.0)


def test_a_given_tempo_replaces_the_first_and_scales_the_others() -> None:
    tempo_map = build_written_tempo_map(score_of([(0, 120), (4, 60)]), 60.0)
    assert tempo_map.find_sec([4.0, 6.0]).tolist() == pytest.approx([4.0, 8.0])


def test_the_first_mark_holds_before_itself_too() -> None:
    assert build_written_tempo_map(score_of([(2, 60)]), None).find_sec([1.0, 4.0]).tolist() == pytest.approx([1.0, 4.0])


def test_without_a_mark_a_quarter_lasts_600_ms() -> None:
    assert build_written_tempo_map(score_of([]), None).find_sec([1.0]).tolist() == pytest.approx([0.6])


@pytest.mark.parametrize("tempo_qpm", [0.0, -3.0, float("nan"), float("inf")])
def test_impossible_tempo(tempo_qpm: float) -> None:
    with pytest.raises(DataError, match="quarters per minute"):
        build_written_tempo_map(score_of([(0, 120)]), tempo_qpm)
