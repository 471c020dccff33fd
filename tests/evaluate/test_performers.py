import numpy as np
import pytest

from dp.data.clips import make_constant_tempo_map
from dp.data.score_context import build_score_context
from dp.evaluate.performers import compare_performers, compute_articulation_curve, compute_tempo_curve
from tests.train import tiny

PERFORMER = np.array([0, 0, 1, 1, 2, 2, 0, 1])


def test_performers_that_are_like_themselves_are_told_apart() -> None:
    correlation = np.full((8, 3), 0.2)
    correlation[np.arange(8), PERFORMER] += 0.1
    found = compare_performers(correlation, PERFORMER)
    assert (found.own.mean, found.others.mean) == pytest.approx((0.3, 0.2))
    assert found.p_value < 0.01


def test_easy_recordings_and_a_performer_that_suits_all_do_not_count() -> None:
    correlation = 0.5 * np.linspace(0, 1, 8)[:, None] + np.array([0.3, 0.0, 0.0])
    found = compare_performers(correlation, PERFORMER)
    assert found.advantage == pytest.approx(0.0, abs=1e-12)
    assert found.p_value == 1.0
    assert found.own.mean > found.others.mean  # which is why this alone says nothing


def test_what_suits_all_recordings_of_a_fold_does_not_count() -> None:
    performer, fold = np.array([0, 0, 0, 1, 1, 1, 1, 0]), np.repeat([0, 1], 4)
    suits = np.where(fold == 0, 1.0, -1.0)[:, None] * np.array([0.2, -0.2])  # each fold's model one other performer
    found = compare_performers(suits, performer, fold)
    assert found.advantage == pytest.approx(0.0, abs=1e-12)
    assert compare_performers(suits, performer).advantage == pytest.approx(0.1)
    alike = suits + np.eye(2)[performer]
    assert compare_performers(alike, performer, fold).advantage == pytest.approx(0.375)


def test_curves_are_means_over_two_seconds_of_the_score() -> None:
    context = build_score_context(tiny.scale(8), make_constant_tempo_map(0.0, 0.0, 120.0))  # notes half a second apart
    stretch = np.log([2.0, 2.0, 2.0, 2.0, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(compute_tempo_curve(context, stretch), np.log([0.5, 2.0]))
    assert compute_articulation_curve(context, np.array([0.0, 1, 2, 3, -1, -1, -2, -2])).tolist() == [1.5, -1.5]
