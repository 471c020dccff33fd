"""What speaks for a note's still sounding: curves on a 20 ms grid from its onset on, the input of the offset net.

A note's harmonics are looked up in semitone bands. A harmonic counts by how much of what lies in its band should be the
note's own: `masking` holds what the score's notes put there together. The curves are

| channel | what |
|---|---|
| 0, 1 | level of the harmonics, of the free ones, against the level just after the onset |
| 2 | how free they are |
| 3, 4 | free harmonics against the band's quiet level, against the level just before the onset |
| 5, 6 | the fundamental against the level just after the onset; how free it is |
| 7 | free harmonics against the bands beside them |
| 8, 9, 10 | everything: level, what dies away, what rises |
| 11, 12 | notes that begin, notes that the score ends |
| 13 to 15 | time since the score's offset: near, wide, in lengths of the note |
| 16, 17 | time since the onset; time left until the pitch is struck again |
| 18, 19 | pitch, length in the score |
| 20, 21 | how far notes nearby, and all notes, have died away shortly after the score's offset: is there a pedal? |
| 22 | how fast notes nearby die away while they are held |

Letters: N notes, T frames, K bands, C channels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
import scipy.ndimage

from dp.align.offsets.bands import (
    BAND_COUNT,
    HOP_SAMPLE,
    I16,
    LOW_PITCH,
    MASK_UNIT,
    STEP,
    band_levels,
    masking_of,
    presence,
)
from dp.align.spectrum import F32, HARMONIC_LEVEL, HARMONIC_SEMITONE
from dp.units import FloatArray, IntArray

CHANNEL_COUNT = 23
_QUIET_PERCENTILE = 10
_EXTRA_FRAME, _EXTRA_SHARE = 100.0, 1.5  # notes are followed so far: 2 s and one and a half times the score's length
_NEARBY_SEC = 2.0


@dataclass(frozen=True)
class Sounding:
    """A recording and the notes in it, ready to be looked at; times in frames of 20 ms, fractions count."""

    levels: I16  # [T, K] log magnitudes
    masking: I16  # [T, K] what the score's notes put into the bands
    quiet: F32  # [K] log magnitudes that a band seldom falls below
    whole: F32  # [T, 5] level of everything, what dies away, what rises, notes that begin, notes that end
    band: IntArray  # [N] the fundamentals' bands; may lie outside
    onset: FloatArray  # [N]
    written: FloatArray  # [N] the score's offsets, > onset
    following: FloatArray  # [N] next onsets of the same pitches; infinite for the last
    length: IntArray  # [N] frames from floor(onset) on that may hold the offset, >= 2
    hints: F32  # [N, 5] channels 18 to 22


def observe(
    samples: F32,
    sample_rate_hz: int,
    pitch: IntArray,
    onset_sec: FloatArray,
    written_sec: FloatArray,
    tuning_semitone: float,
) -> Sounding:
    """Measure a recording.

    Args:
        samples: [L] mono, at LEVEL_RMS.
        sample_rate_hz: of the samples.
        pitch: [N] as it sounds.
        onset_sec: [N] when notes begin.
        written_sec: [N] when they would end by the score.
        tuning_semitone: how far the recording is above A = 440 Hz.
    """
    rate_hz = sample_rate_hz / HOP_SAMPLE
    onset, band = onset_sec * rate_hz, pitch - LOW_PITCH
    written = np.maximum(written_sec * rate_hz, onset + 1.5)
    following = next_same(pitch, onset)
    longest = np.minimum(following, written + _EXTRA_FRAME + (_EXTRA_SHARE - 1.0) * (written - onset))
    levels, whole = band_levels(samples, sample_rate_hz, tuning_semitone)
    last_frame = np.ceil(np.minimum(longest, len(levels))).astype(np.int64)
    length = np.maximum(last_frame - np.floor(onset).astype(np.int64) + 1, 2)
    quiet = np.percentile(levels[:: max(len(levels) // 3000, 1)], _QUIET_PERCENTILE, axis=0).astype(np.float32)
    masking = masking_of(len(levels), band, onset, written, tuning_semitone)
    at = np.clip(np.rint(onset).astype(np.int64), 0, len(levels) - 1)
    np.add.at(whole[:, 3], at, 1.0)
    np.add.at(whole[:, 4], np.clip(np.rint(written).astype(np.int64), 0, len(levels) - 1), 1.0)
    np.log1p(whole[:, 3:], out=whole[:, 3:])
    early = _early(levels, masking, band, onset, written)
    hints = _hints(early, onset, written, pitch, rate_hz)
    return Sounding(levels, masking, quiet * np.float32(STEP), whole, band, onset, written, following, length, hints)


def next_same(pitch: IntArray, onset: FloatArray, apart: float = 1.5) -> FloatArray:
    """[N] the first onset of the same pitch that is more than `apart` later; infinite where there is none."""
    following = np.full(len(pitch), np.inf)
    for value in np.unique(pitch):
        own = np.flatnonzero(pitch == value)
        sorted_onset = np.sort(onset[own])
        place = np.searchsorted(sorted_onset, onset[own] + apart, side="right")
        following[own] = np.append(sorted_onset, np.inf)[place]
    return following


def curves(sounding: Sounding, chosen: IntArray) -> F32:
    """Channels [n, longest, CHANNEL_COUNT] of some notes; 0 beyond each one's length."""
    s = sounding
    out = np.zeros((len(chosen), int(s.length[chosen].max()), CHANNEL_COUNT), np.float32)
    _fill(out, chosen, s.levels, s.masking, s.quiet, s.whole, s.band, s.onset, s.written, s.following, s.length)
    inside = np.arange(out.shape[1])[None, :, None] < s.length[chosen, None, None]
    out[:, :, 18:] = s.hints[chosen, None, :] * inside
    return out


