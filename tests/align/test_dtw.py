"""The banded warping against one that tries everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.align.coarse import banded_dtw
from dp.align.coarse.banded_dtw import warp
from dp.align.coarse.features import Features


def features(bands: np.ndarray) -> Features:
    bands = bands.astype(np.float32)
    return Features(bands, np.zeros_like(bands), np.ones(len(bands), np.float32))


def cheapest(cost: np.ndarray, both_weight: float, alone_price: float, last_onset: int) -> float:
    """The definition, over the whole table, in float64."""
    total = np.full(cost.shape, np.inf)
    total[0, 0] = cost[0, 0]
    for t in range(cost.shape[0]):
        for j in range(cost.shape[1]):
            steps = [total[t, j]]
            steps += [total[t - 1, j] + cost[t, j] + alone_price] if t else []
            steps += [total[t, j - 1] + cost[t, j] + alone_price] if j else []
            steps += [total[t - 1, j - 1] + both_weight * cost[t, j]] if t and j else []
            total[t, j] = min(steps)
    return float(total[-1, last_onset:].min())


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1.0, 1.6, 2.0]),
    st.sampled_from([0.0, 0.3]),
)
def test_finds_the_cheapest_path_of_a_full_table(
    rows: int, columns: int, seed: int, both_weight: float, alone_price: float
) -> None:
    rng = np.random.default_rng(seed)
    audio, score = rng.random((rows, 3)) * 0.5, rng.random((columns, 3)) * 0.5
    last_onset = columns // 2
    full = np.zeros(rows, np.int64)
    t, j, mean = warp(features(audio), features(score), full, columns, 0.0, both_weight, alone_price, last_onset)
    cost = 1.0 - audio @ score.T
    np.testing.assert_allclose(mean * (rows + columns), cheapest(cost, both_weight, alone_price, last_onset), rtol=1e-4)
    steps = set(zip(np.diff(t).tolist(), np.diff(j).tolist(), strict=True))
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    assert (t[0], j[0], t[-1]) == (0, 0, rows - 1)
    assert last_onset <= j[-1] < columns


def test_what_is_missing_at_an_end_is_left_out_there_where_that_has_a_lower_cost() -> None:
    score = np.eye(30)[:, :20] + np.vstack([np.zeros((20, 20)), np.eye(20)[:10]])  # its last third is its first again
    heard = score[:20]  # and is not in the recording
    first = np.zeros(20, np.int64)
    columns = warp(features(heard), features(score), first, 30, 0.0, 1.6, 0.1, 29, absent_cost=0.3)[1]
    assert columns.tolist() == list(range(30))
    rows, columns, mean = warp(features(heard), features(score), first, 30, 0.0, 1.6, 0.1, 29, absent_cost=0.3)
    assert rows[columns >= 20].tolist() == [19] * 10
    assert mean == pytest.approx(10 * 0.4 / 50)  # every frame of the first two thirds fits


def test_a_frame_that_fits_everything_holds_no_path_where_advancing_one_side_has_a_price() -> None:
    heard = np.full((20, 1), 0.5)
    score = np.full((20, 1), 0.5)
    score[4] = 1.8  # fits every frame
    first = np.zeros(20, np.int64)
    at_no_price = warp(features(heard), features(score), first, 20, 0.0, 1.6, 0.0, 19)[1]
    at_a_price = warp(features(heard), features(score), first, 20, 0.0, 1.6, 1.0, 19)[1]
    assert np.count_nonzero(at_no_price == 4) > 15
    assert at_a_price.tolist() == list(range(20))


def test_a_band_finds_the_path_that_lies_inside_it() -> None:
    score = np.eye(40)
    stretched = score[np.repeat(np.arange(40), 2)]  # the recording is twice as slow
    first = np.clip(np.arange(80) // 2 - 3, 0, 33)
    rows, columns, mean = warp(features(stretched), features(score), first, 7, 0.0, 1.6, 0.0, 39)
    assert mean == 0.0
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(t, t // 2) for t in range(80)}


def test_memory_is_that_of_the_band() -> None:
    """60 000 frames against 60 000: a full table would need 3.6 GB."""
    import tracemalloc

    bands = np.tile(np.eye(4, dtype=np.float32), (15000, 1))
    first = np.clip(np.arange(60000) - 10, 0, 60000 - 21)
    tracemalloc.start()
    rows, columns, _ = warp(features(bands), features(bands), first, 21, 0.0, 1.6, 0.0, 59999)
    peak_byte = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == len(columns) == 60000
    assert peak_byte < 30e6


def test_onsets_decide_where_what_sounds_does_not() -> None:
    bands = np.ones((8, 1), np.float32)
    heard, written = np.zeros((8, 1), np.float32), np.zeros((8, 1), np.float32)
    heard[5], written[2] = 1.0, 1.0
    audio = Features(bands, heard, bands[:, 0])
    score = Features(bands, written, bands[:, 0])
    rows, columns, _ = warp(audio, score, np.zeros(8, np.int64), 8, 1.0, 1.6, 0.0, 7)
    assert (5, 2) in set(zip(rows.tolist(), columns.tolist(), strict=True))


def test_a_path_over_many_blocks_of_rows_is_that_of_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    audio, score = features(rng.random((300, 3)) * 0.5), features(rng.random((200, 3)) * 0.5)
    first = np.maximum.accumulate(np.clip(np.arange(300) - 40 + rng.integers(0, 9, 300), 0, 160))
    first[150:] = np.maximum(first[150:], 130)  # one row's band lies far beyond the last one's
    at_once = warp(audio, score, first, 40, 0.0, 1.6, 0.1, 150)
    monkeypatch.setattr(banded_dtw, "_ROWS_AT_ONCE", 7)
    in_blocks = warp(audio, score, first, 40, 0.0, 1.6, 0.1, 150)
    assert len(np.unique(at_once[1])) > 100
    for one, other in zip(at_once, in_blocks, strict=True):
        np.testing.assert_array_equal(one, other)
