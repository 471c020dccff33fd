"""Measure a recording in semitone bands every 20 ms, and what a score's notes should put into them, to see notes end.

Letters: N notes, H harmonics, T frames, K bands.
"""

import numba
import numpy as np
import numpy.typing as npt

from dp.align.spectrum import F32, HARMONIC_LEVEL, HARMONIC_SEMITONE, compute_magnitude_frames
from dp.types import Samples
from dp.units import FloatArray, IntArray, pitch_to_hz

# The offset net was trained with these values: a change of one needs new weights. All are own choices; no comparison is
# recorded.
HOP_SAMPLE = 441  # 20 ms at 22.05 kHz
LOW_PITCH, HIGH_PITCH = 24, 123  # C1, 33 Hz, and D#9, 10 kHz: nearly all that 22.05 kHz can hold
BAND_COUNT = HIGH_PITCH - LOW_PITCH + 1
WHOLE_LEVEL, WHOLE_FALL, WHOLE_RISE = 0, 1, 2  # of all bands: mean level, mean fall and mean rise over 40 ms
WHOLE_BEGIN, WHOLE_END = 3, 4  # logarithms of one plus how many notes begin there, and end there by the score
WHOLE_COUNT = 5
STEP = 0.01  # levels are whole hundredths of the natural logarithm, which halves the memory
MASK_UNIT = 64.0  # what a note's fundamental adds to the masking, a whole number
_MASK_LIMIT = 8192  # of the masking, 128 fundamentals: keeps sums within 16 bits
_RINGING_LEVEL, _RINGING_FRAME = 0.3, 50  # after the score's offset: a note's assumed share, for 1 s
_LEAK_HZ = 16.0  # bands closer than that, one and a half bins of the window, are not told apart
_WINDOW_SAMPLE = 2048  # 93 ms
_BLOCK_FRAME = 512  # spectra in memory at once, 2 MB
_FLOOR = 1e-3  # of magnitudes; a full-scale sine has 512

I16 = npt.NDArray[np.int16]


