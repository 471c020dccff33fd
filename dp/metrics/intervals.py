"""Means over clips with bootstrap confidence intervals, and the type of all results."""

from collections.abc import Sequence
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
    known = np.asarray(values, dtype=np.float64)
    if known.size == 0:
        raise ValueError("no values to take the mean of")
    drawn = np.random.default_rng(seed).integers(len(known), size=(RESAMPLE_COUNT, len(known)))
    low, high = np.quantile(known[drawn].mean(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(known.mean()), float(low), float(high), len(known))


def bootstrap_pairs(values: npt.ArrayLike, reference: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Return the mean of `values` less `reference`, which belong to the same clips in the same order.

    Clips differ far more than systems do, so that two systems whose own intervals overlap may still differ clearly.

    Raises:
        ValueError: there are no values, or not as many of one as of the other.
    """
    left, right = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if left.shape != right.shape:
        raise ValueError(f"{left.size} values against {right.size} are no pairs")
    return bootstrap(left - right, seed)


def bootstrap_ratio(values: npt.ArrayLike, reference: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Return the mean of `values` as a share of that of `reference`, which belong to the same clips in the same order.

    Raises:
        ValueError: there are no values, or not as many of one as of the other.
    """
    left, right = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if left.shape != right.shape or left.size == 0:
        raise ValueError(f"{left.size} values against {right.size} have no ratio")
    drawn = np.random.default_rng(seed).integers(len(left), size=(RESAMPLE_COUNT, len(left)))
    ratios = left[drawn].mean(axis=1) / right[drawn].mean(axis=1)
    low, high = np.quantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(left.mean() / right.mean()), float(low), float(high), len(left))


def bootstrap_median(values: npt.ArrayLike, seed: int = 0) -> Estimate:
    """Return the median of values, in place of their mean, with its percentile bootstrap interval at CONFIDENCE.

    Raises:
        ValueError: there are no values.
    """
    known = np.asarray(values, dtype=np.float64)
    if known.size == 0:
        raise ValueError("no values to take the median of")
    drawn = np.random.default_rng(seed).integers(len(known), size=(RESAMPLE_COUNT, len(known)))
    low, high = np.quantile(np.median(known[drawn], axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(np.median(known)), float(low), float(high), len(known))


def merge(results: Sequence[Results]) -> Results:
    """Merge the results of several evaluations."""
    merged: Results = {}
    for result in results:
        for instrument, splits in result.items():
            for split, systems in splits.items():
                merged.setdefault(instrument, {}).setdefault(split, {}).update(systems)
    return merged
