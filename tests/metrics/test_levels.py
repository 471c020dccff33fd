import math

import numpy as np
import pytest

from dp.metrics.levels import compute_level_db, correlate_levels
from dp.units import FloatArray

RATE_HZ = 16000
ONSETS_SEC = np.arange(8) * 0.5
LEVELS_DB = np.array([0.0, -6.0, -3.0, -12.0, 0.0, -9.0, -6.0, -3.0])


def play(levels_db: FloatArray, fall_db: float) -> FloatArray:
    """Noise in steps of half a second, that falls within each by `fall_db`."""
    time_sec = np.arange(4 * RATE_HZ) / RATE_HZ
    gain_db = levels_db[(time_sec / 0.5).astype(int)] - fall_db * (time_sec % 0.5) / 0.5
    return np.random.default_rng(3).normal(size=len(time_sec)) * 10.0 ** (gain_db / 20.0)


def test_the_level_of_a_sine_is_half_its_square_and_60_db_down_it_ends() -> None:
    sine = np.sin(2 * np.pi * 400 * np.arange(RATE_HZ) / RATE_HZ)
    level_db = compute_level_db(np.concatenate([0.1 * sine, 1e-6 * sine]), RATE_HZ)
    assert level_db[10] == pytest.approx(-23.01, abs=0.01)
    assert level_db[-1] == pytest.approx(-83.01, abs=0.01)
    assert len(level_db) == (2 * RATE_HZ - 800) // 160 + 1
    assert np.array_equal(compute_level_db(0 * sine, RATE_HZ), np.zeros(96))


def test_the_same_sound_at_another_gain_correlates_wholly() -> None:
    sound = play(LEVELS_DB, 6.0)
    found = correlate_levels(0.1 * sound, sound, RATE_HZ, ONSETS_SEC)
    assert (found.overall, found.within, found.between) == pytest.approx((1.0, 1.0, 1.0))


def test_what_is_wrong_between_notes_is_told_from_what_is_wrong_within() -> None:
    true = play(LEVELS_DB, 6.0)
    within_wrong = correlate_levels(play(LEVELS_DB, -6.0), true, RATE_HZ, ONSETS_SEC)
    between_wrong = correlate_levels(play(-12.0 - LEVELS_DB, 6.0), true, RATE_HZ, ONSETS_SEC)
    assert within_wrong.between > 0.99
    assert within_wrong.within < -0.5
    assert between_wrong.between < -0.99
    assert between_wrong.within > 0.5
    assert -0.7 < between_wrong.overall < within_wrong.overall < 0.9


def test_without_change_there_is_no_correlation() -> None:
    sound = play(LEVELS_DB, 6.0)
    assert math.isnan(correlate_levels(0 * sound, sound, RATE_HZ, ONSETS_SEC).overall)
    assert math.isnan(correlate_levels(sound, sound, RATE_HZ, [0.0]).between)
    assert math.isnan(correlate_levels(sound, sound, RATE_HZ, []).within)


def test_notes_of_a_chord_are_one_event() -> None:
    sound = play(LEVELS_DB, 6.0)
    chords = np.concatenate([ONSETS_SEC, ONSETS_SEC + 0.03])
    other = play(LEVELS_DB[::-1], 3.0)
    assert correlate_levels(other, sound, RATE_HZ, chords) == correlate_levels(other, sound, RATE_HZ, ONSETS_SEC)
