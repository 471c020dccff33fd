"""Measure integrated loudness after ITU-R BS.1770-4, of one or two channels, as the sound comes in."""

import math
from array import array

import numpy as np
import numpy.typing as npt

from dp.units import FloatArray, sec_to_sample

STEP_SEC = 0.1  # loudness blocks overlap by three quarters
_STEPS_PER_BLOCK = 4  # a block of BS.1770 lasts 0.4 s
_OFFSET_LUFS = -0.691  # makes up for the filter's gain at 1 kHz
_ABSOLUTE_GATE_LUFS = -70.0  # BS.1770: quieter blocks do not count
_RELATIVE_GATE_LU = -10.0  # BS.1770: nor do blocks so far below the mean of the others


def design_k_weighting(sample_rate_hz: int) -> FloatArray:
    """Design the filter of BS.1770 for any rate, as two second-order sections [2, 6].

    The recommendation gives coefficients for 48 kHz alone; these are the analogue filters behind them (B. De Man,
    "Evaluation of implementations of the EBU R128 loudness measurement", 2018), by the bilinear transform.
    """
    shelf_hz, shelf_q, shelf_gain = 1681.974450955533, 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k, middle_gain = math.tan(math.pi * shelf_hz / sample_rate_hz), shelf_gain**0.4996667741545416
    scale = 1.0 + k / shelf_q + k * k
    shelf = [
        (shelf_gain + middle_gain * k / shelf_q + k * k) / scale,
        2.0 * (k * k - shelf_gain) / scale,
        (shelf_gain - middle_gain * k / shelf_q + k * k) / scale,
        1.0,
        2.0 * (k * k - 1.0) / scale,
        (1.0 - k / shelf_q + k * k) / scale,
    ]
    k = math.tan(math.pi * pass_hz / sample_rate_hz)
    scale = 1.0 + k / pass_q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / pass_q + k * k) / scale]
    return np.array([shelf, high_pass])


class LoudnessMeter:
    """Takes sound in pieces of any length; keeps eight bytes for each tenth of a second of it."""

    def __init__(self, sample_rate_hz: int, channel_count: int = 1) -> None:
        self._sections = design_k_weighting(sample_rate_hz)
        self._state = np.zeros((2, 2, channel_count))
        self._step_sample = sec_to_sample(STEP_SEC, sample_rate_hz)
        self._waiting = np.zeros((0, channel_count))  # filtered, less than a step
        self._powers = array("d")  # mean square of each step, added up over the channels

    def add(self, samples: npt.NDArray[np.floating]) -> None:
        """Go on with samples [L], or [L, C] of several channels."""
        from scipy.signal import sosfilt

        columns = samples.reshape(len(samples), self._state.shape[2])
        filtered, self._state = sosfilt(self._sections, columns, axis=0, zi=self._state)
        filtered = np.concatenate([self._waiting, filtered])
        whole = len(filtered) // self._step_sample * self._step_sample
        steps = filtered[:whole].reshape(-1, self._step_sample, filtered.shape[1])
        self._powers.extend(np.mean(steps**2, axis=1).sum(axis=1).tolist())
        self._waiting = filtered[whole:]

    def integrated_lufs(self) -> float:
        """Return the loudness of all that came in, by the gated mean; -inf for silence and for less than 0.4 s."""
        steps = np.array(self._powers)
        if len(steps) < _STEPS_PER_BLOCK:
            return -math.inf
        powers = np.convolve(steps, np.full(_STEPS_PER_BLOCK, 1.0 / _STEPS_PER_BLOCK), mode="valid")
        powers = powers[powers > _convert_to_power(_ABSOLUTE_GATE_LUFS)]
        if len(powers) == 0:
            return -math.inf
        gate = powers.mean() * 10.0 ** (_RELATIVE_GATE_LU / 10.0)
        return _convert_to_lufs(float(powers[powers > gate].mean()))


def _convert_to_lufs(power: float) -> float:
    return _OFFSET_LUFS + 10.0 * math.log10(power)


def _convert_to_power(lufs: float) -> float:
    return float(10.0 ** ((lufs - _OFFSET_LUFS) / 10.0))
