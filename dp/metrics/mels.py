"""Metrics of log-mels: their error, and how smooth they are."""

import numpy as np
import numpy.typing as npt


def compute_mean_squared_error(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Compute the mean squared difference of two arrays of one shape."""
    return float(np.mean(_subtract(predicted, true) ** 2))


def compute_gain_free_squared_error(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Compute the mean squared difference of two log-mels, the best constant offset between them removed.

    An offset of a log-mel is a gain of the waveform, so this compares systems trained at different levels.
    """
    return float(np.var(_subtract(predicted, true)))


def compute_difference_variance_ratio(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Compute the variance of the frame-to-frame differences of a [T, M] log-mel, relative to the true one's.

    NaN where the true one never changes.
    """
    moves = [np.var(np.diff(np.asarray(mel, dtype=np.float64), axis=0)) for mel in (predicted, true)]
    return float(moves[0] / moves[1]) if moves[1] > 0 else float("nan")


def _subtract(predicted: npt.ArrayLike, true: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(predicted, dtype=np.float64) - np.asarray(true, dtype=np.float64)
