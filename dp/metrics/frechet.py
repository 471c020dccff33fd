"""Fréchet distance: how far apart two clouds of vectors are, such as embeddings of sounds."""

import numpy as np
import numpy.typing as npt

from dp.units import FloatArray


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
    return apart + float(np.trace(covariances[0]) + np.trace(covariances[1])) - 2.0 * shared


def _take_root(covariance: FloatArray) -> FloatArray:
    """Return the symmetric square root of a covariance [D, D]."""
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root
