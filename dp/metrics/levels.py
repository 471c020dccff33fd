"""Metrics of level: how loud a sound is from moment to moment, within notes and from note to note."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.units import FloatArray, IntArray

WINDOW_SEC, HOP_SEC = 0.05, 0.01
RANGE_DB = 60.0  # levels further below the loudest count as this far below it
CHORD_SEC = 0.05  # onsets nearer than this are one event


@dataclass(frozen=True)
class LevelCorrelations:
    """Pearson correlations of two sounds' levels in dB; NaN where either does not change."""

    overall: float  # of the level curves
    within: float  # of what they depart from each event's mean by
    between: float  # of the events' mean powers, so that rests count little


def compute_level_db(samples: npt.ArrayLike, sample_rate_hz: int) -> FloatArray:
    """Compute the level of a sound [L] in dB, [T]: mean squares over WINDOW_SEC, every HOP_SEC from the start on.

    Levels more than RANGE_DB below the loudest are told as that; silence is 0 throughout.
    """
    total = np.append(0.0, np.cumsum(np.square(np.asarray(samples, dtype=np.float64))))
    window_sample = round(WINDOW_SEC * sample_rate_hz)
    count = max((len(total) - 1 - window_sample) // round(HOP_SEC * sample_rate_hz) + 1, 0)
    first = np.arange(count) * round(HOP_SEC * sample_rate_hz)
    power = (total[first + window_sample] - total[first]) / window_sample
    loudest = float(power.max(initial=0.0))
    if loudest <= 0.0:
        return np.zeros(count)
    level_db: FloatArray = 10.0 * np.log10(np.maximum(power, loudest * 10.0 ** (-RANGE_DB / 10.0)))
    return level_db


def correlate_levels(
    predicted: npt.ArrayLike, true: npt.ArrayLike, sample_rate_hz: int, onset_sec: npt.ArrayLike
) -> LevelCorrelations:
    """Correlate the levels of two sounds [L] of the same notes.

    An event lasts from one onset to the next, or to the end. What is before the first belongs to none.

    Args:
        predicted: [L].
        true: [L].
        sample_rate_hz: of both.
        onset_sec: [N] of the notes, in any order.
    """
    count = min(np.size(predicted), np.size(true))
    curves = [compute_level_db(np.asarray(sound)[:count], sample_rate_hz) for sound in (predicted, true)]
    event = _find_events(onset_sec, curves[0].shape[0])
    inside = event >= 0
    means = [_average_events(curve[inside], event[inside]) for curve in curves]
    rests = [curve[inside] - mean[event[inside]] for curve, mean in zip(curves, means, strict=True)]
    heard = np.unique(event[inside])
    powers = [_average_events(10.0 ** (curve[inside] / 10.0), event[inside])[heard] for curve in curves]
    between = _correlate(*(10.0 * np.log10(power) for power in powers))
    return LevelCorrelations(_correlate(*curves), _correlate(*rests), between)


def _find_events(onset_sec: npt.ArrayLike, frame_count: int) -> IntArray:
    """Find which event each frame's middle is in, [frame_count]; -1 before the first."""
    onset = np.sort(np.asarray(onset_sec, dtype=np.float64))
    begins = onset[np.append(True, np.diff(onset) >= CHORD_SEC)] if len(onset) else onset
    return np.searchsorted(begins, np.arange(frame_count) * HOP_SEC + WINDOW_SEC / 2, side="right") - 1


def _average_events(values: FloatArray, event: IntArray) -> FloatArray:
    """Average the values [T] of each event's frames; 0 for an event without any."""
    size = int(event.max(initial=-1)) + 1
    total = np.bincount(event, values, size)
    return total / np.maximum(np.bincount(event, minlength=size), 1)


def _correlate(left: FloatArray, right: FloatArray) -> float:
    """Return Pearson's correlation; NaN where either is constant."""
    if len(left) < 2 or min(float(np.ptp(left)), float(np.ptp(right))) < 1e-9:
        return float("nan")
    return float(np.corrcoef(left, right)[0, 1])
