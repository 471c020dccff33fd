"""Bring samples to one level and compute short-time spectra, in blocks, so that memory stays small.

It also tells what a note puts into a spectrum.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.fft

from dp.types import Samples

F32 = npt.NDArray[np.float32]

# All values are own choices; no comparison is recorded. Both nets were trained at this rate and level, the offset net
# also with these harmonics.
ALIGN_SAMPLE_RATE_HZ = 22050  # of the recordings that our aligner hears
LEVEL_RMS = 0.1  # at which features are measured, full scale being 1: their floors are absolute
SILENT_PEAK = 1e-4  # 80 dB below full scale: a recording that stays below it counts as silent
HARMONIC_SEMITONE = np.array([0, 12, 19, 24, 28, 31, 34, 36])  # of a note's first eight, above it, to the nearest one
HARMONIC_LEVEL = np.array([1.0, 0.7, 0.5, 0.4, 0.3, 0.25, 0.2, 0.2])  # their magnitudes against the fundamental's
_FRAMES_AT_ONCE = 512  # bounds the copy that windowing makes
_SAMPLES_AT_ONCE = 1 << 18  # 1 MB


@dataclass(frozen=True)
class Sound:
    """A part of a recording at LEVEL_RMS. Only slices that are asked for are brought to it: there is no second copy."""

    samples: Samples
    gain: np.float32
    begin: int
    end: int

    def __len__(self) -> int:
        """Count the samples."""
        return self.end - self.begin

    def __getitem__(self, part: slice, /) -> F32:
        """Give a slice, without a step, as an array."""
        begin, end, _ = part.indices(len(self))
        return self.samples[self.begin + begin : self.begin + max(begin, end)] * self.gain

    def cut(self, begin: int, end: int | None) -> "Sound":
        """Keep what lies between two samples; None: the end."""
        begin, end, _ = slice(begin, end).indices(len(self))
        return replace(self, begin=self.begin + begin, end=self.begin + max(begin, end))


@functools.cache
def make_hann_window(window_sample: int) -> F32:
    """Make a symmetric Hann window [window_sample], read-only, once a length."""
    window = np.hanning(window_sample).astype(np.float32)
    window.setflags(write=False)
    return window


def bring_to_level(samples: F32) -> F32:
    """Copy samples [L] to LEVEL_RMS; they must not all be 0."""
    return make_sound(samples)[:]


def make_sound(samples: Samples) -> Sound:
    """Make samples [L] sound at LEVEL_RMS; they must not all be 0."""
    power = sum(float(np.square(block, dtype=np.float64).sum()) for block in iterate_samples(samples)) / len(samples)
    return Sound(samples, np.float32(LEVEL_RMS / np.sqrt(power)), 0, len(samples))


def iterate_samples(samples: Samples) -> Iterator[F32]:
    """Yield samples [L] block by block."""
    for at in range(0, len(samples), _SAMPLES_AT_ONCE):
        yield samples[at : at + _SAMPLES_AT_ONCE]


def find_peak(samples: Samples) -> float:
    """Find the largest magnitude of samples [L]; 0 if there are none."""
    return max((float(np.abs(block).max()) for block in iterate_samples(samples)), default=0.0)


def compute_magnitude_frames(
    samples: Samples, first_frame: int, frame_count: int, window_sample: int, hop_sample: int
) -> F32:
    """Compute magnitude spectra [frame_count, window_sample // 2 + 1]; frame t is centred on sample t * hop_sample.

    Frames may lie before the first sample (negative) or after the last one: there is silence.
    """
    begin = first_frame * hop_sample - window_sample // 2
    end = begin + (frame_count - 1) * hop_sample + window_sample
    inside = samples[max(begin, 0) : max(min(end, len(samples)), 0)]
    padded = np.zeros(end - begin, np.float32)
    start = min(max(-begin, 0), end - begin)
    padded[start : start + len(inside)] = inside
    frames = np.lib.stride_tricks.sliding_window_view(padded, window_sample)[::hop_sample]
    window = make_hann_window(window_sample)
    out = np.empty((frame_count, window_sample // 2 + 1), np.float32)
    for at in range(0, frame_count, _FRAMES_AT_ONCE):
        part = slice(at, at + _FRAMES_AT_ONCE)
        out[part] = np.abs(scipy.fft.rfft(frames[part] * window, axis=1))
    return out
