"""One gain for a whole recording."""

import numpy as np
import numpy.typing as npt

from dp.types import FULL_PEAK


def at_full_level(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Samples [L] times the gain that makes the largest of them FULL_PEAK; silence stays silence.

    So quiet and loud recordings teach alike, and the dynamics within one stay.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * np.float32(FULL_PEAK / peak) if peak > 0 else samples