def batches_of(order: IntArray, length: IntArray, frame_limit: int) -> Iterator[IntArray]:
    """Notes [n] in the given order [N], so many at a time that their curves take at most `frame_limit` frames together.

    Every note's curves take as many frames as the longest of its batch; a note that is longer than the limit is alone.
    """
    at = 0
    while at < len(order):
        longest = np.maximum.accumulate(length[order[at : at + frame_limit]])
        fitting = np.arange(1, len(longest) + 1) * longest <= frame_limit
        yield order[at : at + max(int(fitting.sum()), 1)]
        at += max(int(fitting.sum()), 1)


@numba.njit(cache=True)
def _weigh(levels, masking, t, band, present, base, weight):  # type: ignore[no-untyped-def]
    """Level of all and of free harmonics above `base` [8] at a frame, and how free they are; fills weight [8]."""
    total, free, weights, shares = 0.0, 0.0, 0.0, 0.0
    for h in range(8):
        k = band + HARMONIC_SEMITONE[h]
        weight[h] = 0.0
        if k < 0 or k >= BAND_COUNT:
            continue
        own = MASK_UNIT * HARMONIC_LEVEL[h]
        share = own / (own + max(masking[t, k] - int(own * present), 0.0))
        above = STEP * levels[t, k] - base[h]
        above = min(max(above, -6.0), 3.0)
        plain = 1.0 / np.sqrt(h + 1.0)
        weight[h] = plain * share * share
        total += plain * above
        weights += plain
        free += weight[h] * above
        shares += weight[h]
    if weights == 0.0:
        return 0.0, 0.0, 0.0
    return total / weights, free / max(shares, 1e-6), shares / weights


@numba.njit(cache=True)
def _bases(levels, band, onset, written, after, before):  # type: ignore[no-untyped-def]
    """Levels of a note's harmonics just after its onset and just before it; fills [8] each."""
    last = levels.shape[0] - 1
    first = int(onset)
    end = first + max(min(5, int(written - onset)), 2)
    for h in range(8):
        k = band + HARMONIC_SEMITONE[h]
        if k < 0 or k >= BAND_COUNT:
            continue
        top = levels[min(first + 1, last), k]
        for t in range(first + 2, end + 1):
            top = max(top, levels[min(t, last), k])
        after[h] = STEP * top
        before[h] = STEP * levels[min(max(first - 3, 0), last), k]


