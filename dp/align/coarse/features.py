"""Compute how recordings and scores look to the coarse alignment: semitone bands and onsets, 50 frames a second.

The score's features come straight from its notes, nothing is synthesized. Letters: T frames, K bands.
"""

import itertools
from dataclasses import dataclass, fields
from typing import Protocol

import numba
import numpy as np
import numpy.typing as npt
import scipy.sparse

from dp.align.score_events import ScorePlan
from dp.align.spectrum import F32, HARMONIC_LEVEL, HARMONIC_SEMITONE, compute_magnitude_frames
from dp.types import Samples
from dp.units import FloatArray, IntArray, pitch_to_hz

F16 = npt.NDArray[np.float16]

HOP_SAMPLE = 441  # 20 ms at 22.05 kHz
# All values down to _BLOCK_FRAME are own choices; no comparison is recorded but where a line names one.
LOW_PITCH, HIGH_PITCH = 36, 120  # C2, 65 Hz, and C9, 8.4 kHz: lower notes are seen by their harmonics
BAND_COUNT = HIGH_PITCH - LOW_PITCH + 1
_SUSTAIN_SAMPLE, _ONSET_SAMPLE = 4096, 2048  # windows of 186 ms, with narrow bins, and of 93 ms, sharp in time
_ONSET_COMPRESSION = 1000.0  # as _COMPRESSION; more of it brings out soft onsets
_COMPRESSION = 300.0  # log(1 + 300 x) where x = 1 is the 90th percentile of the frames' loudest bands
# What a band seldom falls below is no music but resonance, room and noise; the compression lifts it to where music is.
_FLOOR_PERCENTILE = 20  # of a band's magnitudes over time; chosen on recordings of real pianos
_FLOOR_LIMIT = 0.1  # of the loud frames' level: what never falls below more than that is held, as drones are
_LOUD_PERCENTILE = 90  # of the frames by level: what counts as loud
_QUIET = 0.15  # share of the loud frames' length: frames below it count as pauses, their vectors are short
_ONSET_MEAN_FRAME = 51  # 1 s: onsets are measured against those around them
_HARMONICS = HARMONIC_SEMITONE, HARMONIC_LEVEL.astype(np.float32)
_DECAY_SEC = 3.0  # in which a held note of the score decays by a factor of e
_RINGING_SEC = 0.3  # in which what has ended decays by a factor of e, in rooms and on strings
_SCORE_COMPRESSION = 30.0  # log(1 + 30 x) where x = 1 is a fundamental at its onset
_SAME_QUARTER = 1e-6  # quarters: a note that ends so shortly after an event has ended there
_RISE_FRAME = 1  # onsets are the change from so far before to so far after
_MOST_GAIN_FRAME = 16
_BLOCK_FRAME = 512  # spectra in memory at once, 4 MB
_POOLED_AT_ONCE = 4096  # frames, 3 MB


@dataclass(frozen=True)
class Features:
    """Features of a recording or of a score; T frames, K = BAND_COUNT."""

    bands: F32  # [T, K] of length about 1; shorter in pauses, where a score's notes ring on
    onsets: F32  # [T, K] what begins at the frame, of length at most 1
    loudness: F32  # [T] about 1 where something sounds, about 0 in pauses

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.bands)

    def part(self, begin: int, end: int) -> "Features":
        """Give the frames begin to end - 1."""
        return Features(self.bands[begin:end], self.onsets[begin:end], self.loudness[begin:end])


class Frames(Protocol):
    """Features of T frames, kept, or computed where they are looked at: an hour of both sides would be 250 MB."""

    def __len__(self) -> int:
        """Count the frames."""

    def part(self, begin: int, end: int) -> Features:
        """Give the frames begin to end - 1."""


@dataclass(frozen=True)
class KeptFeatures:
    """Features of a whole recording in half precision, for they are what is longest in memory; T frames, K bands."""

    bands: F16  # [T, K] as in `Features`, as all of these
    onsets: F16  # [T, K]
    loudness: F32  # [T]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.bands)

    def part(self, begin: int, end: int) -> Features:
        """Give the frames begin to end - 1, in single precision."""
        bands, onsets = (values[begin:end].astype(np.float32) for values in (self.bands, self.onsets))
        return Features(bands, onsets, self.loudness[begin:end])

    def measure_activity(self) -> FloatArray:
        """Measure how much begins at each frame: [T]."""
        return _measure_length(self.onsets).astype(np.float64)


