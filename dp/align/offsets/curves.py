"""Compute what speaks for a note's still sounding: curves on a 20 ms grid from its onset on, the offset net's input.

A note's harmonics are looked up in semitone bands. `masking` holds what the score's notes put there together; how much
of that is the note's own says how free a harmonic is.

Letters: N notes, n of a batch, H harmonics, T frames, K bands, C channels.
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
    WHOLE_BEGIN,
    WHOLE_END,
    WHOLE_FALL,
    WHOLE_LEVEL,
    WHOLE_RISE,
    measure_band_levels,
    measure_masking,
    measure_presence,
)
from dp.align.spectrum import F32, HARMONIC_LEVEL, HARMONIC_SEMITONE
from dp.types import Samples
from dp.units import FloatArray, IntArray

# The channels of the curves, as the offset net was trained with them. Levels are natural logarithms of magnitudes.
HARMONICS, FREE_HARMONICS = 0, 1  # level of all harmonics, of the free ones, against the level just after the onset
FREEDOM = 2  # how free they are, 0 to 1
ABOVE_QUIET, ABOVE_BEFORE = 3, 4  # free harmonics against a band's quiet level, against the level just before the onset
FUNDAMENTAL, FUNDAMENTAL_FREEDOM = 5, 6  # against the level just after the onset; how free it is
ABOVE_BESIDE = 7  # free harmonics against the bands beside them
ALL_LEVEL, ALL_FALL, ALL_RISE = 8, 9, 10  # everything: level against that just after the onset; what dies away, rises
NOTES_BEGIN, NOTES_END = 11, 12  # notes that begin, notes that the score ends
LATE_NEAR, LATE_WIDE, LATE_SHARE = 13, 14, 15  # time since the score's offset: near it, wide, in lengths of the note
SINCE_ONSET, UNTIL_STRUCK = 16, 17  # time since the onset; time left until the pitch is struck again
PITCH, LENGTH = 18, 19  # as it sounds; in the score
FALL_NEARBY, FALL_OVERALL = 20, 21  # how far notes have died away shortly after the score's offset: is there a pedal?
HELD_FALL_NEARBY = 22  # how fast notes nearby die away while they are held
CHANNEL_COUNT = 23
_HINTS = slice(PITCH, CHANNEL_COUNT)  # channels that do not change from frame to frame

# The offset net was trained with these values: a change of one needs new weights. All are own choices; no comparison is
# recorded.
_HARMONIC_COUNT = len(HARMONIC_SEMITONE)
_FALL, _FALL_FREEDOM, _SLOPE, _SLOPE_FREEDOM = 0, 1, 2, 3  # columns of `_find_early`
_MOST_BELOW, _MOST_ABOVE = 6.0, 3.0  # how far levels may lie below and above the onset's; natural logarithm
_QUIET_PERCENTILE = 10  # of a band's levels over time: what it seldom falls below
_QUIET_FRAME = 3000  # about so many frames, evenly spread, are looked at for it
_EXTRA_FRAME, _EXTRA_SHARE = 100.0, 1.5  # notes are followed so far: 2 s and one and a half times the score's length
_NEARBY_SEC = 2.0  # standard deviation of the window in which notes count as nearby


@dataclass(frozen=True)
class Sounding:
    """A recording and the notes in it, ready to be looked at; times in frames of 20 ms, fractions count."""

    levels: I16  # [T, K] log magnitudes
    masking: I16  # [T, K] what the score's notes put into the bands
    quiet: F32  # [K] log magnitudes that a band seldom falls below
    whole: F32  # [T, WHOLE_COUNT] see dp.align.offsets.bands
    band: IntArray  # [N] the fundamentals' bands; may lie outside
    onset: FloatArray  # [N]
    written: FloatArray  # [N] the score's offsets, > onset
    following: FloatArray  # [N] next onsets of the same pitches; infinite for the last
    length: IntArray  # [N] frames from floor(onset) on that may hold the offset, >= 2
    hints: F32  # [N, 5] the channels _HINTS


def observe(
    samples: Samples,
    sample_rate_hz: int,
    pitch: IntArray,
    onset_sec: FloatArray,
    written_sec: FloatArray,
    tuning_semitone: float,
) -> Sounding:
    """Measure a recording, and lay its notes out on the grid of 20 ms.

    Args:
        samples: [L] mono, at LEVEL_RMS.
        sample_rate_hz: of the samples.
        pitch: [N] as it sounds.
        onset_sec: [N] when notes begin.
        written_sec: [N] when they would end by the score.
        tuning_semitone: how far the recording is above A = 440 Hz.
    """
    # [N] in frames: when notes begin, end by the score, and end at the latest
    rate_hz = sample_rate_hz / HOP_SAMPLE
    onset, band = onset_sec * rate_hz, pitch - LOW_PITCH
    written = np.maximum(written_sec * rate_hz, onset + 1.5)
    following = find_next_same(pitch, onset)
    longest = np.minimum(following, written + _EXTRA_FRAME + (_EXTRA_SHARE - 1.0) * (written - onset))
    # [T, K] what is heard, how quiet it gets [K], and what the score puts there [T, K]
    levels, whole = measure_band_levels(samples, sample_rate_hz, tuning_semitone)
    last_frame = np.ceil(np.minimum(longest, len(levels))).astype(np.int64)
    length = np.maximum(last_frame - np.floor(onset).astype(np.int64) + 1, 2)
    quiet = np.percentile(levels[:: max(len(levels) // _QUIET_FRAME, 1)], _QUIET_PERCENTILE, axis=0).astype(np.float32)
    masking = measure_masking(len(levels), band, onset, written, tuning_semitone)
    # [T, 2] how many notes begin and end
    for column, when in ((WHOLE_BEGIN, onset), (WHOLE_END, written)):
        np.add.at(whole[:, column], np.clip(np.rint(when).astype(np.int64), 0, len(levels) - 1), 1.0)
    np.log1p(whole[:, WHOLE_BEGIN:], out=whole[:, WHOLE_BEGIN:])
    early = _find_early(levels, masking, band, onset, written)
    hints = _find_hints(early, onset, written, pitch, rate_hz)
    return Sounding(levels, masking, quiet * np.float32(STEP), whole, band, onset, written, following, length, hints)


def find_next_same(pitch: IntArray, onset: FloatArray, apart: float = 1.5) -> FloatArray:
    """Find the first onset [N] of the same pitch that is more than `apart` later; infinite where there is none.

    Onsets [N] and `apart` are in one unit, frames or seconds; the default is in frames.
    """
    following = np.full(len(pitch), np.inf)
    for value in np.unique(pitch):
        own = np.flatnonzero(pitch == value)
        sorted_onset = np.sort(onset[own])
        place = np.searchsorted(sorted_onset, onset[own] + apart, side="right")
        following[own] = np.append(sorted_onset, np.inf)[place]
    return following


def compute_curves(sounding: Sounding, chosen: IntArray) -> F32:
    """Compute the channels of the notes `chosen` [n].

    Returns:
        [n, T, CHANNEL_COUNT], T being the longest one's length; 0 beyond each one's length.
    """
    s = sounding
    out = np.zeros((len(chosen), int(s.length[chosen].max()), CHANNEL_COUNT), np.float32)
    _fill(out, chosen, s.levels, s.masking, s.quiet, s.whole, s.band, s.onset, s.written, s.following, s.length)
    inside = np.arange(out.shape[1])[None, :, None] < s.length[chosen, None, None]
    out[:, :, _HINTS] = s.hints[chosen, None, :] * inside
    return out


def split_batches(order: IntArray, length: IntArray, frame_limit: int) -> Iterator[IntArray]:
    """Yield batches of notes [n] in the given order [N] whose curves take at most `frame_limit` frames together.

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
    """Measure a note's harmonics [H] at a frame, and how much each one counts.

    Args:
        levels: [T, K] in units of STEP.
        masking: [T, K] what all notes put into the bands.
        t: a frame.
        band: of the fundamental.
        present: share of the note that is in `masking` at t.
        base: [H] natural logarithms.
        weight: [H] is filled: the freer and the lower a harmonic, the more; 0 outside the bands.

    Returns:
        The mean level of all harmonics and of the free ones, natural logarithms, and how free they are, 0 to 1.
    """
    total, free, weights, shares = 0.0, 0.0, 0.0, 0.0
    for h in range(_HARMONIC_COUNT):
        k = band + HARMONIC_SEMITONE[h]
        weight[h] = 0.0
        if k < 0 or k >= BAND_COUNT:
            continue
        own = MASK_UNIT * HARMONIC_LEVEL[h]
        share = own / (own + max(masking[t, k] - int(own * present), 0.0))
        above = STEP * levels[t, k] - base[h]
        above = min(max(above, -_MOST_BELOW), _MOST_ABOVE)
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
def _find_bases(levels, band, onset, written, after, before):  # type: ignore[no-untyped-def]
    """Measure the levels of a note's harmonics, natural logarithms; fills after [H] and before [H] its onset.

    After it the loudest of the first frames counts, up to 100 ms; before it the frame 60 ms earlier.
    """
    last = levels.shape[0] - 1
    first = int(onset)
    end = first + max(min(5, int(written - onset)), 2)
    for h in range(_HARMONIC_COUNT):
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
    """Write the channels before _HINTS of the notes `chosen` [n] into out [n, T, C]; see `Sounding` for the rest."""
    last = levels.shape[0] - 1
    after, before, weight = np.zeros(_HARMONIC_COUNT), np.zeros(_HARMONIC_COUNT), np.zeros(_HARMONIC_COUNT)
    for i in range(len(chosen)):
        n = chosen[i]
        first, note_length = int(onset[n]), written[n] - onset[n]
        _find_bases(levels, band[n], onset[n], written[n], after, before)
        start = whole[min(first + 2, last), WHOLE_LEVEL]
        for j in range(length[n]):
            t = min(first + j, last)
            x = out[i, j]
            # [H] the note's harmonics: against the onset, and how free
            present = measure_presence(t, onset[n], written[n])
            x[HARMONICS], x[FREE_HARMONICS], x[FREEDOM] = _weigh(levels, masking, t, band[n], present, after, weight)
            # [H] the free ones: against quiet, against what sounded before, against the bands beside them
            above, over, beside, shares = 0.0, 0.0, 0.0, 1e-6
            for h in range(_HARMONIC_COUNT):
                if weight[h] > 0.0:
                    k = band[n] + HARMONIC_SEMITONE[h]
                    level = STEP * levels[t, k]
                    side = levels[t, max(k - 1, 0)] + np.int64(levels[t, min(k + 1, BAND_COUNT - 1)])
                    above += weight[h] * (level - quiet[k])
                    over += weight[h] * min(max(level - before[h], -_MOST_BELOW), _MOST_BELOW)
                    beside += weight[h] * (level - 0.5 * STEP * side)
                    shares += weight[h]
            x[ABOVE_QUIET], x[ABOVE_BEFORE] = 0.5 * above / shares, 0.5 * over / shares
            x[ABOVE_BESIDE] = beside / shares
            if 0 <= band[n] < BAND_COUNT:
                x[FUNDAMENTAL] = min(max(STEP * levels[t, band[n]] - after[0], -_MOST_BELOW), _MOST_ABOVE)
                x[FUNDAMENTAL_FREEDOM] = weight[0]
            # everything that sounds, and what other notes do
            x[ALL_LEVEL] = whole[t, WHOLE_LEVEL] - start
            x[ALL_FALL], x[ALL_RISE] = whole[t, WHOLE_FALL], whole[t, WHOLE_RISE]
            x[NOTES_BEGIN], x[NOTES_END] = whole[t, WHOLE_BEGIN], whole[t, WHOLE_END]
            # where the frame lies in the note
            late = first + j - written[n]
            x[LATE_NEAR], x[LATE_WIDE] = min(max(0.5 * late, -1.0), 1.0), np.tanh(0.1 * late)
            x[LATE_SHARE] = min(max(late / note_length, -1.0), 3.0)
            x[SINCE_ONSET] = 0.4 * np.log(max(first + j - onset[n], 0.0) + 1.0)
            x[UNTIL_STRUCK] = np.tanh(0.1 * (following[n] - first - j))


