import math

import numpy as np
import pytest

from dp.audio.pitch_curves import track_pitch
from dp.metrics.vibrato import measure_vibrato
from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve
from dp.units import pitch_to_hz


def curve(
    depth_cent: float, rate_hz: float, length_sec: float, glide_cent: float = 0.0, sure: float = 1.0
) -> PitchCurve:
    time_sec = np.arange(round(length_sec * PITCH_FRAME_RATE_HZ)) / PITCH_FRAME_RATE_HZ
    cent = depth_cent * np.sin(2 * np.pi * rate_hz * time_sec) + glide_cent * (time_sec / length_sec) ** 2
    return PitchCurve(0, cent.astype(np.float32), np.full(len(cent), sure, dtype=np.float32))


@pytest.mark.parametrize(("depth_cent", "rate_hz"), [(10.0, 6.0), (25.0, 5.0), (25.0, 7.5)])
def test_depth_is_the_peak_and_rate_the_swings_a_second(depth_cent: float, rate_hz: float) -> None:
    found = measure_vibrato(curve(depth_cent, rate_hz, 1.2))
    assert found is not None
    assert found.depth_cent == pytest.approx(depth_cent, rel=0.05)
    assert found.rate_hz == pytest.approx(rate_hz, abs=0.15)


def test_a_glide_is_none_and_a_slow_swing_neither() -> None:
    gliding, slow = measure_vibrato(curve(0.0, 6.0, 1.2, glide_cent=60.0)), measure_vibrato(curve(20.0, 1.0, 2.0))
    assert gliding is not None and slow is not None
    assert gliding.depth_cent < 0.1
    assert math.isnan(gliding.rate_hz)
    assert slow.depth_cent < 2.0


def test_short_notes_read_a_little_shallow() -> None:
    found = measure_vibrato(curve(20.0, 6.0, 0.4))
    assert found is not None
    assert 12.0 < found.depth_cent < 22.0


def test_shorter_notes_and_unsure_curves_are_not_measured() -> None:
    assert measure_vibrato(curve(20.0, 6.0, 0.34)) is None
    assert measure_vibrato(curve(20.0, 6.0, 1.0, sure=0.4)) is None


def test_vibrato_of_a_sound_through_the_tracker() -> None:
    time_sec = np.arange(2 * 16000) / 16000
    hz = float(pitch_to_hz(69)) * 2 ** (15.0 * np.sin(2 * np.pi * 5.5 * time_sec) / 1200)
    phase = 2 * np.pi * np.cumsum(hz) / 16000
    sound = np.sum([np.sin(n * phase) / n for n in range(1, 12)], axis=0)
    (tracked,) = track_pitch(sound.astype(np.float32), np.array([69]), np.array([0.3]), np.array([1.7]))
    found = measure_vibrato(tracked)
    assert found is not None
    assert found.depth_cent == pytest.approx(15.0, rel=0.1)
    assert found.rate_hz == pytest.approx(5.5, abs=0.15)
