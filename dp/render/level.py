"""Dynamics by rule: the gain of each frame of a piece is computed from the gains of its notes."""

import math

import numpy as np
import torch
from torch import Tensor

from dp.types import PerformedNotes
from dp.units import FloatArray, sec_to_frame

SMOOTH_SEC = 0.08  # a change of level is spread over so long, since a sudden one would click
LOG_PER_DB = math.log(10.0) / 20.0  # natural logarithm of an amplitude, for each decibel


class LevelCurve:
    """The curve is the mean power of the gains of the sounding notes; in rests, that of the last notes, which ring."""

    def __init__(self, performed: PerformedNotes, level_db: FloatArray, rate_hz: float) -> None:
        """Find where the level changes.

        Args:
            performed: N notes, at least one.
            level_db: [N] gain of each.
            rate_hz: frames per second.
        """
        onset = sec_to_frame(performed.onset_sec, rate_hz)
        end = np.maximum(sec_to_frame(performed.offset_sec, rate_hz), onset + 1)
        power = 10.0 ** (level_db / 10.0)
        self._change_frame, place = np.unique(np.concatenate([onset, end]), return_inverse=True)
        total = np.cumsum(np.bincount(place, weights=np.concatenate([power, -power])))
        count = np.cumsum(np.bincount(place, weights=np.repeat([1.0, -1.0], len(power))))
        # The powers of loud notes leave a rounding error behind when they end, and must not leave it to quiet ones.
        mean = np.clip(total / np.maximum(count, 1.0), power.min(), power.max())
        latest = np.maximum.accumulate(np.where(count > 0.5, np.arange(len(count)), 0))
        self._gain_db = 10.0 * np.log10(mean[latest])
        half = max(int(sec_to_frame(SMOOTH_SEC / 2, rate_hz)), 1)
        self._weights = np.hanning(2 * half + 1 + 2)[1:-1]
        self._weights /= self._weights.sum()

    def compute_gain_db(self, first: int, end: int) -> FloatArray:
        """Compute the gain [T] in decibels of frames first to before end."""
        half = len(self._weights) // 2
        frame = np.arange(first - half, end + half)
        place = np.searchsorted(self._change_frame, frame, side="right") - 1
        return np.convolve(self._gain_db[np.maximum(place, 0)], self._weights, mode="valid")

    def apply(self, log_mel: Tensor, first: int, floor: float) -> Tensor:
        """Apply the gain to a log-mel.

        Args:
            log_mel: [T, M] from frame `first` on.
            first: frame of the piece.
            floor: of the mel; the gain brings nothing below it.

        Returns:
            The log-mel [T, M] with the gain.
        """
        gain = torch.from_numpy(LOG_PER_DB * self.compute_gain_db(first, first + len(log_mel))).to(log_mel.dtype)
        return torch.maximum(log_mel + gain[:, None], log_mel.clamp(max=math.log(floor)))
