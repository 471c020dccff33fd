"""Where notes end: the score's offsets, mapped to seconds as its onsets were. Nothing is learned here yet."""

import numpy as np

from dp.align.plan import ScorePlan
from dp.units import FloatArray

MIN_NOTE_SEC = 0.03
_MIN_LAST_SEC = 0.05


def mapped_offsets(plan: ScorePlan, event_sec: FloatArray, onset_sec: FloatArray, end_sec: float) -> FloatArray:
    """Offsets [N] in seconds, each at least MIN_NOTE_SEC after its onset.

    Args:
        plan: the score.
        event_sec: [E] when its events sound.
        onset_sec: [N] when its notes begin.
        end_sec: when its last note ends.
    """
    last_quarter = max(float(plan.end_quarter.max()), float(plan.event_quarter[-1]) + 1e-6)
    quarter = np.append(plan.event_quarter, last_quarter)
    sec = np.append(event_sec, max(end_sec, float(event_sec[-1]) + _MIN_LAST_SEC))
    return np.maximum(np.interp(plan.end_quarter, quarter, sec), onset_sec + MIN_NOTE_SEC)