@dataclass(frozen=True)
class RecordingFeatures:
    """Features of a recording, in two ways that differ in their bands."""

    plain: KeptFeatures  # all that sounds
    clear: KeptFeatures  # without each band's floor: in dense, resonant music, what was played stands out


def compute_audio_features(samples: Samples, sample_rate_hz: int, tuning_semitone: float) -> RecordingFeatures:
    """Compute the features of a recording, T = 1 + L // HOP_SAMPLE frames.

    Args:
        samples: [L] mono.
        sample_rate_hz: of the samples.
        tuning_semitone: of the recording against A = 440 Hz.
    """
    # [T, K] where bands rise
    sharp = _compress(_compute_semitones(samples, sample_rate_hz, tuning_semitone, _ONSET_SAMPLE), _ONSET_COMPRESSION)
    onsets = np.zeros_like(sharp)
    inner = onsets[_RISE_FRAME:-_RISE_FRAME]
    np.subtract(sharp[2 * _RISE_FRAME :], sharp[: -2 * _RISE_FRAME], out=inner)
    np.maximum(inner, 0.0, out=inner)
    del sharp  # in an hour's recording 61 MB, as each of the others
    # [T] how much all bands rise, against the second around: only what stands out of it has a length near 1
    strength = _measure_length(onsets)
    kernel = np.ones(_ONSET_MEAN_FRAME) / _ONSET_MEAN_FRAME
    around = np.convolve(strength, kernel, "full")[_ONSET_MEAN_FRAME // 2 :][: len(strength)]
    onsets /= np.maximum(strength, 2.5 * around + 0.3 * strength.mean() + 1e-6)[:, None].astype(np.float32)
    kept = onsets.astype(np.float16)
    del onsets
    # [T, K] what sounds, with and without each band's floor
    level = _compute_semitones(samples, sample_rate_hz, tuning_semitone, _SUSTAIN_SAMPLE)
    clear = _scale(_subtract_floor(level), kept)
    return RecordingFeatures(_scale(level, kept), clear)


def _subtract_floor(bands: F32) -> F32:
    """Subtract from each band what it seldom falls below: magnitudes [T, K] in and out."""
    floor = np.array([np.percentile(band, _FLOOR_PERCENTILE) for band in bands.T])
    limit = _FLOOR_LIMIT * np.percentile(bands.max(axis=1), _LOUD_PERCENTILE)
    above = bands - np.minimum(floor, limit).astype(np.float32)
    return np.maximum(above, np.float32(0.0), out=above)


def _scale(bands: F32, onsets: F16) -> KeptFeatures:
    """Compress magnitudes [T, K] and bring loud frames to a length of about 1, both in place; onsets [T, K] stay."""
    _compress(bands, _COMPRESSION)
    length = _measure_length(bands)
    bands /= (length + _QUIET * np.percentile(length, _LOUD_PERCENTILE) + 1e-9)[:, None].astype(np.float32)
    return KeptFeatures(bands.astype(np.float16), onsets, _measure_length(bands))


@dataclass(frozen=True)
class PlayedScore:
    """A score that is played at given times; N notes, T frames, which are computed where they are looked at."""

    lowest_band: IntArray  # [N] of the fundamentals
    first_frame: IntArray  # [N]
    end_frame: IntArray  # [N] the first one after a note's end
    loudness: F32  # [T] whether any note sounds by the score
    decay: F32  # [T + 1] level by frame since an onset
    ringing: F32  # level by frame since an end, against the level then

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.loudness)

    def part(self, begin: int, end: int) -> Features:
        """Compute the frames begin to end - 1."""
        near = np.flatnonzero((self.first_frame <= end) & (self.end_frame + len(self.ringing) > begin))
        first_frame, end_frame = self.first_frame[near] - begin, self.end_frame[near] - begin
        bands = np.zeros((end - begin, BAND_COUNT), np.float32)
        onsets = np.zeros_like(bands)
        _play(bands, onsets, self.lowest_band[near], first_frame, end_frame, self.decay, self.ringing, *_HARMONICS)
        bands = _score_level(bands)
        onsets /= np.maximum(_measure_length(onsets), 1.0)[:, None]
        return Features(bands, onsets, self.loudness[begin:end])


