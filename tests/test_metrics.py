import numpy as np
import pytest

from dp.metrics import Estimate, bootstrap, difference_variance_ratio, mean_squared_error


def test_mean_squared_error():
    assert mean_squared_error([[1.0, 2.0]], [[3.0, 2.0]]) == 2.0


def test_difference_variance_ratio():
    true = np.array([[0.0], [1.0], [0.0], [1.0]])
    assert difference_variance_ratio(true / 2, true) == 0.25
    assert difference_variance_ratio(true + 7, true) == 1.0


def test_bootstrap_of_one_value_is_that_value():
    assert bootstrap([3.0]) == Estimate(3.0, 3.0, 3.0, 1)


def test_bootstrap_interval_covers_about_two_standard_errors():
    values = np.random.default_rng(1).normal(size=400)
    found = bootstrap(values)
    assert found.n == 400
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 / 20, rel=0.15)
    assert bootstrap(values) == found


def test_bootstrap_of_nothing():
    with pytest.raises(ValueError, match="no values"):
        bootstrap([])
