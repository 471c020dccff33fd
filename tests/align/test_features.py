"""Literal facts about simple sounds and scores."""

import itertools

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.coarse.features import (
    BAND_COUNT,
    LOW_PITCH,
    Features,
    Pooled,
    compute_audio_features,
    play_score,
    pool_features,
)
from dp.align.score_events import plan_score
from dp.align.spectrum import bring_to_level, compute_magnitude_frames
from dp.align.tuning import estimate_tuning
from tests.align.played import play
from tests.factories import notes_of


def sine(hz: float, total_sec: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(round(total_sec * ALIGN_SAMPLE_RATE_HZ)) / ALIGN_SAMPLE_RATE_HZ).astype(
        np.float32
    )


def test_frames_are_centred_and_silent_outside() -> None:
    click = np.zeros(1000, np.float32)
    click[500] = 1.0
    frames = compute_magnitude_frames(click, -2, 24, 64, 50)
    assert frames.shape == (24, 33)
    loud = frames.sum(axis=1)
    assert loud.argmax() == 12  # frame 10 is number 12 when counting from -2
    assert np.count_nonzero(loud > 1e-6) == 1


def test_a_sine_at_a4_lights_band_69() -> None:
    heard = compute_audio_features(bring_to_level(sine(440.0, 2.0)), ALIGN_SAMPLE_RATE_HZ, 0.0)
    for found in (heard.plain, heard.clear):  # a note that is held throughout is no floor
        assert found.bands.shape == (101, 85)
        assert found.bands[50].argmax() + LOW_PITCH == 69
        assert found.loudness[50] > 0.7


def test_what_rings_all_the_time_is_not_in_the_clear_bands() -> None:
    melody = np.concatenate([sine(hz, 0.5) for hz in (440.0, 523.25, 587.33, 659.26)])
    ringing = (0.02 * sine(130.81, 2.0)[: len(melody)]).astype(np.float32)
    heard = compute_audio_features(bring_to_level(melody + ringing), ALIGN_SAMPLE_RATE_HZ, 0.0)
    low = 48 - LOW_PITCH
    assert np.median(heard.plain.bands[10:90, low]) > 0.2
    assert np.median(heard.clear.bands[10:90, low]) < 0.05
    assert [heard.clear.bands[at].argmax() + LOW_PITCH for at in (12, 37, 62, 87)] == [69, 72, 74, 76]


def test_an_onset_lights_its_band_at_its_frame() -> None:
    sound = np.concatenate([np.zeros(ALIGN_SAMPLE_RATE_HZ, np.float32), sine(440.0, 1.0)])
    found = compute_audio_features(bring_to_level(sound), ALIGN_SAMPLE_RATE_HZ, 0.0).plain
    assert abs(int(found.onsets[:, 69 - LOW_PITCH].argmax()) - 50) <= 1  # 1 s at 20 ms


@pytest.mark.parametrize("cents", [-30, -20, 0, 20, 30])
def test_tuning_of_detuned_tones(cents: int) -> None:
    sound = play([(0.1 + 0.4 * i, 0.5 + 0.4 * i, p) for i, p in enumerate([57, 60, 64, 69, 72, 76])], 3.0, cents)
    assert 100 * estimate_tuning(sound, ALIGN_SAMPLE_RATE_HZ) == pytest.approx(cents, abs=5)


def test_score_features_come_from_the_notes() -> None:
    plan = plan_score(notes_of([(0, 1, 60), (2, 1, 67)]))
    found = play_score(plan, np.array([0.2, 1.0]), np.array([0.6, 1.4]), 100, 0, 0.02).part(0, 100)
    assert found.loudness.astype(bool).tolist() == [10 <= t < 30 or 50 <= t < 70 for t in range(100)]
    assert (np.linalg.norm(found.bands, axis=1) > 0.5).tolist() == [t >= 10 for t in range(100)]  # they ring on
    assert found.bands[15].argmax() + LOW_PITCH == 60
    assert found.bands[60].argmax() + LOW_PITCH == 67
    assert set(np.flatnonzero(found.bands[15]) + LOW_PITCH) == {60, 72, 79, 84, 88, 91, 94, 96}
    assert np.linalg.norm(found.bands[15]) == pytest.approx(1.0, abs=1e-5)
    assert np.flatnonzero(found.onsets.sum(axis=1)).tolist() == [9, 10, 11, 49, 50, 51]
    higher = play_score(plan, np.array([0.2, 1.0]), np.array([0.6, 1.4]), 100, 1, 0.02).part(0, 100)
    assert higher.bands[15].argmax() + LOW_PITCH == 61


def test_pooling_averages_over_time() -> None:
    plan = plan_score(notes_of([(0, 1, 60)]))
    fine = play_score(plan, np.array([0.4]), np.array([0.8]), 50, 0, 0.02)
    coarse = pool_features(fine, 4)
    assert len(coarse) == 13
    assert np.flatnonzero(coarse.loudness).tolist() == [5, 6, 7, 8, 9]


def test_onsets_of_very_long_frames_do_not_outweigh_what_sounds() -> None:
    rng = np.random.default_rng(0)
    bands, onsets = (rng.random((4096, BAND_COUNT)).astype(np.float32) for _ in range(2))
    features = Features(bands, onsets, np.ones(4096, np.float32))
    length = {factor: np.linalg.norm(pool_features(features, factor).onsets, axis=1).mean() for factor in (16, 64, 256)}
    assert length[64] == pytest.approx(length[16], rel=0.05)
    assert length[256] == pytest.approx(length[16], rel=0.05)


@pytest.mark.parametrize("frame_count", [5, 16, 20])
def test_pooled_features_are_means_and_beyond_the_end_there_is_nothing(frame_count: int) -> None:
    bands = np.full((frame_count, 3), 0.5, np.float32)
    pooled = pool_features(Features(bands, bands, bands[:, 0]), 16)
    assert len(pooled) == -(-frame_count // 16)
    assert pooled.loudness.tolist() == [0.5 * min(frame_count - at, 16) / 16 for at in range(0, frame_count, 16)]


@pytest.mark.parametrize("factor", [1, 3, 16])
def test_parts_of_a_played_score_are_those_of_the_whole(factor: int) -> None:
    rng = np.random.default_rng(1)
    plan = plan_score(notes_of([(i, int(rng.integers(1, 5)), int(rng.integers(40, 90))) for i in range(60)]))
    onset_sec = 0.3 * plan.onset_quarter
    played = Pooled(play_score(plan, onset_sec, onset_sec + 0.3 * rng.integers(1, 9, 60), 1000, 0, 0.02), factor)
    whole, edges = played.part(0, len(played)), [0, 1, 5, len(played) // 2, len(played)]
    for begin, end in itertools.pairwise(edges):
        part = played.part(begin, end)
        np.testing.assert_array_equal(part.bands, whole.bands[begin:end])
        np.testing.assert_array_equal(part.onsets, whole.onsets[begin:end])
        np.testing.assert_array_equal(part.loudness, whole.loudness[begin:end])
    assert (whole.bands.sum(axis=1) > 0).mean() > 0.9
