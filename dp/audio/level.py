"""Bring a whole recording to full level by one gain, or limit sound that is passed on before its end is known."""

import numpy as np
import numpy.typing as npt

from dp.types import FULL_PEAK

_KNEE = 0.8  # up to here the soft limit changes nothing; own choice


def scale_to_full_level(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale samples [L] by the gain that makes the largest of them FULL_PEAK; silence stays silence.

    So quiet and loud recordings teach alike, and the dynamics within one stay.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * np.float32(FULL_PEAK / peak) if peak > 0 else samples


def limit_softly(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bend samples [L] smoothly towards full scale where they come near it, each by itself: none reaches beyond 1."""
    size = np.abs(samples)
    bent = _KNEE + (1.0 - _KNEE) * np.tanh((size - _KNEE) / (1.0 - _KNEE))
    return np.where(size > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)
