"""Clip borders and the packing of mels."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dp.errors import DataError
from dp.store.clips import find_clip_bounds, pack_mel, unpack_mel

RATE_HZ = 62.5


def test_whole_clips_and_a_shorter_last_one() -> None:
    assert find_clip_bounds(1000, RATE_HZ) == ((0, 312), (312, 625), (625, 938), (938, 1000))


def test_a_remainder_below_a_second_is_left_out() -> None:
    assert find_clip_bounds(312 + 61, RATE_HZ) == ((0, 312),)
    assert find_clip_bounds(312 + 62, RATE_HZ) == ((0, 312), (312, 374))


def test_a_recording_below_a_second_is_one_clip() -> None:
    assert find_clip_bounds(7, RATE_HZ) == ((0, 7),)
    assert find_clip_bounds(0, RATE_HZ) == ()


@given(st.integers(1, 20000))
def test_clips_follow_one_another(frame_count: int) -> None:
    bounds = find_clip_bounds(frame_count, RATE_HZ)
    assert bounds[0][0] == 0
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(bounds))
    assert frame_count - bounds[-1][1] < 62
    assert all(end - start in (312, 313) for start, end in bounds[:-1])
    assert find_clip_bounds(bounds[-1][1], RATE_HZ) == bounds


def test_a_mel_survives_packing_to_half_precision() -> None:
    mel = np.linspace(-11.512925, 4.0, 5 * 3, dtype=np.float32).reshape(5, 3)
    data = pack_mel(mel)
    assert len(data) == 30
    unpacked = unpack_mel(data, 5, 3, "float16", "x")
    assert unpacked.dtype == np.float32
    assert np.abs(unpacked - mel).max() < 0.004


def test_a_mel_of_another_shape_is_refused() -> None:
    with pytest.raises(DataError, match="clip 1: has 15 mel values, expected 4 x 3"):
        unpack_mel(pack_mel(np.zeros((5, 3), np.float32)), 4, 3, "float16", "clip 1")