@numba.njit(cache=True)
def _find_early(levels, masking, band, onset, written):  # type: ignore[no-untyped-def]
    """Measure how far each note's free harmonics fall about the score's offset, and how fast they fell before.

    Returns:
        [N, 4] the fall, how free the harmonics are in it, the fall per frame before, how free they are then.
    """
    out = np.zeros((len(band), 4))
    last = levels.shape[0] - 1
    after, before, weight = np.zeros(_HARMONIC_COUNT), np.zeros(_HARMONIC_COUNT), np.zeros(_HARMONIC_COUNT)
    for n in range(len(band)):
        _find_bases(levels, band[n], onset[n], written[n], after, before)
        held = max(int(written[n]) - 2, int(onset[n]) + 2)
        t = min(held, last)
        _, there, free = _weigh(levels, masking, t, band[n], measure_presence(t, onset[n], written[n]), after, weight)
        t = min(held + 9, last)  # 140 ms after the score's offset
        _, then, free_then = _weigh(
            levels, masking, t, band[n], measure_presence(t, onset[n], written[n]), after, weight
        )
        out[n, _FALL], out[n, _FALL_FREEDOM] = then - there, min(free, free_then)
        out[n, _SLOPE] = there / max(held - onset[n] - 2.0, 3.0)
        out[n, _SLOPE_FREEDOM] = free if held - onset[n] > 6 else 0.0
    return out


