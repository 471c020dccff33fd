import numpy as np
import pytest

from dp.metrics.frechet import bootstrap_frechet, compute_frechet_distance

CLOUD = np.random.default_rng(0).normal(size=(4000, 3)) * np.array([1.0, 2.0, 0.5])


def test_a_cloud_is_at_no_distance_from_itself() -> None:
    assert compute_frechet_distance(CLOUD, CLOUD[::-1]) == pytest.approx(0.0, abs=1e-9)


def test_a_shift_counts_its_square_and_a_stretch_the_square_of_what_deviations_differ_by() -> None:
    assert compute_frechet_distance(CLOUD + np.array([3.0, 0.0, 4.0]), CLOUD) == pytest.approx(25.0)
    # Deviations 1, 2 and 0.5 against their doubles: 1 + 4 + 0.25.
    assert compute_frechet_distance(2 * (CLOUD - CLOUD.mean(axis=0)), CLOUD - CLOUD.mean(axis=0)) == pytest.approx(
        5.25, rel=0.1
    )


def test_a_turned_cloud_differs_though_its_mean_and_deviations_do_not() -> None:
    turn = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    centered = CLOUD - CLOUD.mean(axis=0)
    assert compute_frechet_distance(centered @ turn, centered) == pytest.approx(2.0, rel=0.15)


def test_clouds_along_crossing_lines_share_nothing() -> None:
    along = CLOUD[:, :1] / CLOUD[:, 0].std(ddof=1)
    one, other = np.hstack([along, along]), np.hstack([along, -along])
    apart = float(np.square(one.mean(axis=0) - other.mean(axis=0)).sum())
    # Two variances of 1 each, and nothing in common.
    assert compute_frechet_distance(one, other) == pytest.approx(4.0 + apart)


def test_the_order_does_not_matter() -> None:
    other = CLOUD[:500] * 1.5 + 0.3
    assert compute_frechet_distance(CLOUD, other) == pytest.approx(compute_frechet_distance(other, CLOUD))


def test_clips_are_drawn_together_and_the_interval_holds_the_distance() -> None:
    clips = [CLOUD[first : first + 5] for first in range(0, 200, 5)]
    found = bootstrap_frechet([clip + np.array([1.0, 0.0, 0.0]) for clip in clips], clips)
    # The same shift in whatever clips are drawn.
    assert (found.mean, found.low, found.high, found.n) == (*[pytest.approx(1.0)] * 3, 40)
    scattered = bootstrap_frechet([clip * (1.0 + 0.1 * (i % 3)) for i, clip in enumerate(clips)], clips)
    assert scattered.low < scattered.mean < scattered.high
    with pytest.raises(ValueError, match="5 vectors against 0"):
        bootstrap_frechet([CLOUD[:5]], [])
