"""When notes are heard to begin: a bow speaks later than it is put down, each time by another lag.

Aligned onsets are those of a score's beats as they are heard together. A voice that learned from them alone would learn
the mean of early and late attacks, which is a soft one; so each training note is taken at the steepest rise of its own
partials near its onset.
"""

import numpy as np

from dp.data.voices import VoiceRecording
from dp.units import FloatArray, IntArray, pitch_to_hz

_WINDOW_SEC, _HOP_SEC = 0.032, 0.004
_SEARCH_SEC = (-0.06, 0.09)  # around the aligned onset
_EXPECTED_LAG_SEC, _LAG_SPREAD_SEC = 0.01, 0.025  # where a rise counts most
_MAX_LAG_SEC = (-0.05, 0.07)
_PARTIAL_COUNT = 16
_TOP_HZ = 7000.0
_NEAR_HZ = 45.0  # a partial this near to one of another note does not tell
_FLOOR = 0.02
_LEAST_TELLING = 0.8  # sum of weights of partials below which the whole spectrum is taken


def find_lags(recording: VoiceRecording, sample_rate_hz: int) -> FloatArray:
    """Find how much later than aligned each note begins, [N] seconds; mostly positive."""
    window = int(_WINDOW_SEC * sample_rate_hz)
    notes = recording.performed
    hz = pitch_to_hz(notes.pitch, recording.tuning_cent / 100.0)
    lags, rises = np.zeros(len(notes)), np.zeros(len(notes))
    for index in range(len(notes)):
        times = notes.onset_sec[index] + np.arange(*_SEARCH_SEC, _HOP_SEC)
        spectra = _compute_spectra(recording.samples, times, window, sample_rate_hz)
        level = _measure_level(spectra, index, hz, notes.onset_sec, notes.offset_sec, sample_rate_hz / (2 * window))
        level = np.convolve(np.pad(level, 2, mode="edge"), np.array([1, 2, 3, 2, 1]) / 9, "valid")
        rise = level[2:] - level[:-2]
        since = times[1:-1] - notes.onset_sec[index]
        best = int(np.argmax(rise * np.exp(-0.5 * ((since - _EXPECTED_LAG_SEC) / _LAG_SPREAD_SEC) ** 2)))
        lags[index], rises[index] = np.clip(since[best], *_MAX_LAG_SEC), rise[best]
    clear = rises > np.percentile(rises, 10) if len(rises) else rises > 0
    return np.asarray(np.where(clear, lags, np.median(lags[clear]) if clear.any() else 0.0))


def _compute_spectra(samples: np.ndarray, times: FloatArray, window: int, rate_hz: int) -> np.ndarray:
    """Compute magnitudes [times, window + 1] of windows centred at times, padded to twice their length."""
    begins = np.rint(times * rate_hz).astype(int) - window // 2
    places = np.clip(begins[:, None] + np.arange(window), 0, len(samples) - 1)
    return np.abs(np.fft.rfft(samples[places] * np.hanning(window), 2 * window, axis=1))


def _measure_level(
    spectra: np.ndarray, index: int, hz: FloatArray, onset: FloatArray, offset: FloatArray, bin_hz: float
) -> FloatArray:
    """Measure the log level of a note's own partials at each time; of the whole spectrum where it has none alone."""
    partials = hz[index] * np.arange(1, _PARTIAL_COUNT + 1)
    partials = partials[partials < _TOP_HZ]
    weight = np.ones(len(partials))
    for other in _find_sounding(index, onset, offset):
        number = np.maximum(np.round(partials / hz[other]), 1)
        weight *= np.where(np.abs(number * hz[other] - partials) < _NEAR_HZ, 0.1, 1.0)
    if weight.sum() < _LEAST_TELLING:
        inside = slice(int(200 / bin_hz), int(_TOP_HZ / bin_hz))
        return np.asarray(np.log(spectra[:, inside] + _FLOOR).mean(axis=1))
    bins = np.rint(partials / bin_hz).astype(int)
    peaks = np.max([spectra[:, np.clip(bins + step, 0, spectra.shape[1] - 1)] for step in (-1, 0, 1)], axis=0)
    return np.asarray((np.log(peaks + _FLOOR) * weight).sum(axis=1) / weight.sum())


def _find_sounding(index: int, onset: FloatArray, offset: FloatArray) -> IntArray:
    """Find the neighbours that sound about a note's onset."""
    near = np.arange(max(index - 8, 0), min(index + 9, len(onset)))
    sounds = (offset[near] > onset[index] - 0.06) & (onset[near] < onset[index] + 0.1) & (near != index)
    return near[sounds]
