"""Literal values, worked out by hand from the definition.

On the slaney scale 440 Hz is 6.6 mel, 8000 Hz 15 + 27 ln 8 / ln 6.4 = 45.245: 82 points 0.55858 mel apart. Band m rises
from point m to m + 1 and falls to m + 2, so 440 Hz (point 11.816) lies mostly in band 11 (409.6, 446.9, 484.1 Hz).
"""

import numpy as np
import pytest

from dp.audio import compute_log_mel, make_mel_filterbank
from dp.config import MelConfig

MEL = MelConfig()


def sine(hz: float, count: int, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(count) / 16000)).astype(np.float32)


def test_filterbank_shape_and_area() -> None:
    weights = make_mel_filterbank(MEL)
    assert weights.shape == (80, 513) and weights.dtype == np.float32
    np.testing.assert_allclose(weights[40:].sum(axis=1) * 15.625, 1.0, atol=0.03)  # unit area in Hz
    # the bin at 437.5 Hz, in a triangle over 409.6, 446.9 and 484.1 Hz with peak 2 / 74.48 Hz
    assert weights[11, 28] == pytest.approx(0.02685 * (437.5 - 409.62) / 37.24, abs=2e-5)


def test_a_sine_peaks_in_its_band() -> None:
    assert (compute_log_mel(sine(440.0, 16000), MEL).argmax(axis=1)[2:-2] == 11).all()


def test_level_of_a_sine() -> None:
    """437.5 Hz is bin 28: .5 * 256 there, .5 * 128 beside (Hann), with weights .02685 * .749, .329 and .832."""
    assert compute_log_mel(sine(437.5, 16000), MEL)[30, 11] == pytest.approx(np.log(4.569), abs=0.005)


def test_a_frame_is_centred_on_the_middle_of_its_hop() -> None:
    samples = np.zeros(8000, np.float32)
    samples[10 * 256 + 128] = 1.0
    result = compute_log_mel(samples, MEL)
    assert result[:, 40].argmax() == 10
    np.testing.assert_allclose(result[10], np.log(make_mel_filterbank(MEL).sum(axis=1)), atol=1e-4)
    np.testing.assert_allclose(result[9], result[11], atol=1e-3)


@pytest.mark.parametrize(
    ("sample_count", "frame_count"),
    [(0, 0), (255, 0), (256, 1), (511, 1), (512, 2), (1023, 3), (16000, 62), (80000, 312), (300000, 1171)],
)
def test_frame_count_also_below_a_window(sample_count: int, frame_count: int) -> None:
    result = compute_log_mel(sine(440.0, sample_count), MEL)
    assert result.shape == (frame_count, 80) and result.dtype == np.float32
    assert np.isfinite(result).all()


def test_silence_is_the_floor() -> None:
    np.testing.assert_allclose(
        compute_log_mel(np.zeros(2560, np.float32), MEL), np.full((10, 80), -11.512925), atol=1e-5
    )


def test_borders_are_reflected() -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 2560).astype(np.float32)
    longer = np.concatenate([samples[768:0:-1], samples, samples[-2:-770:-1]])
    np.testing.assert_allclose(compute_log_mel(samples, MEL), compute_log_mel(longer, MEL)[3:13], atol=1e-4)


def test_blocks_leave_no_seam() -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 256 * 1030).astype(np.float32)
    np.testing.assert_allclose(
        compute_log_mel(samples, MEL)[1020:1026], compute_log_mel(samples[256 * 1000 :], MEL)[20:26], atol=1e-4
    )


def test_another_definition() -> None:
    mel = MelConfig(sample_rate_hz=22050, window_sample=2048, hop_sample=512, band_count=40, max_hz=11025.0)
    assert compute_log_mel(np.zeros(22050, np.float32), mel).shape == (43, 40)