def play_score(
    plan: ScorePlan, onset_sec: FloatArray, end_sec: FloatArray, frame_count: int, shift: int, hop_sec: float
) -> PlayedScore:
    """Play a score at given times.

    Args:
        plan: of the score; N notes.
        onset_sec: [N] when its notes begin.
        end_sec: [N] when they end.
        frame_count: T.
        shift: semitones by which the notes sound higher than written.
        hop_sec: from one frame to the next.
    """
    # [N] the notes' first frames, and the first ones after their ends
    first_frame = np.maximum(np.rint(onset_sec / hop_sec).astype(np.int64), 0)
    end_frame = np.maximum(np.rint(end_sec / hop_sec).astype(np.int64), first_frame + 1)
    end_frame = np.minimum(end_frame, np.maximum(first_frame + 1, frame_count))  # no longer than needed
    # Levels since an onset [T + 1], and since an end
    decay = np.exp(np.arange(frame_count + 1) * (-hop_sec / _DECAY_SEC)).astype(np.float32)
    ringing = np.exp(-np.arange(1, round(4 * _RINGING_SEC / hop_sec)) * (hop_sec / _RINGING_SEC)).astype(np.float32)
    # [T] whether any note sounds by the score
    begun = np.bincount(np.minimum(first_frame, frame_count), minlength=frame_count + 1)
    ended = np.bincount(np.minimum(end_frame, frame_count), minlength=frame_count + 1)
    sounding = np.cumsum(begun - ended)[:frame_count] > 0
    loudness = sounding.astype(np.float32)
    return PlayedScore(plan.pitch + shift - LOW_PITCH, first_frame, end_frame, loudness, decay, ringing)


def compute_event_bands(plan: ScorePlan, shift_semitone: int) -> F32:
    """Compute the bands [E, K], of length 1, of what sounds at every event of a score, as if nothing decayed.

    The notes sound `shift_semitone` higher than written.
    """
    count = len(plan.event_quarter)
    bands = np.zeros((count, BAND_COUNT), np.float32)
    end = np.maximum(np.searchsorted(plan.event_quarter, plan.end_quarter - _SAME_QUARTER), plan.event + 1)
    band, unused = plan.pitch + shift_semitone - LOW_PITCH, np.zeros_like(bands)
    level, nothing = np.ones(count + 1, np.float32), np.zeros(0, np.float32)
    _play(bands, unused, band, plan.event, end, level, nothing, *_HARMONICS)
    return _score_level(bands)


def _score_level(bands: F32) -> F32:
    """Compress harmonics [T, K] as a recording's bands are, and bring every frame to length 1, both in place."""
    bands *= np.float32(_SCORE_COMPRESSION)
    np.log1p(bands, out=bands)
    bands /= np.maximum(_measure_length(bands), 1e-6)[:, None]
    return bands


@numba.njit(cache=True)
def _play(  # type: ignore[no-untyped-def]
    bands, onsets, lowest_band, first_frame, end_frame, decay, ringing, harmonic_semitone, harmonic_level
):
    """Write the harmonics [H] of notes [N] into bands and onsets [T, K]; of several at one place the loudest counts.

    Notes may begin before the first frame (negative) and end after the last one. `decay` and `ringing` are levels by
    frame since a note's onset, and since its end against its level then.
    """
    frame_count, band_count = bands.shape
    for note in range(len(lowest_band)):
        for h in range(len(harmonic_semitone)):
            band = lowest_band[note] + harmonic_semitone[h]
            if band < 0 or band >= band_count:
                continue
            level, first = harmonic_level[h], first_frame[note]
            # [T] the note itself, dying away as it is held
            for t in range(max(first, 0), min(end_frame[note], frame_count)):
                bands[t, band] = max(bands[t, band], decay[t - first] * level)
            # [T] what rings on after its end
            last = decay[end_frame[note] - first - 1] * level
            for t in range(max(end_frame[note], 0), min(end_frame[note] + len(ringing), frame_count)):
                bands[t, band] = max(bands[t, band], last * ringing[t - end_frame[note]])
            # [T] its onset, which may be heard a frame early or late
            for t in range(max(first - 1, 0), min(first + 2, frame_count)):
                share = np.float32(1.0) if t == first else np.float32(0.5)
                onsets[t, band] = max(onsets[t, band], share * level)


