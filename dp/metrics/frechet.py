"""Fréchet distance: how far apart two clouds of vectors are, such as embeddings of sounds."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dp.metrics.intervals import CONFIDENCE, Estimate
from dp.units import FloatArray

RESAMPLE_COUNT = 200


def compute_frechet_distance(left: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Compute the squared Fréchet distance of the normal distributions with the means and covariances of two clouds.

    |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) (Dowson and Landau, 1982; of audio: Kilgour et al., Interspeech 2019).
    With few vectors it is too large: compare systems on as many.

    Args:
        left: [n, D], n >= 2.
        right: [m, D], m >= 2.
    """
    one, other = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    covariances = [np.atleast_2d(np.cov(cloud, rowvar=False)) for cloud in (one, other)]
    root = _take_root(covariances[0])
    # The eigenvalues of C C' are those of C^(1/2) C' C^(1/2), which is symmetric.
    mixed = np.linalg.eigvalsh(root @ covariances[1] @ root)
    shared = float(np.sqrt(np.maximum(mixed, 0.0)).sum())
    apart = float(np.square(one.mean(axis=0) - other.mean(axis=0)).sum())
    distance = apart + float(np.trace(covariances[0]) + np.trace(covariances[1])) - 2.0 * shared
    return max(distance, 0.0)  # which rounding may miss


def bootstrap_frechet(left: Sequence[npt.ArrayLike], right: Sequence[npt.ArrayLike], seed: int = 0) -> Estimate:
    """Return the distance of two clouds whose vectors come by clips, with its bootstrap interval at CONFIDENCE.

    Clips drawn twice make a distance larger: the interval is shifted by how much larger it is on average.

    Args:
        left: [n, D] of each clip; together two vectors at least.
        right: the same of the same clips, in the same order.
        seed: of the draws.

    Raises:
        ValueError: there are no vectors, or not as many clips of one as of the other.
    """
    ours, theirs = ([np.asarray(part, dtype=np.float64) for part in side] for side in (left, right))
    if len(ours) != len(theirs) or sum(map(len, ours)) < 2 or sum(map(len, theirs)) < 2:
        raise ValueError(f"{sum(map(len, ours))} vectors against {sum(map(len, theirs))} have no distance")
    distance = compute_frechet_distance(np.concatenate(ours), np.concatenate(theirs))
    drawn = np.random.default_rng(seed).integers(len(ours), size=(RESAMPLE_COUNT, len(ours)))
    found = np.array(
        [
            compute_frechet_distance(*(np.concatenate([side[clip] for clip in draw]) for side in (ours, theirs)))
            for draw in drawn
        ]
    )
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) - found.mean() + distance
    return Estimate(distance, max(float(low), 0.0), float(high), len(ours))


def _take_root(covariance: FloatArray) -> FloatArray:
    """Return the symmetric square root of a covariance [D, D]."""
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root
