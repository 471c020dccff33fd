"""Events by Viterbi, and events that are looked for again."""

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.events import best_events, event_evidence, expected_frames, gap_cost, log_density
from dp.align.onset_net import packaged_net
from dp.align.plan import plan_score
from dp.align.refine import Listener, refine_onsets
from dp.align.spectrum import at_level


def test_densities_leave_room_for_not_here() -> None:
    density = log_density(np.array([[0.0, 0.0, 0.0], [-20.0, -20.0, -20.0], [30.0, 0.0, 0.0]], np.float32))
    np.testing.assert_allclose(np.exp(density).sum(axis=1), [0.75, 0.0, 1.0], atol=1e-6)


def test_the_notes_of_an_event_count_together() -> None:
    density = np.full((3, 21), -8.0, np.float32)
    density[0, 5] = density[1, 6] = density[2, 15] = 0.0
    evidence = event_evidence(density, np.array([0, 0, 1]), np.array([2, 1]))
    assert evidence.shape == (2, 21)
    assert evidence[0].argmax() in (5, 6)
    assert evidence[1].argmax() == 15


def test_gaps_follow_the_tempo_but_a_pause_has_its_price() -> None:
    cost = gap_cost(np.array([100.0, 115.0, 500.0, 5000.0]), 100.0)
    assert cost.tolist() == pytest.approx([0.0, 1.0, 6.0, 6.0])
    evidence = np.zeros((3, 400))
    evidence[0, 10] = evidence[1, 110] = 20.0  # at 10 and 110: the third belongs to 210, unless it is heard elsewhere
    base = np.zeros(3, np.int64)
    expected = np.array([0.0, 100.0, 100.0])
    assert best_events(evidence, base, expected, 3).tolist() == [10, 110, 210]
    evidence[2, 390] = 10.0
    assert best_events(evidence, base, expected, 3).tolist() == [10, 110, 390]


def test_expected_frames_are_those_of_the_tempo() -> None:
    np.testing.assert_allclose(expected_frames(np.arange(0, 1000, 100), np.arange(10.0))[1:], 100.0)


@pytest.mark.parametrize("pause_sec", [1.2, 3.0])
def test_notes_after_a_pause_are_found_where_they_sound(play, make_notes, pause_sec: float) -> None:  # type: ignore[no-untyped-def]
    pitches = [60, 64, 67, 72, 71, 67, 65, 62, 64, 60, 57, 59]
    plan = plan_score(make_notes([(i, 1, p) for i, p in enumerate(pitches)]))
    even_sec = 0.5 + 0.4 * plan.onset_quarter
    true_sec = even_sec + np.where(plan.onset_quarter >= 9, pause_sec, 0.0)
    rows = [(t, t + 0.35, int(p)) for t, p in zip(true_sec, plan.pitch, strict=True)]
    listener = Listener(at_level(play(rows, 10.0)), ALIGN_SAMPLE_RATE_HZ, plan, 0.0, 0, packaged_net())
    found = refine_onsets(listener, even_sec)  # the coarse alignment missed the pause
    assert np.abs(found.onset_sec - true_sec).max() < 0.02
