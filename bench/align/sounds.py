"""Recordings that hold no music: what an aligner must refuse whatever the score."""

from collections.abc import Callable

import numpy as np
import scipy.signal

from bench.align.rendering import F32

RATE_HZ = 22050
_FORMANTS_HZ = ((270, 2290, 3010), (530, 1840, 2480), (730, 1090, 2440), (300, 870, 2240), (640, 1190, 2390))


def noise(length_sec: float, rng: np.random.Generator) -> F32:
    """Steady noise, from white to brown."""
    spectrum = np.fft.rfft(rng.standard_normal(int(length_sec * RATE_HZ)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 20.0) ** rng.uniform(0.0, 1.0)
    return _at_level(np.fft.irfft(spectrum))


def speech(length_sec: float, rng: np.random.Generator) -> F32:
    """Something like speech: pulses of a gliding pitch through formants, syllable by syllable, with pauses."""
    parts, length = [], 0
    while length < length_sec * RATE_HZ:
        count = int(rng.uniform(0.09, 0.32) * RATE_HZ)
        if rng.random() < 0.18:
            part = 1e-4 * rng.standard_normal(count)  # a pause
        else:
            glide = np.linspace(rng.uniform(90, 210), rng.uniform(90, 210), count)
            pulses = np.diff(np.floor(np.cumsum(glide) / RATE_HZ), prepend=0.0)
            formants_hz = np.array(_FORMANTS_HZ[rng.integers(len(_FORMANTS_HZ))]) * rng.uniform(0.9, 1.1)
            part = np.sum([_band(pulses, hz) for hz in formants_hz], axis=0)
            hiss = rng.standard_normal(count) * (np.arange(count) < 0.06 * RATE_HZ) * (rng.random() < 0.5)
            part = (part + 0.02 * _band(hiss, 5000.0)) * np.hanning(count) ** 0.5
        parts.append(part)
        length += count
    return _at_level(np.concatenate(parts))


def applause(length_sec: float, rng: np.random.Generator) -> F32:
    """Hundreds of hands: short bursts of noise at random times."""
    count = int(length_sec * RATE_HZ)
    claps = np.zeros(count)
    at = rng.integers(0, count, int(length_sec * rng.uniform(40, 200)))
    np.add.at(claps, at, rng.lognormal(0.0, 0.7, len(at)))
    burst = rng.standard_normal(400) * np.exp(-np.arange(400) / 60.0)
    return _at_level(_band(scipy.signal.oaconvolve(claps, burst)[:count], rng.uniform(900, 1800)))


def clicks(length_sec: float, rng: np.random.Generator) -> F32:
    """Near silence with clicks, as of a needle in an empty groove."""
    count = int(length_sec * RATE_HZ)
    samples = 1e-3 * rng.standard_normal(count)
    at = rng.integers(0, count, int(length_sec * rng.uniform(1, 6)))
    samples[at] += rng.choice([-1.0, 1.0], len(at)) * rng.uniform(0.2, 1.0, len(at))
    return _at_level(scipy.signal.lfilter([0.6], [1.0, -0.4], samples))


SOUNDS: dict[str, Callable[[float, np.random.Generator], F32]] = {
    "noise": noise,
    "speech": speech,
    "applause": applause,
    "clicks": clicks,
}


def _band(samples: np.ndarray, center_hz: float) -> np.ndarray:
    numerator, denominator = scipy.signal.iirpeak(center_hz, 4.0, fs=RATE_HZ)
    return np.asarray(scipy.signal.lfilter(numerator, denominator, samples))


def _at_level(samples: np.ndarray) -> F32:
    level: F32 = (0.5 * samples / np.abs(samples).max()).astype(np.float32)
    return level
