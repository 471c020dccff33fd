import math

import numpy as np
import pytest

from dp.metrics import compute_difference_variance_ratio, compute_gain_free_squared_error, compute_mean_squared_error


def test_mean_squared_error() -> None:
    assert compute_mean_squared_error([[1.0, 2.0]], [[3.0, 2.0]]) == 2.0


def test_gain_free_error_does_not_see_a_gain() -> None:
    true = np.array([[1.0, 2.0], [4.0, 8.0]])
    assert compute_gain_free_squared_error(true - 3.0, true) == 0.0
    assert compute_mean_squared_error(true - 3.0, true) == 9.0
    # Errors of 1 and 3 are 1 away from their mean, 2.
    assert compute_gain_free_squared_error([2.0, 5.0], [1.0, 2.0]) == pytest.approx(1.0)


def test_difference_variance_ratio() -> None:
    true = np.array([[0.0], [1.0], [0.0], [1.0]])
    assert compute_difference_variance_ratio(true / 2, true) == 0.25
    assert compute_difference_variance_ratio(true + 7, true) == 1.0
    assert math.isnan(compute_difference_variance_ratio(true, 0 * true))
