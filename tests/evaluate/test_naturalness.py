"""Metrics of naturalness in the results of an evaluation."""

from dataclasses import replace

import numpy as np
import pytest

from dp.data.clips import Clip, Float32Array, SoundingNotes
from dp.evaluate.naturalness import NATURALNESS
from dp.evaluate.sound import measure_systems
from dp.evaluate.systems import EvaluationClip, System, make_mean_spectrum_system, make_recording_system
from dp.units import FloatArray, pitch_to_hz, sec_to_frame
from tests.metrics.sounds import RATE_HZ, play_notes, sum_partials
from tests.train import tiny

PITCHES = (67, 69, 71, 72, 74, 72, 71, 69)
ONSETS_SEC = tuple(0.32 + 0.48 * index for index in range(8))  # whole frames
LEVELS_DB = (0.0, -4.0, 2.0, -6.0, 0.0, -2.0, -8.0, 0.0)


def make_clip(
    samples: FloatArray, pitch: tuple[int, ...], onset_sec: tuple[float, ...], length_sec: float
) -> EvaluationClip:
    frame_count = len(samples) // 256
    onset_frame = sec_to_frame(onset_sec, 62.5)
    length_frame = np.full(len(pitch), round(62.5 * length_sec))
    notes = SoundingNotes(np.array(pitch), 0 * onset_frame, onset_frame, length_frame, 100.0)
    clip = Clip("r/0", "r", "violin", "ann", 0, frame_count, valid_by_recording=True)
    log_mel = np.zeros((frame_count, 20), dtype=np.float32)
    return EvaluationClip(clip, notes, log_mel, samples[: frame_count * 256].astype(np.float32))


def measure(clip: EvaluationClip, samples: FloatArray) -> dict[str, float]:
    made: Float32Array = samples[: len(clip.samples)].astype(np.float32)
    (row,) = measure_systems([clip], {"s": replace(make_recording_system(), samples_of=lambda given: made)}, tiny.MEL)
    return {name: value for name, value in row.metrics["s"].items() if name in NATURALNESS}


def play(levels_db: tuple[float, ...] = LEVELS_DB, rise_db: float = 30.0) -> FloatArray:
    return play_notes(PITCHES, ONSETS_SEC, levels_db, 0.42, rise_db)


CLIP = make_clip(play(), PITCHES, ONSETS_SEC, 0.42)


def test_the_clip_itself_is_wholly_natural() -> None:
    found = measure(CLIP, play())
    assert found.pop("vibrato_depth_cent") < 1.0
    assert found == {
        "attack_low_ratio": 1.0,
        "attack_high_ratio": 1.0,
        "level_correlation": pytest.approx(1.0),
        "level_correlation_within": pytest.approx(1.0),
        "level_correlation_between": pytest.approx(1.0),
        "hole_share": 0.0,
        "click_excess_db": 0.0,
    }


def test_softer_attacks_show_in_both_bands() -> None:
    found = measure(CLIP, play(rise_db=12.0))
    assert 0.2 < found["attack_low_ratio"] < 0.7
    assert 0.2 < found["attack_high_ratio"] < 0.7


def test_levels_that_go_the_other_way_show_between_notes_alone() -> None:
    found = measure(CLIP, play(tuple(-level_db for level_db in LEVELS_DB)))
    assert found["level_correlation_between"] < -0.9
    assert found["level_correlation_within"] > 0.9


def test_one_note_of_eight_that_is_missing_is_an_eighth() -> None:
    assert measure(CLIP, play((*LEVELS_DB[:4], -200.0, *LEVELS_DB[5:])))["hole_share"] == 0.125


def test_clicks_at_onsets_show() -> None:
    samples = play()
    samples[np.rint(np.array(ONSETS_SEC) * RATE_HZ).astype(int)] += 0.3
    assert measure(CLIP, samples)["click_excess_db"] > 6.0


def test_vibrato_of_a_long_note() -> None:
    time_sec = np.arange(2 * RATE_HZ) / RATE_HZ
    warped_sec = np.cumsum(2 ** (20.0 * np.sin(2 * np.pi * 6.0 * time_sec) / 1200)) / RATE_HZ
    swinging, steady = (sum_partials(float(pitch_to_hz(69)), sec) for sec in (warped_sec, time_sec))
    clip = make_clip(steady, (69,), (0.16,), 1.6)
    found = measure(clip, swinging)
    assert found["vibrato_depth_cent"] == pytest.approx(20.0, rel=0.15)
    assert found["vibrato_rate_hz"] == pytest.approx(6.0, abs=0.2)
    assert measure(clip, steady)["vibrato_depth_cent"] < 1.0
    assert "vibrato_rate_hz" not in measure(clip, steady)


def test_a_clip_without_notes_or_a_system_without_a_waveform_has_none_of_them() -> None:
    empty = make_clip(play(), (), (), 0.4)
    assert set(measure(empty, play())) == {"level_correlation"}
    (row,) = measure_systems(
        [CLIP], {"s": make_mean_spectrum_system(), "m": System(lambda clip: clip.log_mel)}, tiny.MEL
    )
    assert not set(NATURALNESS) & (set(row.metrics["s"]) | set(row.metrics["m"]))
