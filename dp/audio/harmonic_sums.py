"""Sum the harmonics of a note at pitches near the written one, and find the smoothest path through the sums.

Of candidates near the written pitch, the one whose harmonics stand out most is what sounds (after Hermes, 1988). A
harmonic that falls on one of another sounding note says little about this one, and counts less. The path through time
is that of Viterbi: pitches move, they do not jump.

Letters: T frames, F bins, H harmonics, C candidates, N notes.
"""

import functools

import numba
import numpy as np
import numpy.typing as npt
import scipy.fft

from dp.types import PITCH_FRAME_RATE_HZ
from dp.units import FloatArray, IntArray

F32 = npt.NDArray[np.float32]

PITCH_SAMPLE_RATE_HZ = 16000
PITCH_HOP_SAMPLE = round(PITCH_SAMPLE_RATE_HZ / PITCH_FRAME_RATE_HZ)
REACH_CENT = 80.0  # how far from the recording's tuning a note is looked for
# All values below are own choices; tests hold the errors that come of them.
_STEP_CENT = 4.0  # between candidates; a parabola finds what lies between
_FFT_SAMPLE = 4096
# Lowest pitch and window. Vibrato needs short windows, and low notes need long ones, to tell harmonics apart.
_WINDOWS_SAMPLE = ((62, 768), (48, 1024), (36, 2048), (0, 4096))  # 48 ms to 256 ms
_HARMONIC_COUNT = 16
_TOP_HZ = 7300.0  # above, mp3 files and microphones differ
_WIDE_HARMONIC_COUNT, _WIDE_WEIGHT = 2, 0.7  # the lowest: a bin is many cents there
_SHARED_CENT, _SHARED_WEIGHT = 90.0, 0.12  # a harmonic this near to one of another note, and what it still counts
_CENTER_WEIGHT = 0.03  # how much a note is expected in tune, at 60 cents
_SHARPNESS, _JUMP_PENALTY, _MAX_JUMP = 8.0, 0.02, 5  # of paths: steps of _STEP_CENT from one frame to the next


@functools.cache
def make_candidates() -> FloatArray:
    """Make the candidates [C] in cents from a note's expected pitch, read-only."""
    candidates = np.arange(-REACH_CENT, REACH_CENT + _STEP_CENT / 2, _STEP_CENT)
    candidates.setflags(write=False)
    return candidates


def choose_window_sample(pitch: int) -> int:
    """Choose how many samples a spectrum takes in, for a MIDI pitch."""
    return next(window_sample for lowest, window_sample in _WINDOWS_SAMPLE if pitch >= lowest)


def compute_root_spectra(samples: F32, window_sample: int) -> F32:
    """Compute the square roots of magnitudes [T, F], a frame every PITCH_HOP_SAMPLE.

    Args:
        samples: [L] from half a window before the first frame's middle.
        window_sample: length of the Hann window.
    """
    window = np.hanning(window_sample + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, window_sample)[::PITCH_HOP_SAMPLE]
    out: F32 = np.sqrt(np.abs(scipy.fft.rfft(frames * window, _FFT_SAMPLE, axis=1)))
    return out


def weigh_harmonics(
    hz: float, frame_count: int, other_hz: FloatArray, other_begin: IntArray, other_end: IntArray
) -> FloatArray:
    """Weigh the harmonics of a note, [frame_count, H]; they sum to 1 in every frame where the note has any.

    Args:
        hz: where the note is expected.
        frame_count: T.
        other_hz: [N] the same of notes that sound meanwhile.
        other_begin: [N] from which frame of the note they sound.
        other_end: [N] one past the last.
    """
    harmonic = np.arange(1, _HARMONIC_COUNT + 1)
    one = np.where(harmonic * hz < _TOP_HZ, np.where(harmonic <= _WIDE_HARMONIC_COUNT, _WIDE_WEIGHT, 1.0), 0.0)
    weight = np.tile(one, (frame_count, 1))
    for other, begin, end in zip(other_hz, other_begin, other_end, strict=True):
        ratio = harmonic * hz / other
        apart_cent = np.abs(1200.0 * np.log2(ratio / np.maximum(np.rint(ratio), 1.0)))
        weight[max(begin, 0) : max(end, 0)] *= np.where(apart_cent < _SHARED_CENT, _SHARED_WEIGHT, 1.0)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    return weight


