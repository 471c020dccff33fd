"""Sounds whose attacks, levels, vibrato and holes are known."""

from collections.abc import Sequence

import numpy as np

from dp.units import FloatArray, pitch_to_hz

RATE_HZ = 16000


def sum_partials(hz: float, time_sec: FloatArray, count: int = 12) -> FloatArray:
    """Partials 1 / n below the half of the rate."""
    partials = [n for n in range(1, count + 1) if n * hz < 0.47 * RATE_HZ]
    return np.sum([np.sin(2 * np.pi * n * hz * time_sec + n) / n for n in partials], axis=0)


def play_notes(
    pitches: Sequence[int], onsets_sec: Sequence[float], levels_db: Sequence[float], length_sec: float, rise_db: float
) -> FloatArray:
    """Tones that rise from -80 dB by `rise_db` every 10 ms, and end in 10 ms; their first partials are 0.1."""
    end_sec = max(onsets_sec) + length_sec + 0.3
    time_sec = np.arange(round(end_sec * RATE_HZ)) / RATE_HZ
    sound = 1e-6 * np.random.default_rng(0).normal(size=len(time_sec))
    for pitch, onset_sec, level_db in zip(pitches, onsets_sec, levels_db, strict=True):
        since_sec = time_sec - onset_sec
        gain_db = level_db + np.minimum(100.0 * rise_db * since_sec - 80.0, 0.0)
        end = np.clip((length_sec - since_sec) / 0.01, 0.0, 1.0)
        sounds = (since_sec >= 0) * end * 10.0 ** (gain_db / 20.0)
        sound += 0.1 * sounds * sum_partials(float(pitch_to_hz(pitch)), since_sec)
    return sound
