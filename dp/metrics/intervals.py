"""Means over clips with bootstrap confidence intervals, and the type of all results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLE_COUNT = 1000
CONFIDENCE = 0.95

# {instrument: {split: {system: {metric: {mean, low, high, n}}}}}: what evaluation finds and metrics/*.json hold
Results = dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]


@dataclass(frozen=True)
class Estimate:
    """A mean over clips with its bootstrap confidence interval."""

    mean: float
    low: float
    high: float
    n: int


def bootstrap(values: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Return the mean of one value per clip, with its percentile bootstrap interval at CONFIDENCE.

    Raises:
        ValueError: there are no values.
    """
    return _estimate(lambda drawn: drawn.mean(axis=-1), seed, values)


def bootstrap_pairs(values: npt.ArrayLike, reference: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Return the mean of `values` less `reference`, which belong to the same clips in the same order.

    Clips differ far more than systems do, so that two systems whose own intervals overlap may still differ clearly.

    Raises:
        ValueError: there are no values, or not as many of one as of the other.
    """
    return _estimate(lambda left, right: (left - right).mean(axis=-1), seed, values, reference)


def bootstrap_ratio(values: npt.ArrayLike, reference: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Return the mean of `values` as a share of that of `reference`, which belong to the same clips in the same order.

    Raises:
        ValueError: there are no values, or not as many of one as of the other.
    """
    return _estimate(lambda left, right: left.mean(axis=-1) / right.mean(axis=-1), seed, values, reference)


def bootstrap_median(values: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Return the median of values, in place of their mean, with its percentile bootstrap interval at CONFIDENCE.

    Raises:
        ValueError: there are no values.
    """
    return _estimate(lambda drawn: np.median(drawn, axis=-1), seed, values)


def _estimate(statistic: Callable[..., npt.NDArray[np.float64]], seed: int, *columns: npt.ArrayLike) -> Estimate:
    """Estimate a statistic of columns [n], of whose rows as many are drawn again and again.

    Args:
        statistic: of drawn columns [..., n], over their last axis.
        seed: of the draws.
        columns: one value per clip each, the same clips in each.
    """
    known = [np.asarray(column, dtype=np.float64) for column in columns]
    count = known[0].size
    if any(column.size != count for column in known):
        raise ValueError(f"{' values against '.join(str(column.size) for column in known)} are no pairs")
    if count == 0:
        raise ValueError("no values to draw from")
    drawn = np.random.default_rng(seed).integers(count, size=(RESAMPLE_COUNT, count))
    found = statistic(*(column[drawn] for column in known))
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(statistic(*known)), float(low), float(high), count)


def merge(results: Sequence[Results]) -> Results:
    """Merge the results of several evaluations."""
    merged: Results = {}
    for result in results:
        for instrument, splits in result.items():
            for split, systems in splits.items():
                merged.setdefault(instrument, {}).setdefault(split, {}).update(systems)
    return merged
