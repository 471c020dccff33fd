import numpy as np
import pytest

from dp.metrics import Estimate, bootstrap, bootstrap_median, bootstrap_pairs, bootstrap_ratio, merge


def test_bootstrap_of_one_value_is_that_value() -> None:
    assert bootstrap([3.0]) == Estimate(3.0, 3.0, 3.0, 1)


def test_bootstrap_interval_covers_about_two_standard_errors() -> None:
    values = np.random.default_rng(1).normal(size=400)
    found = bootstrap(values)
    assert found.n == 400
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 / 20, rel=0.15)
    assert bootstrap(values) == found


def test_bootstrap_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        bootstrap([])


def test_paired_bootstrap_sees_a_difference_that_the_clips_hide() -> None:
    rng = np.random.default_rng(1)
    clips = rng.normal(scale=10.0, size=50)
    better, worse = clips - 0.5, clips + 0.1 * rng.normal(size=50)
    assert bootstrap(better).high > bootstrap(worse).low  # each alone says nothing
    found = bootstrap_pairs(better, worse)
    assert found.mean == pytest.approx(-0.5, abs=0.05)
    assert -0.6 < found.low < found.high < -0.4
    assert bootstrap_pairs([3.0, 5.0], [1.0, 3.0]) == Estimate(2.0, 2.0, 2.0, 2)


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="2 values against 1 are no pairs"):
        bootstrap_pairs([1.0, 2.0], [1.0])


def test_merge_keeps_all_systems() -> None:
    one = {"violin": {"clip": {"a": {"m": {"mean": 1.0}}}}}
    two = {"violin": {"clip": {"b": {"m": {"mean": 2.0}}}, "recording": {"a": {"m": {"mean": 3.0}}}}}
    assert merge([one, two]) == {
        "violin": {
            "clip": {"a": {"m": {"mean": 1.0}}, "b": {"m": {"mean": 2.0}}},
            "recording": {"a": {"m": {"mean": 3.0}}},
        }
    }


def test_a_ratio_is_that_of_the_means_and_drawn_clip_by_clip() -> None:
    reference = np.array([1.0, 2.0, 10.0, 3.0])
    found = bootstrap_ratio(0.5 * reference, reference)
    assert [found.mean, found.low, found.high] == pytest.approx([0.5, 0.5, 0.5])
    assert found.n == 4
    assert bootstrap_ratio([1.0, 3.0], [4.0, 1.0]).mean == 0.8  # not the mean of a quarter and 3
    with pytest.raises(ValueError, match="2 values against 1"):
        bootstrap_ratio([1.0, 2.0], [1.0])


def test_a_median_with_its_interval() -> None:
    found = bootstrap_median([1.0, 2.0, 3.0, 4.0, 500.0])
    assert (found.mean, found.n) == (3.0, 5)
    assert 1.0 <= found.low < 3.0 < found.high <= 500.0
    with pytest.raises(ValueError, match="no values"):
        bootstrap_median([])
