"""Loudness of sounds whose loudness is known: by BS.1770 itself and by the compliance signals of EBU Tech 3341."""

import math

import numpy as np
import pytest

from dp.audio import LoudnessMeter
from dp.audio.loudness import design_k_weighting
from dp.units import FloatArray


def tone(level_db: float, length_sec: float, rate_hz: int, tone_hz: float = 997.0) -> FloatArray:
    """A sine whose peak is `level_db` below full scale."""
    return np.asarray(
        10.0 ** (level_db / 20.0) * np.sin(2 * np.pi * tone_hz * np.arange(int(length_sec * rate_hz)) / rate_hz)
    )


def loudness(samples: FloatArray, rate_hz: int) -> float:
    meter = LoudnessMeter(rate_hz, samples.ndim)
    meter.add(samples)
    return meter.integrated_lufs()


def test_the_coefficients_of_the_recommendation() -> None:
    """BS.1770-4, tables 1 and 2."""
    shelf, high_pass = design_k_weighting(48000)
    expected = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    np.testing.assert_allclose(shelf, expected, atol=1e-8)
    np.testing.assert_allclose(high_pass, [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621], atol=1e-8)


@pytest.mark.parametrize("rate_hz", [16000, 22050, 44100, 48000])
def test_a_full_scale_sine_has_the_loudness_that_the_recommendation_says(rate_hz: int) -> None:
    """-3.01 LKFS at 997 Hz in one channel; 20 dB less is 20 LU less. At low rates the filter is a little off."""
    assert loudness(tone(0.0, 5, rate_hz), rate_hz) == pytest.approx(-3.01, abs=0.05 if rate_hz < 44100 else 0.01)
    assert loudness(tone(-20.0, 5, rate_hz), rate_hz) == pytest.approx(-23.01, abs=0.05 if rate_hz < 44100 else 0.01)


def test_the_gate_leaves_out_what_is_quiet() -> None:
    """As Tech 3341, case 3: what lies 13 LU below the rest does not count; 6 LU below it does."""
    rate_hz = 16000
    quiet, loud = tone(-36.0, 10, rate_hz), tone(-23.0, 60, rate_hz)
    # The few blocks on the borders count, and hold less sound than the others.
    assert loudness(np.concatenate([quiet, loud, quiet]), rate_hz) == pytest.approx(-26.01, abs=0.1)
    louder = np.concatenate([tone(-29.0, 60, rate_hz), loud])
    expected = -26.01 + 10 * math.log10((1 + 10**-0.6) / 2)
    assert loudness(louder, rate_hz) == pytest.approx(expected, abs=0.1)


def test_two_channels_add_up() -> None:
    """As Tech 3341, case 1: -23 dB in both channels of a stereo file are -23 LUFS; one of them alone has half of it."""
    one = tone(-23.0, 20, 48000, 1000.0)
    assert loudness(np.stack([one, one], axis=1), 48000) == pytest.approx(-23.0, abs=0.1)
    assert loudness(np.stack([one, 0 * one], axis=1), 48000) == pytest.approx(-26.01, abs=0.1)


def test_silence_around_changes_nothing() -> None:
    rate_hz = 16000
    silence = np.zeros(20 * rate_hz)
    around = loudness(np.concatenate([silence, tone(-23.0, 60, rate_hz), silence]), rate_hz)
    assert around == pytest.approx(-26.01, abs=0.1)


def test_what_has_no_loudness() -> None:
    assert loudness(np.zeros(16000), 16000) == -math.inf
    assert loudness(tone(0.0, 0.39, 16000), 16000) == -math.inf
    assert loudness(tone(-80.0, 5, 16000), 16000) == -math.inf


@pytest.mark.parametrize("piece", [1, 999, 10_000])
def test_pieces_add_up(piece: int) -> None:
    samples = np.random.default_rng(0).standard_normal(9_000) * np.linspace(0.0, 0.3, 9_000)
    meter = LoudnessMeter(11025)  # where a tenth of a second is no whole number of samples
    for first in range(0, len(samples), piece):
        meter.add(samples[first : first + piece])
    assert meter.integrated_lufs() == pytest.approx(loudness(samples, 11025), abs=1e-9)
