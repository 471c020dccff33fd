"""Metrics of clicks: how far a sound departs for a moment from what its own past foretells, where a seam may be."""

import numpy as np
import numpy.typing as npt

from dp.units import FloatArray

SLOT_SEC = 0.03  # about a time, and of what surrounds it; the times of clips are rounded to 16 ms
SURROUNDING_COUNT = 4  # slots before and after
ORDER = 64  # how many samples foretell the next one: with half as many a seventeenth of the peak hides
FLOOR = 1e-5  # of samples: what is quieter is silence
_RIDGE = 1e-9  # of the mean power: below it lies what a sound of few tones does not tell


def measure_click_excess_db(samples: npt.ArrayLike, sample_rate_hz: int, time_sec: npt.ArrayLike) -> FloatArray:
    """Measure by how much the largest prediction error about each time exceeds those of the slots around it, in dB.

    Linear prediction foretells tones and what rings, and not a jump: clicks are outliers of its error (Godsill and
    Rayner, Digital Audio Restoration, 1998, chapter 5). Attacks have some of it in real recordings as well: compare.

    Args:
        samples: [L].
        sample_rate_hz: their rate.
        time_sec: [N] from sample 0, such as note onsets or the borders of blocks.

    Returns:
        [n] of the times about which the sound is at hand: the slot's peak against the median of all peaks.
    """
    sound = np.asarray(samples, dtype=np.float64)
    slot_sample = round(SLOT_SEC * sample_rate_hz)
    count = 2 * SURROUNDING_COUNT + 1
    middle = np.rint(np.asarray(time_sec, dtype=np.float64) * sample_rate_hz).astype(np.int64)
    first = middle - slot_sample // 2 - SURROUNDING_COUNT * slot_sample
    first = first[(first >= ORDER) & (first + count * slot_sample <= len(sound))]
    return np.array([_measure_one(sound[begin - ORDER : begin + count * slot_sample], count) for begin in first])


def _measure_one(sound: FloatArray, count: int) -> float:
    """Return the excess in dB of the middle one of `count` slots [ORDER + count * slot]."""
    peak = np.abs(_compute_errors(sound)).reshape(count, -1).max(axis=1)
    usual = float(np.median(peak))
    return float(20.0 * np.log10((peak[count // 2] + FLOOR) / (usual + FLOOR)))


def _compute_errors(sound: FloatArray) -> FloatArray:
    """Compute the errors [L - ORDER] of the linear prediction that errs least over the sound's [L] differences."""
    moves = np.diff(sound, prepend=sound[:1])  # a jump is over at once
    past = np.lib.stride_tricks.sliding_window_view(moves[:-1], ORDER)
    present = moves[ORDER:]
    covariance = past.T @ past
    covariance[np.diag_indices(ORDER)] += _RIDGE * covariance.trace() / ORDER + FLOOR**2
    errors: FloatArray = present - past @ np.linalg.solve(covariance, past.T @ present)
    return errors
