import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp import units


def test_clip_borders_alternate_between_312_and_313_frames() -> None:
    borders = [units.find_clip_border_frame(i, 62.5) for i in range(9)]
    assert borders == [0, 312, 625, 938, 1250, 1562, 1875, 2188, 2500]


@given(st.integers(0, 10**6))
def test_clips_have_312_or_313_frames(index: int) -> None:
    size = units.find_clip_border_frame(index + 1, 62.5) - units.find_clip_border_frame(index, 62.5)
    assert size in (312, 313)


def test_frames_come_from_absolute_seconds() -> None:
    assert units.sec_to_frame([0.0, 0.016, 1.0, 4.9999], 62.5).tolist() == [0, 1, 62, 312]
    assert units.frame_to_sec(625, 62.5) == 10.0
    assert units.compute_frame_rate_hz(16000, 256) == 62.5


@given(st.integers(0, 10**7))
def test_ticks_survive_the_way_to_quarters_and_back(tick: int) -> None:
    assert units.quarter_to_tick(units.tick_to_quarter(tick)) == tick


def test_tempo_120_makes_half_a_second_per_quarter() -> None:
    assert units.qpm_to_sec_per_quarter(120.0) == 0.5


@pytest.mark.parametrize(("text", "sec"), [("0:04:13", 253.0), ("1:00:00.5", 3600.5), ("2:05", 125.0), ("7.25", 7.25)])
def test_clock_times(text: str, sec: float) -> None:
    assert units.parse_clock_sec(text) == sec


@pytest.mark.parametrize("text", ["", "1:2:3:4", "-1", "0:-3", "inf", "nan", "soon"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        units.parse_clock_sec(text)


def test_samples() -> None:
    assert units.sec_to_sample(0.5, 22050) == 11025
    assert np.isclose(units.sample_to_sec(11025, 22050), 0.5)
