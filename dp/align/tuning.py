"""Measure how far a recording is tuned from A = 440 Hz.

`librosa.estimate_tuning` is not used: it crashes the process with the pinned numba.
"""

import numpy as np

from dp.align.spectrum import compute_magnitude_frames
from dp.types import Samples
from dp.units import A4_HZ

# All values are own choices; no comparison is recorded.
_WINDOW_SAMPLE = 8192  # 372 ms at 22.05 kHz, bins of 2.7 Hz
_FRAME_COUNT = 150  # frames, spread over the recording: enough for one number
_LOW_HZ, _HIGH_HZ = 150.0, 2000.0  # below, bins are too wide; above, partials are inharmonic
_PEAK_DEPTH_LOG = 4.6  # natural logarithm: peaks within 40 dB of the loudest count


def estimate_tuning(samples: Samples, sample_rate_hz: int) -> float:
    """Estimate the tuning in semitones, -0.5 to 0.5: the circular mean of where spectral peaks lie between semitones.

    Args:
        samples: [L] mono, at any level.
        sample_rate_hz: of the samples.
    """
    block_count = max(len(samples) // _WINDOW_SAMPLE, 1)
    chosen = np.unique(np.linspace(0, block_count - 1, min(_FRAME_COUNT, block_count)).astype(int))
    bin_hz = sample_rate_hz / _WINDOW_SAMPLE
    low_bin, high_bin = int(_LOW_HZ / bin_hz), int(_HIGH_HZ / bin_hz)
    total = 0j
    for block in chosen:
        # [bins] logarithms of magnitudes, and which of them are clear peaks
        begin = int(block) * _WINDOW_SAMPLE
        part = samples[begin : begin + _WINDOW_SAMPLE]
        spectrum = compute_magnitude_frames(part, 1, 1, _WINDOW_SAMPLE, _WINDOW_SAMPLE // 2)[0]
        log = np.log(spectrum[low_bin:high_bin] + 1e-6)
        left, middle, right = log[:-2], log[1:-1], log[2:]
        is_peak = (middle > left) & (middle >= right) & (middle > log.max() - _PEAK_DEPTH_LOG)
        peak = np.flatnonzero(is_peak)
        # [peaks] where they lie, and their phases within a semitone, louder ones counting more
        a, b, c = left[peak], middle[peak], right[peak]
        place = peak + 1 + 0.5 * (a - c) / (a - 2 * b + c)  # the top of the parabola through three bins
        semitone = 12.0 * np.log2((place + low_bin) * bin_hz / A4_HZ)
        total += complex((np.exp(2j * np.pi * semitone) * np.exp(0.5 * (b - log.max()))).sum())
    return float(np.angle(total) / (2 * np.pi))


def describe_tuning(cents: float) -> str:
    """Say in words how far a recording sounds from the score at A = 440 Hz."""
    direction = "higher" if cents > 0 else "lower"
    semitones = round(abs(cents) / 100.0)
    distance = f"{semitones} semitone{'s' if semitones > 1 else ''}" if semitones else f"{abs(cents):.0f} cents"
    return f"the recording sounds {distance} {direction} than the score"