@dataclass(frozen=True)
class Pooled:
    """Frames that are averages over `factor` frames each, computed where they are looked at."""

    frames: Frames  # T become T / factor, rounded up
    factor: int

    def __len__(self) -> int:
        """Count the frames."""
        return -(-len(self.frames) // self.factor)

    def part(self, begin: int, end: int) -> Features:
        """Compute the frames begin to end - 1, from some thousand of the single ones at once."""
        step, factor = max(_POOLED_AT_ONCE // self.factor, 1), self.factor
        edges = [*range(begin, end, step), end]
        parts = [
            _average_features(self.frames.part(first * factor, min(last * factor, len(self.frames))), factor)
            for first, last in itertools.pairwise(edges)
        ]
        joined = (np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Features))
        return parts[0] if len(parts) == 1 else Features(*joined)


def pool_features(frames: Frames, factor: int) -> Features:
    """Average all frames over `factor` frames each: T frames become T / factor, rounded up."""
    pooled = Pooled(frames, factor)
    return pooled.part(0, len(pooled))


def _average_features(features: Features, factor: int) -> Features:
    """Average features over `factor` frames each; loud frames keep a length of about 1."""
    if factor == 1:
        return features
    bands, onsets = _average(features.bands, factor), _average(features.onsets, factor)
    # Onsets are sparse: their mean fades. In more than _MOST_GAIN_FRAME, chance onsets would outweigh what sounds.
    gain = np.float32(min(factor, _MOST_GAIN_FRAME) ** (0.5 if factor >= 16 else 0.25))
    bands /= np.maximum(_measure_length(bands), 0.3)[:, None]
    return Features(bands, onsets * gain, _average(features.loudness[:, None], factor)[:, 0])


def _average(values: F32, factor: int) -> F32:
    """Average [T, K] over `factor` frames each; beyond the last frame there is 0."""
    whole = len(values) // factor
    out = np.zeros((-(-len(values) // factor), values.shape[1]), np.float32)
    np.mean(values[: whole * factor].reshape(whole, factor, values.shape[1]), axis=1, out=out[:whole])
    out[whole:] = values[whole * factor :].sum(axis=0) / np.float32(factor)  # no row where nothing is left
    return out


def _measure_length(vectors: F32 | F16) -> F32:
    """Compute the Euclidean length [T] of vectors [T, K]."""
    out = np.empty(len(vectors), np.float32)
    for at in range(0, len(vectors), _BLOCK_FRAME):
        part = slice(at, at + _BLOCK_FRAME)
        out[part] = np.sqrt((vectors[part].astype(np.float32, copy=False) ** 2).sum(axis=1))
    return out


def _compress(bands: F32, compression: float) -> F32:
    """Compress magnitudes [T, K] in place to log(1 + `compression` * x); x = 1 is a loud frame's loudest band."""
    loud = np.percentile(bands.max(axis=1), _LOUD_PERCENTILE) + 1e-9
    bands *= np.float32(compression / loud)
    return np.log1p(bands, out=bands)


def _compute_semitones(samples: Samples, sample_rate_hz: int, tuning_semitone: float, window_sample: int) -> F32:
    """Compute magnitudes [T, K] in semitone bands from samples [L].

    A band is a triangle that reaches one semitone to either side, or one bin where semitones are narrower.
    """
    bank = _filter_bank(sample_rate_hz, tuning_semitone, window_sample)
    frame_count = len(samples) // HOP_SAMPLE + 1
    out = np.empty((frame_count, BAND_COUNT), np.float32)
    for at in range(0, frame_count, _BLOCK_FRAME):
        count = min(_BLOCK_FRAME, frame_count - at)
        out[at : at + count] = (bank @ compute_magnitude_frames(samples, at, count, window_sample, HOP_SAMPLE).T).T
    return out


def _filter_bank(sample_rate_hz: int, tuning_semitone: float, window_sample: int) -> scipy.sparse.csr_matrix:
    """Make the weights [K, window_sample // 2 + 1] of the bins in each semitone band; each band's add up to 1."""
    bin_hz = sample_rate_hz / window_sample
    frequency_hz = np.arange(window_sample // 2 + 1) * bin_hz
    center_hz = pitch_to_hz(np.arange(LOW_PITCH, HIGH_PITCH + 1), tuning_semitone)[:, None]
    width_hz = np.maximum(center_hz * (2.0 ** (1 / 12) - 1.0), bin_hz)
    weight = np.maximum(1.0 - np.abs(frequency_hz - center_hz) / width_hz, 0.0)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    return scipy.sparse.csr_matrix(weight.astype(np.float32))