def _find_hints(early: FloatArray, onset: FloatArray, written: FloatArray, pitch: IntArray, rate_hz: float) -> F32:
    """Compute the channels _HINTS, [N, 5] in their order, from `early` [N, 4] of `_find_early`; times [N] in frames."""
    width = _NEARBY_SEC * rate_hz
    fall, fall_weight = early[:, _FALL], early[:, _FALL_FREEDOM] + 1e-3
    hints = [
        (pitch - 60) / 24.0,
        0.5 * np.log((written - onset) / 15.0),
        _find_nearby(fall, fall_weight, written, width),
        np.full(len(onset), (fall * fall_weight).sum() / fall_weight.sum()),
        10.0 * _find_nearby(early[:, _SLOPE], early[:, _SLOPE_FREEDOM] + 1e-3, onset, width),
    ]
    return np.stack(hints, axis=1).astype(np.float32)


def _find_nearby(value: FloatArray, weight: FloatArray, frame: FloatArray, width_frame: float) -> FloatArray:
    """Average the values [N] of the notes about each note's frame [N], weighted [N]; returns [N].

    Near notes count more, by a Gaussian whose standard deviation is `width_frame`.
    """
    cell = width_frame / 4.0
    place = np.maximum(frame / cell, 0.0).astype(np.int64)
    count = int(place.max()) + 1
    sums = np.bincount(place, value * weight, count), np.bincount(place, weight, count)
    smooth = [scipy.ndimage.gaussian_filter1d(s, 4.0, mode="constant") for s in sums]
    return np.asarray(smooth[0][place] / np.maximum(smooth[1][place], 1e-9))