def measure_band_levels(samples: Samples, sample_rate_hz: int, tuning_semitone: float) -> tuple[I16, F32]:
    """Measure the level of every band, and of all bands together, every 20 ms.

    Args:
        samples: [L] mono, at LEVEL_RMS.
        sample_rate_hz: of the samples.
        tuning_semitone: how far the recording is above A = 440 Hz.

    Returns:
        Levels [T, K] in units of STEP, and [T, WHOLE_COUNT] in which what notes do is still 0; T = 1 + L // HOP_SAMPLE.
    """
    # [K] first and last bin of every band; a band holds two bins at least
    bin_hz = sample_rate_hz / _WINDOW_SAMPLE
    pitch = np.arange(LOW_PITCH, HIGH_PITCH + 1)
    low = pitch_to_hz(pitch - 0.5, tuning_semitone) / bin_hz
    high = pitch_to_hz(pitch + 0.5, tuning_semitone) / bin_hz
    middle = pitch_to_hz(pitch, tuning_semitone) / bin_hz
    first = np.minimum(np.ceil(low), np.floor(middle)).astype(np.int64)
    last = np.minimum(np.maximum(np.floor(high), np.floor(middle) + 1), _WINDOW_SAMPLE // 2).astype(np.int64)
    # [T, K] the loudest bin of every band, block by block
    frame_count = len(samples) // HOP_SAMPLE + 1
    levels = np.empty((frame_count, BAND_COUNT), np.int16)
    for at in range(0, frame_count, _BLOCK_FRAME):
        count = min(_BLOCK_FRAME, frame_count - at)
        magnitude = compute_magnitude_frames(samples, at, count, _WINDOW_SAMPLE, HOP_SAMPLE)
        loudest = np.empty((count, BAND_COUNT), np.float32)
        _find_loudest(magnitude, first, last, loudest)
        levels[at : at + count] = np.log(loudest + np.float32(_FLOOR)) * np.float32(1.0 / STEP)
    whole = np.zeros((frame_count, WHOLE_COUNT), np.float32)
    _make_whole(levels, whole)
    return levels, whole


@numba.njit(cache=True)
def _find_loudest(magnitude, first, last, out):  # type: ignore[no-untyped-def]
    """Write the loudest of the bins first to last [K] of magnitudes [T, bins] into out [T, K]."""
    for t in range(out.shape[0]):
        for k in range(out.shape[1]):
            top = np.float32(0.0)
            for b in range(first[k], last[k] + 1):
                top = max(top, magnitude[t, b])
            out[t, k] = top


@numba.njit(cache=True)
def _make_whole(levels, out):  # type: ignore[no-untyped-def]
    """Write what the levels [T, K] of all bands do together into out [T, WHOLE_COUNT]."""
    frame_count, band_count = levels.shape
    for t in range(frame_count):
        level, fall, rise = 0, 0, 0
        before, after = max(t - 1, 0), min(t + 1, frame_count - 1)
        for k in range(band_count):
            level += levels[t, k]
            change = np.int64(levels[after, k]) - levels[before, k]
            if change > 0:
                rise += change
            else:
                fall -= change
        out[t, WHOLE_LEVEL] = STEP * level / band_count
        out[t, WHOLE_FALL] = 4.0 * STEP * fall / band_count
        out[t, WHOLE_RISE] = 4.0 * STEP * rise / band_count


@numba.njit(cache=True)
def measure_presence(t, onset, written):  # type: ignore[no-untyped-def]
    """Tell what share of a note, 0 to 1, is assumed to sound at frame t; onset and offset by the score in frames."""
    if t < onset - 1.0 or t > written + _RINGING_FRAME:
        return 0.0
    return 1.0 if t <= written else _RINGING_LEVEL


def measure_masking(
    frame_count: int, band: IntArray, onset: FloatArray, written: FloatArray, tuning_semitone: float
) -> I16:
    """Add up the harmonics of all notes: [T, K] in units of 1 / MASK_UNIT; bands that leak into each other share.

    Args:
        frame_count: T.
        band: [N] the fundamentals' bands; may lie outside.
        onset: [N] in frames.
        written: [N] the score's offsets in frames.
        tuning_semitone: how far the recording is above A = 440 Hz.
    """
    hz = pitch_to_hz(LOW_PITCH + np.arange(BAND_COUNT), tuning_semitone)
    leak = (np.log2(1.0 + _LEAK_HZ / hz) * 12.0).astype(np.int64)
    out: I16 = _add_up(frame_count, band, onset, written, leak, HARMONIC_SEMITONE, MASK_UNIT * HARMONIC_LEVEL)
    return out


@numba.njit(cache=True)
def _add_up(frame_count, band, onset, written, leak, harmonic_semitone, harmonic_mask):  # type: ignore[no-untyped-def]
    """Add up the harmonics [H] of all notes [N] over T frames; returns [T, K].

    `leak` [K] is how many bands to either side are not told apart; see `measure_masking` for the rest.
    """
    out = np.zeros((frame_count, BAND_COUNT), np.int16)
    for n in range(len(band)):
        begin = max(int(np.ceil(onset[n] - 1.0)), 0)
        end = min(int(written[n] + _RINGING_FRAME) + 1, frame_count)
        for h in range(len(harmonic_semitone)):
            middle = band[n] + harmonic_semitone[h]
            if middle < 0 or middle >= BAND_COUNT:
                continue
            for k in range(max(middle - leak[middle], 0), min(middle + leak[middle] + 1, BAND_COUNT)):
                part = harmonic_mask[h] * (1.0 if k == middle else 0.5)
                for t in range(begin, end):
                    out[t, k] = min(out[t, k] + int(part * measure_presence(t, onset[n], written[n])), _MASK_LIMIT)
    return out