def sum_harmonics(spectra: F32, hz: float, weight: FloatArray) -> F32:
    """Sum root magnitudes [T, F] at the harmonics of every candidate, [T, C].

    Args:
        spectra: from `compute_root_spectra`.
        hz: where the note is expected.
        weight: [T, H] from `weigh_harmonics`.
    """
    place = hz * 2.0 ** (make_candidates() / 1200.0) * _FFT_SAMPLE / PITCH_SAMPLE_RATE_HZ
    return _sum_at(spectra, place, weight)


def find_path(sums: F32) -> FloatArray:
    """Find the path of the highest sums [T, C] that moves the least: cents [T] from the expected pitch."""
    cent = make_candidates()
    evidence = _SHARPNESS * (sums / max(float(sums.mean()), 1e-9) - _CENTER_WEIGHT * (cent / 60.0) ** 2)
    path = _find_path(evidence, _JUMP_PENALTY, _MAX_JUMP)
    return cent[path] + _STEP_CENT * _find_offsets(sums, path)


def find_constant(sums: F32) -> float:
    """Find the one pitch at which sums [T, C] are highest over all frames: cents from the expected pitch."""
    return float(find_path(sums.mean(axis=0, keepdims=True))[0])


def read_sums(sums: F32, cent: FloatArray) -> FloatArray:
    """Read sums [T, C] along a path [T] in cents from the expected pitch, between candidates linearly, [T]."""
    at = np.clip((cent + REACH_CENT) / _STEP_CENT, 0.0, sums.shape[1] - 1.0)
    frame, low = np.arange(len(at)), np.minimum(at.astype(np.int64), sums.shape[1] - 2)
    part = at - low
    return (1.0 - part) * sums[frame, low] + part * sums[frame, low + 1]


def _find_offsets(sums: F32, path: IntArray) -> FloatArray:
    """Find the tops of the parabolas through the sums about a path [T], in steps from it; 0 at the edges."""
    frame = np.arange(len(path))
    inner = np.clip(path, 1, sums.shape[1] - 2)
    left, middle, right = (sums[frame, inner + i].astype(np.float64) for i in (-1, 0, 1))
    curvature = left - 2 * middle + right
    has_top = (curvature < 0) & (path == inner)
    offset = 0.5 * (left - right) / np.where(has_top, curvature, -1.0)
    return np.where(has_top, np.clip(offset, -0.5, 0.5), 0.0)


@numba.njit(cache=True)
def _sum_at(spectra: F32, place: FloatArray, weight: FloatArray) -> F32:
    """Sum spectra [T, F] at multiples of the bins `place` [C], between bins linearly, [T, C]."""
    frame_count, harmonic_count = weight.shape
    out = np.zeros((frame_count, len(place)), np.float32)
    for t in range(frame_count):
        for c in range(len(place)):
            total = 0.0
            for h in range(harmonic_count):
                at = place[c] * (h + 1)
                low = int(at)
                if low + 1 >= spectra.shape[1]:
                    break
                part = at - low
                total += weight[t, h] * ((1.0 - part) * spectra[t, low] + part * spectra[t, low + 1])
            out[t, c] = total
    return out


@numba.njit(cache=True)
def _find_path(evidence: FloatArray, penalty: float, max_jump: int) -> IntArray:
    """Find the candidate of each frame [T] by Viterbi, of evidence [T, C]."""
    frame_count, count = evidence.shape
    score = evidence[0].copy()
    came_from = np.zeros((frame_count, count), np.int64)
    for t in range(1, frame_count):
        following = np.empty_like(score)
        for c in range(count):
            best, best_from = -np.inf, c
            for j in range(max(0, c - max_jump), min(count, c + max_jump + 1)):
                value = score[j] - penalty * (c - j) ** 2
                if value > best:
                    best, best_from = value, j
            following[c] = best + evidence[t, c]
            came_from[t, c] = best_from
        score = following
    path = np.empty(frame_count, np.int64)
    path[-1] = np.argmax(score)
    for t in range(frame_count - 2, -1, -1):
        path[t] = came_from[t + 1, path[t + 1]]
    return path