@numba.njit(cache=True)
def _fill(  # type: ignore[no-untyped-def]
    out, chosen, levels, masking, quiet, whole, band, onset, written, following, length
):
    """Channels 0 to 17 of `curves`."""
    last = levels.shape[0] - 1
    after, before, weight = np.zeros(8), np.zeros(8), np.zeros(8)
    for i in range(len(chosen)):
        n = chosen[i]
        first, note_length = int(onset[n]), written[n] - onset[n]
        _bases(levels, band[n], onset[n], written[n], after, before)
        start = whole[min(first + 2, last), 0]
        for j in range(length[n]):
            t = min(first + j, last)
            x = out[i, j]
            x[0], x[1], x[2] = _weigh(levels, masking, t, band[n], presence(t, onset[n], written[n]), after, weight)
            above, over, beside, shares = 0.0, 0.0, 0.0, 1e-6
            for h in range(8):
                if weight[h] > 0.0:
                    k = band[n] + HARMONIC_SEMITONE[h]
                    level = STEP * levels[t, k]
                    side = levels[t, max(k - 1, 0)] + np.int64(levels[t, min(k + 1, BAND_COUNT - 1)])
                    above += weight[h] * (level - quiet[k])
                    over += weight[h] * min(max(level - before[h], -6.0), 6.0)
                    beside += weight[h] * (level - 0.5 * STEP * side)
                    shares += weight[h]
            x[3], x[4], x[7] = 0.5 * above / shares, 0.5 * over / shares, beside / shares
            if 0 <= band[n] < BAND_COUNT:
                x[5] = min(max(STEP * levels[t, band[n]] - after[0], -6.0), 3.0)
                x[6] = weight[0]
            x[8] = whole[t, 0] - start
            for c in range(9, 13):
                x[c] = whole[t, c - 8]
            late = first + j - written[n]
            x[13] = min(max(0.5 * late, -1.0), 1.0)
            x[14] = np.tanh(0.1 * late)
            x[15] = min(max(late / note_length, -1.0), 3.0)
            x[16] = 0.4 * np.log(max(first + j - onset[n], 0.0) + 1.0)
            x[17] = np.tanh(0.1 * (following[n] - first - j))


@numba.njit(cache=True)
def _early(levels, masking, band, onset, written):  # type: ignore[no-untyped-def]
    """[N, 4] how far free harmonics fall about the score's offset, how free; how fast they fell before, how free."""
    out = np.zeros((len(band), 4))
    last = levels.shape[0] - 1
    after, before, weight = np.zeros(8), np.zeros(8), np.zeros(8)
    for n in range(len(band)):
        _bases(levels, band[n], onset[n], written[n], after, before)
        held = max(int(written[n]) - 2, int(onset[n]) + 2)
        t = min(held, last)
        _, there, free = _weigh(levels, masking, t, band[n], presence(t, onset[n], written[n]), after, weight)
        t = min(held + 9, last)  # 140 ms after the score's offset
        _, then, free_then = _weigh(levels, masking, t, band[n], presence(t, onset[n], written[n]), after, weight)
        out[n, 0], out[n, 1] = then - there, min(free, free_then)
        out[n, 2] = there / max(held - onset[n] - 2.0, 3.0)
        out[n, 3] = free if held - onset[n] > 6 else 0.0
    return out


def _hints(early: FloatArray, onset: FloatArray, written: FloatArray, pitch: IntArray, rate_hz: float) -> F32:
    """Channels 18 to 22, [N, 5]."""
    hints = np.empty((len(onset), 5), np.float32)
    hints[:, 0] = (pitch - 60) / 24.0
    hints[:, 1] = 0.5 * np.log((written - onset) / 15.0)
    width = _NEARBY_SEC * rate_hz
    fall, fall_weight = early[:, 0], early[:, 1] + 1e-3
    hints[:, 2] = _nearby(fall, fall_weight, written, width)
    hints[:, 3] = (fall * fall_weight).sum() / fall_weight.sum()
    hints[:, 4] = 10.0 * _nearby(early[:, 2], early[:, 3] + 1e-3, onset, width)
    return hints


def _nearby(value: FloatArray, weight: FloatArray, frame: FloatArray, width_frame: float) -> FloatArray:
    """[N] weighted means of the values [N] of notes at about the same frame, a Gaussian of that width about it."""
    cell = width_frame / 4.0
    place = np.maximum(frame / cell, 0.0).astype(np.int64)
    count = int(place.max()) + 1
    sums = np.bincount(place, value * weight, count), np.bincount(place, weight, count)
    smooth = [scipy.ndimage.gaussian_filter1d(s, 4.0, mode="constant") for s in sums]
    return np.asarray(smooth[0][place] / np.maximum(smooth[1][place], 1e-9))
