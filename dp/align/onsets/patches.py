"""Compute what a note's onset looks like: twelve curves on a 5 ms grid around a given time, the input of the onset net.

Energies are logarithms of magnitudes, but for AGAINST_ALL minus their mean over the surrounding 0.6 s: loudness, and
how far the harmonics of an instrument lie apart in level, do not matter, only the change. The mean moves with the
frame, so a frame's value does not depend on where the patch begins.

Letters: N notes of a query, n of one stretch, P pitches, C channels, H harmonics, F frames of a stretch, T of a patch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from dp.align.score_events import NO_PITCH, NoteContext
from dp.align.spectrum import F32, compute_magnitude_frames
from dp.types import Samples
from dp.units import IntArray, pitch_to_hz

# The channels of a patch, as the onset net was trained with them. Long and short say through which window.
OWN_SHORT, OWN_LONG = 0, 1  # energy at the note's harmonics
OWN_LOW_LONG = 2  # energy at its first two harmonics
OWN_FREE_LONG = 3  # energy at those of its harmonics that no other note near it shares
BEFORE_LONG, CHORD_LONG, AFTER_LONG = 4, 5, 6  # energy at the harmonics of the pitches before, at once, and after
ALL_SHORT, HIGH_SHORT = 7, 8  # energy of everything, and of everything above HIGH_HZ
FLUX_SHORT = 9  # spectral flux of everything
OWN_FLUX_SHORT = 10  # flux at the note's harmonics
AGAINST_ALL = 11  # energy at the note's harmonics against everything, long window
CHANNEL_COUNT = 12
_OF_PITCH = (OWN_SHORT, OWN_LONG, OWN_LOW_LONG, OWN_FLUX_SHORT, AGAINST_ALL)  # those that depend on one pitch alone
_OF_ALL = (ALL_SHORT, HIGH_SHORT, FLUX_SHORT)  # those that depend on no pitch
_LONG_OF_PITCH = _OF_PITCH.index(OWN_LONG)

# The onset net was trained with these values: a change of one needs new weights. All are own choices; no comparison is
# recorded.
HOP_SAMPLE = 110  # 4.99 ms at 22.05 kHz
SHORT_SAMPLE, LONG_SAMPLE = 1024, 2048  # windows of 46 and 93 ms: one is sharp in time, the other in pitch
HARMONIC_COUNT = 6  # of a note, its fundamental included
_LOW_COUNT = 2  # harmonics of OWN_LOW_LONG
HIGH_HZ = 4000.0  # from here on, of HIGH_SHORT
MEAN_FRAME = 60  # 0.3 s: the moving mean reaches this far to either side
_FLOOR = 1e-3  # of magnitudes; a full-scale sine has 256 and 512
_FLUX_SCALE, _ENERGY_SCALE = 5.0, 0.5  # bring all channels to about unit size
_AGAINST_ALL = 3.0  # what an own harmonic is below everything, about; natural logarithm
_MISTUNED = 0.0145  # 25 cents: how far from the recording's tuning single notes may be; the loudest bin counts
_SHARED_BIN, _SHARED = 1.6, 0.03  # harmonics closer than this, in bins of the long window or relatively, are shared
_BLOCK_FRAME = 2600  # spectra held at once: 13 s
_CACHED_FRAME = 32  # spectra that stay in the cache while all harmonics are looked up in them
_NOTES_AT_ONCE = 256  # of a stretch: bounds the memory that their patches take


@dataclass(frozen=True)
class OnsetQuery:
    """Where to look for which notes; N notes."""

    pitch: IntArray  # [N] as it sounds in the recording
    center_frame: IntArray  # [N] on the 5 ms grid
    context: NoteContext  # the other pitches, as they sound


def iterate_onset_patches(
    samples: Samples, sample_rate_hz: int, query: OnsetQuery, tuning_semitone: float, half: int
) -> Iterator[tuple[IntArray, F32]]:
    """Yield (indices [n] into the query, patches [n, CHANNEL_COUNT, 2 * half + 1]).

    Every note comes once, in order of time. A patch is the centre frame and `half` frames to either side.

    Args:
        samples: [L] mono, at LEVEL_RMS.
        sample_rate_hz: of the samples.
        query: N notes.
        tuning_semitone: how far the recording is above A = 440 Hz.
        half: frames to either side.
    """
    order = np.argsort(query.center_frame, kind="stable")
    begin = query.center_frame[order] - half
    others = np.concatenate([query.context.before, query.context.chord, query.context.after], axis=1)
    at = 0
    while at < len(order):
        # A stretch [n]: notes so near each other in time that they share spectra
        first = int(begin[at])
        end = min(int(np.searchsorted(begin, first + _BLOCK_FRAME, side="right")), at + _NOTES_AT_ONCE)
        apart = np.flatnonzero(np.diff(begin[at:end]) > 2 * (half + MEAN_FRAME))  # nothing between is needed
        end = end if len(apart) == 0 else at + int(apart[0]) + 1
        chosen = order[at:end]
        # What all pitches [P] of these notes, and of those about them, show over the stretch
        pitches = np.unique(np.append(query.pitch[chosen], others[chosen]))
        pitches = pitches[pitches != NO_PITCH]
        block = _Block(samples, sample_rate_hz, first, int(begin[end - 1]) + 2 * half + 1 - first)
        curves = block.curves(pitches, tuning_semitone)
        # Each note's window out of it, [n, C, 2 * half + 1]
        patches = np.empty((len(chosen), CHANNEL_COUNT, 2 * half + 1), np.float32)
        rows = [_rows(pitches, p[chosen]) for p in (query.pitch, *query.context.parts())]
        _fill(patches, begin[at:end] - first, *rows, *curves)
        yield chosen, patches
        at = end


def _rows(pitches: IntArray, wanted: IntArray) -> IntArray:
    """Find where wanted pitches, of any shape, stand among all [P]; -1 for NO_PITCH."""
    return np.where(wanted == NO_PITCH, -1, np.searchsorted(pitches, wanted))


class _Block:
    """Spectra of one stretch of the recording, MEAN_FRAME longer at either end."""

    def __init__(self, samples: Samples, sample_rate_hz: int, first: int, count: int) -> None:
        """Compute the spectra of F = `count` frames from `first` on, and the channels _OF_ALL [3, F]."""
        self._rate = sample_rate_hz
        begin, total = first - MEAN_FRAME, count + 2 * MEAN_FRAME
        self._short = compute_magnitude_frames(samples, begin - 1, total + 1, SHORT_SAMPLE, HOP_SAMPLE)
        self._long = _every_other(samples, begin, total)
        high_bin = int(HIGH_HZ * SHORT_SAMPLE / sample_rate_hz)
        flux, everything, high = _compute_common(self._short, np.log(self._short + np.float32(_FLOOR)), high_bin)
        self._everything = 0.5 * np.log(everything + _FLOOR)
        high = 0.5 * np.log(high + _FLOOR)
        inner = flux[MEAN_FRAME : MEAN_FRAME + count]
        self._of_all = np.stack([*_center(np.stack([self._everything, high])), _FLUX_SCALE * inner])

    def curves(self, pitches: IntArray, tuning_semitone: float) -> tuple[np.ndarray, ...]:
        """Compute what `_fill` needs of the given pitches [P].

        Returns:
            The channels _OF_ALL [3, F] and _OF_PITCH [P, 5, F]; harmonics [P, H, F + 2 * MEAN_FRAME], logarithms of
            magnitudes, with their places [P, H] in bins and weights [P, H].
        """
        # Through the short window: energies [P, F + 2 * MEAN_FRAME] and how they rise
        short, weight, _ = self._harmonics(self._short, pitches, tuning_semitone, SHORT_SAMPLE)
        rise = (np.maximum(short[:, :, 2:] - short[:, :, :-2], 0.0) * weight[:, :, None]).sum(axis=1)
        short_mean = (short[:, :, 1:] * weight[:, :, None]).sum(axis=1)
        # Through the long one: energies [P, F + 2 * MEAN_FRAME], and these against everything [P, F]
        long, weight, place = self._harmonics(self._long, pitches, tuning_semitone, LONG_SAMPLE)
        long_mean = (long * weight[:, :, None]).sum(axis=1)
        count = self._of_all.shape[1]
        inner = slice(MEAN_FRAME, MEAN_FRAME + count)
        against = _ENERGY_SCALE * (long_mean - self._everything + _AGAINST_ALL)[:, inner]
        rise = _FLUX_SCALE * 0.5 * rise[:, inner]
        low_mean = long[:, :_LOW_COUNT].mean(axis=1)
        of_pitch = np.stack([_center(short_mean), _center(long_mean), _center(low_mean), rise, against], axis=1)
        return self._of_all.astype(np.float32), of_pitch.astype(np.float32), long, place, weight

    def _harmonics(
        self, magnitude: F32, pitches: IntArray, tuning_semitone: float, window_sample: int
    ) -> tuple[F32, F32, F32]:
        """Look up the harmonics of pitches [P] in magnitudes [T, bins].

        Returns:
            Log magnitudes [P, H, T], weights [P, H] that add up to 1 a pitch, places [P, H] in bins.
        """
        number = np.arange(1, HARMONIC_COUNT + 1)
        hz = pitch_to_hz(pitches, tuning_semitone)
        place = hz[:, None] * number * window_sample / self._rate
        last = window_sample // 2 - 2
        weight = np.where(place < last, 1.0 / np.sqrt(number), 0.0)
        weight[:, 0] = 1.0  # a fundamental above the spectrum: its last bin
        place = np.minimum(place, last)
        low = np.minimum(np.floor(place), np.rint(place * (1.0 - _MISTUNED))).astype(np.int64)
        high = np.maximum(np.ceil(place), np.rint(place * (1.0 + _MISTUNED))).astype(np.int64)
        weight /= weight.sum(axis=1, keepdims=True)
        loudest = _find_loudest(magnitude, low, np.minimum(high, window_sample // 2 - 1))
        return np.log(loudest + np.float32(_FLOOR)), weight.astype(np.float32), place.astype(np.float32)


def _every_other(samples: Samples, begin: int, count: int) -> F32:
    """Compute magnitudes [count, bins] through the long window, from frame `begin` on.

    Every other frame is the mean of its neighbours: the window is slow enough for that.
    """
    first = begin // 2
    coarse = compute_magnitude_frames(samples, first, (begin + count) // 2 + 1 - first, LONG_SAMPLE, 2 * HOP_SAMPLE)
    out = np.empty((2 * len(coarse) - 1, coarse.shape[1]), np.float32)
    out[::2] = coarse
    np.add(coarse[1:], coarse[:-1], out=out[1::2])
    out[1::2] *= 0.5
    return out[begin - 2 * first :][:count]


@numba.njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _compute_common(magnitude, log_magnitude, high_bin):  # type: ignore[no-untyped-def]
    """Compute what does not depend on pitch from magnitudes [T + 1, bins], whose first frame is the one before.

    Returns:
        Mean rise of the log magnitudes since the frame before, power of all bins, power from `high_bin` up; [T] each.
    """
    frame_count, bin_count = len(magnitude) - 1, magnitude.shape[1]
    flux = np.zeros(frame_count, np.float32)
    everything, high = np.zeros_like(flux), np.zeros_like(flux)
    for t in range(frame_count):
        rise, low_power, high_power = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for k in range(bin_count):
            rise += max(log_magnitude[t + 1, k] - log_magnitude[t, k], np.float32(0.0))
        for k in range(high_bin):
            low_power += magnitude[t + 1, k] ** 2
        for k in range(high_bin, bin_count):
            high_power += magnitude[t + 1, k] ** 2
        flux[t], everything[t], high[t] = rise / bin_count, low_power + high_power, high_power
    return flux, everything, high


@numba.njit(cache=True)
def _find_loudest(magnitude, low, high):  # type: ignore[no-untyped-def]
    """Find the largest [P, H, T] of the bins low to high [P, H] of magnitudes [T, bins]."""
    out = np.empty((*low.shape, len(magnitude)), np.float32)
    for begin in range(0, len(magnitude), _CACHED_FRAME):
        end = min(begin + _CACHED_FRAME, len(magnitude))
        for p in range(low.shape[0]):
            for h in range(low.shape[1]):
                for t in range(begin, end):
                    largest = magnitude[t, low[p, h]]
                    for k in range(low[p, h] + 1, high[p, h] + 1):
                        largest = max(largest, magnitude[t, k])
                    out[p, h, t] = largest
    return out


def _center(level: np.ndarray) -> np.ndarray:
    """Scale levels [..., T] and subtract their moving mean: [..., T - 2 * MEAN_FRAME], shorter at both ends alike."""
    width = 2 * MEAN_FRAME + 1
    total = np.zeros((*level.shape[:-1], level.shape[-1] + 1))
    np.cumsum(level, axis=-1, out=total[..., 1:], dtype=np.float64)
    mean = (total[..., width:] - total[..., :-width]) / width
    return _ENERGY_SCALE * (level[..., MEAN_FRAME:-MEAN_FRAME] - mean)


@numba.njit(cache=True)
def _fill(patches, begin, pitch, before, chord, after, of_all, of_pitch, harmonics, place, weight):  # type: ignore[no-untyped-def]
    """Write all channels of patches [n, C, T]; `pitch` [n] and the pitches about it [n, 4] count rows of [P]."""
    frame_count = patches.shape[2]
    width = 2 * MEAN_FRAME + 1
    free = np.empty(frame_count + 2 * MEAN_FRAME)
    for n in range(len(patches)):
        a = begin[n]
        # [T] each: what is the same for all notes, or for all notes of this pitch
        for t in range(frame_count):
            for c in range(len(_OF_PITCH)):
                patches[n, _OF_PITCH[c], t] = of_pitch[pitch[n], c, a + t]
            for c in range(len(_OF_ALL)):
                patches[n, _OF_ALL[c], t] = of_all[c, a + t]
        # [T] each: the mean energy of the pitches about the note
        for c, others in ((BEFORE_LONG, before[n]), (CHORD_LONG, chord[n]), (AFTER_LONG, after[n])):
            count = 0
            patches[n, c] = 0.0
            for p in others:
                if p >= 0:
                    count += 1
                    for t in range(frame_count):
                        patches[n, c, t] += of_pitch[p, _LONG_OF_PITCH, a + t]
            for t in range(frame_count):
                patches[n, c, t] /= max(count, 1)
        # [T + 2 * MEAN_FRAME] the note's harmonics that lie beside all those of the pitches before and at once
        total = 0.0
        free[:] = 0.0
        for h in range(HARMONIC_COUNT):
            share = weight[pitch[n], h]
            for others in (before[n], chord[n]):
                for p in others:
                    if p >= 0:
                        for k in range(HARMONIC_COUNT):
                            if abs(place[p, k] - place[pitch[n], h]) < max(_SHARED_BIN, _SHARED * place[p, k]):
                                share = 0.0
            if share > 0.0:
                total += share
                for t in range(len(free)):
                    free[t] += share * harmonics[pitch[n], h, a + t]
        if total == 0.0:  # it has none of its own: all its harmonics
            patches[n, OWN_FREE_LONG] = patches[n, OWN_LONG]
            continue
        # [T] these minus their moving mean
        mean = 0.0
        for t in range(width):
            mean += free[t]
        for t in range(frame_count):
            patches[n, OWN_FREE_LONG, t] = _ENERGY_SCALE * (free[t + MEAN_FRAME] - mean / width) / total
            if t + 1 < frame_count:
                mean += free[t + width] - free[t]
