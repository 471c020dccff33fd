"""Metrics of notes that are missing from a sound: how loud each note's own harmonics are, beside its neighbours'."""

import numpy as np
import numpy.typing as npt

from dp.units import FloatArray, IntArray, pitch_to_hz

HOLE_DB = 15.0  # a note that is more below its neighbours is a hole
NEIGHBOUR_COUNT = 4  # to either side
SHORTEST_SEC, LONGEST_SEC = 0.05, 0.4  # of a note, which are listened to
HARMONIC_COUNT, OTHER_COUNT = 8, 16  # of a note, and of those that sound meanwhile
WIDTH_CENT, WIDTH_BIN = 60.0, 1.5  # about a harmonic, whichever is wider
SHARED_CENT = 90.0  # a harmonic this near to one of another note does not count
_TOP_SHARE = 0.45  # of the sample rate, up to which harmonics count


def measure_note_levels_db(
    samples: npt.ArrayLike,
    sample_rate_hz: int,
    pitch: IntArray,
    onset_sec: FloatArray,
    offset_sec: FloatArray,
    tuning_cent: float = 0.0,
) -> FloatArray:
    """Measure how loud every note is while it sounds: the loudest harmonic that no other note shares.

    Args:
        samples: [L].
        sample_rate_hz: their rate.
        pitch: [N] MIDI pitches.
        onset_sec: [N] from sample 0.
        offset_sec: [N].
        tuning_cent: of the sound, from A = 440 Hz.

    Returns:
        [N] in dB of mean power; NaN where a note is not in the sound for SHORTEST_SEC. A note whose harmonics are all
        those of others, such as an octave, is as loud as they are.
    """
    sound = np.asarray(samples, dtype=np.float64)
    found = np.full(len(pitch), np.nan)
    last_sec = np.minimum(offset_sec, onset_sec + LONGEST_SEC)
    first = np.maximum(np.rint(onset_sec * sample_rate_hz).astype(np.int64), 0)
    end = np.minimum(np.rint(last_sec * sample_rate_hz).astype(np.int64), len(sound))
    hz = pitch_to_hz(pitch, tuning_cent / 100.0)
    for index in np.flatnonzero(end - first >= round(SHORTEST_SEC * sample_rate_hz)):
        part = sound[first[index] : end[index]]
        window = np.hanning(len(part) + 1)[:-1]
        power = 2.0 * np.abs(np.fft.rfft(part * window)) ** 2 / (len(part) * np.square(window).sum())
        others = (onset_sec < last_sec[index]) & (offset_sec > onset_sec[index]) & (pitch != pitch[index])
        harmonic_hz = _find_own_harmonics(float(hz[index]), hz[others], sample_rate_hz)
        found[index] = 10.0 * np.log10(_sum_about(power, harmonic_hz, sample_rate_hz / len(part)).max() + 1e-12)
    return found


def find_holes(level_db: FloatArray, onset_sec: FloatArray) -> npt.NDArray[np.bool_]:
    """Find notes more than HOLE_DB below the median of NEIGHBOUR_COUNT notes before and as many after, [n].

    Args:
        level_db: [N] of the notes; those that are NaN are left out, and n is how many are not.
        onset_sec: [N] by which they are ordered.
    """
    known = level_db[np.argsort(onset_sec, kind="stable")]
    known = known[np.isfinite(known)]
    holes = np.zeros(len(known), dtype=bool)
    for index, level in enumerate(known):
        before, after = known[max(index - NEIGHBOUR_COUNT, 0) : index], known[index + 1 : index + 1 + NEIGHBOUR_COUNT]
        around = np.concatenate([before, after])
        holes[index] = len(around) > 0 and level < np.median(around) - HOLE_DB
    return holes


def _find_own_harmonics(hz: float, other_hz: FloatArray, sample_rate_hz: int) -> FloatArray:
    """Find the harmonics of a note that no other note shares, in Hz; all of them where each is shared."""
    harmonic_hz = hz * np.arange(1, HARMONIC_COUNT + 1)
    harmonic_hz = harmonic_hz[(harmonic_hz < _TOP_SHARE * sample_rate_hz) | (harmonic_hz == hz)]
    theirs_hz = (other_hz[:, None] * np.arange(1, OTHER_COUNT + 1)).reshape(-1)
    apart_cent = 1200.0 * np.abs(np.log2(harmonic_hz[:, None] / theirs_hz))
    own = (apart_cent > SHARED_CENT).all(axis=1)
    return harmonic_hz[own] if own.any() else harmonic_hz


def _sum_about(power: FloatArray, harmonic_hz: FloatArray, bin_hz: float) -> FloatArray:
    """Sum a power spectrum about each harmonic, [H]."""
    width_hz = np.maximum(harmonic_hz * (2.0 ** (WIDTH_CENT / 1200.0) - 1.0), WIDTH_BIN * bin_hz)
    about = np.abs(np.arange(len(power)) * bin_hz - harmonic_hz[:, None]) <= width_hz[:, None]
    return np.asarray(about @ power)
