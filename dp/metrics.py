"""Figures that say how good something is, in numpy."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLE_COUNT = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over clips with its bootstrap confidence interval."""

    mean: float
    low: float
    high: float
    n: int


def mean_squared_error(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Mean squared difference of two arrays of one shape."""
    return float(np.mean((np.asarray(predicted, dtype=np.float64) - np.asarray(true, dtype=np.float64)) ** 2))


def difference_variance_ratio(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Variance of the frame-to-frame differences of a [T, M] log-mel against the true one's; below 1 is over-smooth."""
    moves = [np.var(np.diff(np.asarray(mel, dtype=np.float64), axis=0)) for mel in (predicted, true)]
    return float(moves[0] / moves[1])


def bootstrap(values: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Mean of one value per clip, with its percentile bootstrap interval at CONFIDENCE.

    Raises:
        ValueError: there are no values.
    """
    known = np.asarray(values, dtype=np.float64)
    if known.size == 0:
        raise ValueError("no values to take the mean of")
    drawn = np.random.default_rng(seed).integers(len(known), size=(RESAMPLE_COUNT, len(known)))
    low, high = np.quantile(known[drawn].mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(known.mean()), float(low), float(high), len(known))
