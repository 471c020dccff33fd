import math

import numpy as np
import pytest

from dp.metrics import compute_stft_distance

NOISE = np.random.default_rng(0).normal(size=8000)


def test_equal_waveforms_have_no_distance_and_polarity_is_not_heard() -> None:
    assert compute_stft_distance(NOISE, NOISE) == 0.0
    assert compute_stft_distance(-NOISE, NOISE) == 0.0


def test_half_the_amplitude() -> None:
    # Spectral convergence |S - S / 2| / |S| = 1/2, log magnitude log 2, at every resolution.
    assert compute_stft_distance(NOISE / 2, NOISE) == pytest.approx(0.5 + math.log(2), rel=1e-6)


def test_levels_below_the_floor_are_one() -> None:
    tone = np.sin(np.arange(8000))
    assert compute_stft_distance(tone + 1e-7 * NOISE, tone) < 1e-3


def test_a_silent_truth_has_no_distance() -> None:
    assert math.isnan(compute_stft_distance(NOISE, 0 * NOISE))


def test_another_sound_is_farther_than_a_shifted_one() -> None:
    tone, other = (np.sin(2 * np.pi * hz / 16000 * np.arange(8000)) for hz in (440, 500))
    assert compute_stft_distance(np.roll(tone, 7), tone) < compute_stft_distance(other, tone)
