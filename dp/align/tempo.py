"""Smooth the tempo locally: by a straight line through the events around a time, nearer ones counting more."""

import numba
import numpy as np

from dp.units import FloatArray

_GAP_SIGMA_SEC = 1.5  # standard deviation of the Gaussian window that predicts gaps; own choice
_MIN_NEIGHBORS = 4  # events to either side that count, however slow the music; own choice


def predict_gap_sec(event_sec: FloatArray, event_quarter: FloatArray) -> FloatArray:
    """Predict by the local tempo how long after the event before each one comes: [E] seconds, 0 for the first one.

    Events are [E] in seconds and in quarters, these strictly increasing.
    """
    middle = 0.5 * (event_sec[1:] + event_sec[:-1])
    around = np.arange(1, len(event_sec))
    slope, _ = _fit_local_lines(event_sec, event_quarter, middle, around, _GAP_SIGMA_SEC)
    return np.concatenate([[0.0], slope * np.diff(event_quarter)])


def smooth_event_sec(event_sec: FloatArray, event_quarter: FloatArray, sigma_sec: float) -> FloatArray:
    """Move event times [E] onto the local line over a window of `sigma_sec`: non-decreasing [E]; a lone event stays."""
    if len(event_sec) < 2:
        return event_sec
    slope, offset = _fit_local_lines(event_sec, event_quarter, event_sec, np.arange(len(event_sec)), sigma_sec)
    return np.maximum.accumulate(slope * event_quarter + offset)


def _fit_local_lines(
    event_sec: FloatArray, event_quarter: FloatArray, center_sec: FloatArray, around: np.ndarray, sigma_sec: float
) -> tuple[FloatArray, FloatArray]:
    """Fit lines to the events [E] about the times `center_sec` [P], near the events `around` [P].

    Returns:
        Slopes [P] in seconds per quarter, offsets [P] in seconds.
    """
    low = np.minimum(np.searchsorted(event_sec, center_sec - 2.5 * sigma_sec), np.maximum(around - _MIN_NEIGHBORS, 0))
    high = np.maximum(
        np.searchsorted(event_sec, center_sec + 2.5 * sigma_sec), np.minimum(around + _MIN_NEIGHBORS, len(event_sec))
    )
    slope, offset = _fit_lines(event_sec, event_quarter, center_sec, low, high, sigma_sec)
    return np.asarray(slope), np.asarray(offset)


@numba.njit(cache=True)
def _fit_lines(event_sec, event_quarter, center_sec, low, high, sigma_sec):  # type: ignore[no-untyped-def]
    """Fit lines to the events low to high - 1 [P] by weighted least squares: slopes [P] and offsets [P].

    Quarters strictly increase, so there is always a spread.
    """
    slopes = np.empty(len(center_sec))
    offsets = np.empty(len(center_sec))
    for n in range(len(center_sec)):
        total, quarter_sum, sec_sum = 0.0, 0.0, 0.0
        for i in range(low[n], high[n]):
            weight = np.exp(-0.5 * ((event_sec[i] - center_sec[n]) / sigma_sec) ** 2) + 1e-6
            total += weight
            quarter_sum += weight * event_quarter[i]
            sec_sum += weight * event_sec[i]
        quarter_mean, sec_mean = quarter_sum / total, sec_sum / total
        spread, joint = 0.0, 0.0
        for i in range(low[n], high[n]):
            weight = np.exp(-0.5 * ((event_sec[i] - center_sec[n]) / sigma_sec) ** 2) + 1e-6
            spread += weight * (event_quarter[i] - quarter_mean) ** 2
            joint += weight * (event_quarter[i] - quarter_mean) * (event_sec[i] - sec_mean)
        slopes[n] = joint / spread
        offsets[n] = sec_mean - slopes[n] * quarter_mean
    return slopes, offsets
