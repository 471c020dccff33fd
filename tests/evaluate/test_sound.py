from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from dp.config import MelConfig
from dp.data.clips import Clip, Float32Array, SoundingNotes
from dp.evaluate.clip_metrics import format_clip_metrics, measure_clips, parse_clip_metrics, summarize_clips
from dp.evaluate.naturalness import NATURALNESS
from dp.evaluate.sound import choose_clips, measure_systems
from dp.evaluate.sound_metrics import Transcribe
from dp.evaluate.systems import (
    EvaluationClip,
    System,
    bring_to_level,
    make_copy_synthesis_system,
    make_evaluation_clips,
    make_mean_spectrum_system,
    make_recording_system,
    make_synthesis_system,
)
from dp.metrics.intervals import Results
from dp.models.checkpoint import Checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.vocoders import Vocoder
from dp.train.synthesis import train_synthesis
from dp.train.vocoder import train_vocoder
from tests.factories import played_notes
from tests.train import tiny

CLIPS = make_evaluation_clips(tiny.synthesis().clips, tiny.vocoder().clips)


def evaluate_systems(
    clips: Sequence[EvaluationClip],
    systems: Mapping[str, System],
    mel: MelConfig,
    transcribe: Transcribe | None = None,
    on_clip: Callable[[int, str], None] = lambda done, clip_id: None,
) -> Results:
    return summarize_clips(measure_systems(clips, systems, mel, transcribe, on_clip))


@pytest.fixture(scope="module")
def synthesis() -> Checkpoint[SynthesisModel]:
    return train_synthesis(tiny.synthesis(), tiny.FILTERBANK, replace(tiny.SYNTHESIS, step_count=1), tiny.Log())


@pytest.fixture(scope="module")
def vocoder() -> Checkpoint[Vocoder]:
    config = replace(tiny.VOCODER, step_count=1)
    return train_vocoder(tiny.vocoder(), tiny.FILTERBANK, config, tiny.Log(), dims=tiny.VOCOS_DIMS)


def clip(
    index: int = 0,
    *,
    sounding: Sequence[tuple[int, int]] = (),
    by_clip: bool = True,
    by_recording: bool = False,
    instrument: str = "violin",
) -> EvaluationClip:
    """A clip of 2 s of noise; rows of `sounding` are pitch and onset frame."""
    rng = np.random.default_rng(index)
    pitch = np.array([pitch for pitch, _ in sounding], dtype=np.int64)
    onset = np.array([onset for _, onset in sounding], dtype=np.int64)
    return EvaluationClip(
        Clip(f"r/{index}", "r", instrument, "ann", 0, 125, by_clip, by_recording),
        SoundingNotes(pitch, 0 * pitch, onset, 0 * onset + 10, 100.0),
        rng.normal(size=(125, 20)).astype(np.float32),
        (0.1 * rng.normal(size=125 * 256)).astype(np.float32),
    )


def test_all_systems_on_both_splits(synthesis: Checkpoint[SynthesisModel], vocoder: Checkpoint[Vocoder]) -> None:
    systems = {
        "ours": make_synthesis_system(synthesis, vocoder),
        "mel-only": make_synthesis_system(synthesis, None),
        "copy-synthesis": make_copy_synthesis_system(vocoder),
        "recording": make_recording_system(),
        "clip-mean-spectrum": make_mean_spectrum_system(),
    }
    done: list[tuple[int, str]] = []
    results = evaluate_systems(
        CLIPS,
        systems,
        tiny.MEL,
        lambda samples, rate: played_notes((60, 0.1)),
        lambda count, clip_id: done.append((count, clip_id)),
    )
    assert done == [(1, "one/1"), (2, "two/1")]
    assert list(results) == ["violin"]
    assert sorted(results["violin"]) == ["clip", "recording"]
    found = results["violin"]["clip"]
    assert list(found) == list(systems)
    mel_metrics = {"log_mel_mse", "log_mel_mse_gain_free", "difference_variance_ratio"}
    assert set(found["mel-only"]) == set(found["clip-mean-spectrum"]) == mel_metrics
    notes_metrics = {f"note_{name}_{ms}ms" for name in ("precision", "recall", "f1") for ms in (50, 100)}
    waveform_metrics = mel_metrics | notes_metrics | {"stft_distance"}
    for system in ("copy-synthesis", "ours"):
        assert set(found[system]) - set(NATURALNESS) == waveform_metrics
    assert {"attack_low_ratio", "level_correlation", "hole_share"} <= set(found["recording"])
    assert found["ours"]["log_mel_mse"] == found["mel-only"]["log_mel_mse"]
    assert found["copy-synthesis"]["log_mel_mse"]["mean"] != found["ours"]["log_mel_mse"]["mean"]
    for metric, value in {"log_mel_mse": 0.0, "stft_distance": 0.0, "difference_variance_ratio": 1.0}.items():
        assert found["recording"][metric] == {"mean": value, "low": value, "high": value, "n": 1}
    # One clip's mean spectrum errs by the variance of its bands over time.
    expected = float(tiny.MELS["one/1"].astype(np.float64).var(axis=0).mean())
    assert found["clip-mean-spectrum"]["log_mel_mse"]["mean"] == pytest.approx(expected, rel=1e-5)
    assert found["clip-mean-spectrum"]["difference_variance_ratio"]["mean"] == pytest.approx(0.0, abs=1e-9)


def test_a_performer_is_found_under_the_checkpoints_number(synthesis: Checkpoint[SynthesisModel]) -> None:
    arrays = tiny.synthesis()
    renumbered = replace(arrays, performer_names=("zoe", "ann", "bo"))
    clips = [make_evaluation_clips(made.clips, tiny.vocoder().clips) for made in (arrays, renumbered)]
    with torch.no_grad():
        synthesis.model.conditions.performer.weight[1] += 100.0  # "ann" in the checkpoint
    one, other = (evaluate_systems(made, {"s": make_synthesis_system(synthesis, None)}, tiny.MEL) for made in clips)
    with torch.no_grad():
        synthesis.model.conditions.performer.weight[1] -= 100.0
    assert one == other
    plain = evaluate_systems(clips[0], {"s": make_synthesis_system(synthesis, None)}, tiny.MEL)
    assert plain["violin"]["clip"] != one["violin"]["clip"]  # ann's
    assert plain["violin"]["recording"] == one["violin"]["recording"]  # bo's


def test_notes_carried_over_count_on_neither_side() -> None:
    # Frames are 16 ms: the reference note at frame 25 begins at 0.4 s; 64 was carried over and is heard at once.
    item = clip(sounding=[(64, -5), (60, 25), (62, 50)])
    heard = played_notes((64, 0.02), (60, 0.43), (62, 0.88), (64, 1.5))
    found = evaluate_systems([item], {"r": make_recording_system()}, tiny.MEL, lambda samples, rate: heard)
    means = {metric: value["mean"] for metric, value in found["violin"]["clip"]["r"].items() if "note" in metric}
    assert means == {
        "note_precision_50ms": pytest.approx(1 / 3),
        "note_recall_50ms": 0.5,
        "note_f1_50ms": pytest.approx(0.4),
        "note_precision_100ms": pytest.approx(2 / 3),
        "note_recall_100ms": 1.0,
        "note_f1_100ms": pytest.approx(0.8),
    }


def test_clips_without_a_new_note_have_no_note_metrics() -> None:
    items = [clip(0, sounding=[(64, -5)]), clip(1, sounding=[(64, 5)])]
    found = evaluate_systems(items, {"r": make_recording_system()}, tiny.MEL, lambda samples, rate: played_notes())
    metrics = found["violin"]["clip"]["r"]
    assert (metrics["log_mel_mse"]["n"], metrics["note_f1_50ms"]["n"]) == (2, 1)


def test_a_system_is_compared_at_its_own_level() -> None:
    item = clip()
    seen: list[EvaluationClip] = []

    def samples_of(given: EvaluationClip) -> Float32Array:
        seen.append(given)
        return given.samples

    quiet = System(lambda given: given.log_mel, samples_of, "clip")
    found = evaluate_systems([item], {"s": quiet}, tiny.MEL)["violin"]["clip"]["s"]
    assert found["log_mel_mse"]["mean"] == found["stft_distance"]["mean"] == 0.0
    assert np.abs(seen[0].samples).max() == pytest.approx(0.95)


def test_levels() -> None:
    floor, lowest = 1e-5, np.float32(np.log(1e-5))
    samples = np.array([0.0, 0.19, -0.095], dtype=np.float32)
    item = replace(clip(), samples=samples, log_mel=np.array([[lowest, -2.0]], dtype=np.float32))
    assert bring_to_level(item, "recording", floor) is item
    loud = bring_to_level(item, "clip", floor)
    assert loud.samples == pytest.approx([0.0, 0.95, -0.475])
    assert loud.log_mel == pytest.approx(np.array([[lowest, -2.0 + np.log(5.0)]]))
    silent = replace(item, samples=0 * samples)
    assert bring_to_level(silent, "clip", floor) is silent
    with pytest.raises(ValueError, match="level 'loud'"):
        bring_to_level(item, "loud", floor)


def test_a_system_that_makes_nothing() -> None:
    with pytest.raises(ValueError, match="neither a log-mel nor a waveform"):
        evaluate_systems([clip()], {"s": System()}, tiny.MEL)


def test_differences_are_of_the_same_clips() -> None:
    values = {
        "r/0": {"a": {"log_mel_mse": 10.0}, "b": {"log_mel_mse": 11.0}},
        "r/1": {"a": {"log_mel_mse": 1.0}, "b": {"log_mel_mse": 2.0}},
        "r/2": {"a": {"log_mel_mse": float("nan")}, "b": {"log_mel_mse": 7.0}},
    }
    rows = measure_clips([clip(i) for i in range(3)], lambda item: values[item.clip.clip_id])
    found = summarize_clips(parse_clip_metrics(format_clip_metrics(rows)), {"log_mel_mse": ("a",)})["violin"]["clip"]
    assert found["b"]["log_mel_mse_minus_a"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "n": 2}
    assert list(found["a"]) == ["log_mel_mse"]
    assert (found["a"]["log_mel_mse"]["n"], found["b"]["log_mel_mse"]["n"]) == (2, 3)


def test_clips_go_to_the_split_that_holds_them_out() -> None:
    items = [
        clip(0, by_clip=False),
        clip(1, by_clip=True),
        clip(2, by_clip=True, by_recording=True),
        clip(3, by_clip=False, by_recording=True, instrument="piano"),
    ]
    found = summarize_clips(measure_clips(items, lambda item: {"s": {"m": float(item.clip.clip_id[-1])}}))
    assert {(i, split): m["s"]["m"]["mean"] for i, splits in found.items() for split, m in splits.items()} == {
        ("violin", "recording"): 2.0,
        ("violin", "clip"): 1.0,
        ("piano", "recording"): 3.0,
    }


def test_chosen_clips_are_some_of_every_split_and_instrument() -> None:
    items = [clip(i, by_clip=i % 2 == 0, by_recording=i % 2 == 1) for i in range(40)]
    items += [clip(100, instrument="piano"), clip(101, by_clip=False)]
    chosen = choose_clips(items, 5)
    ids = [int(item.clip.clip_id[2:]) for item in chosen]
    assert (len(ids), ids[-1]) == (11, 100)
    assert ids == sorted(ids)
    assert sum(i % 2 for i in ids) == 5
    assert choose_clips(items, 5) == chosen
    assert choose_clips(items, 100) == items[:-1]


def test_clips_without_samples_are_left_out() -> None:
    found = make_evaluation_clips(tiny.synthesis().clips, tiny.vocoder().clips[1:])
    assert [item.clip.clip_id for item in found] == ["one/1", "two/0", "two/1"]
    assert np.array_equal(found[0].samples, tiny.SAMPLES["one"][125 * 256 : 250 * 256])


def test_the_frechet_distance_is_of_all_clips_together() -> None:
    items = [clip(index) for index in range(4)]

    def embed(samples: Float32Array, rate_hz: int) -> Float32Array:
        assert rate_hz == 16000
        return samples[:20].reshape(10, 2)

    systems = {
        "recording": make_recording_system(),
        "shifted": System(lambda given: given.log_mel, lambda given: given.samples + np.float32(2.0)),
        "mel-only": make_mean_spectrum_system(),
    }
    rows = parse_clip_metrics(format_clip_metrics(measure_systems(items, systems, tiny.MEL, embed=embed)))
    found = summarize_clips(rows)["violin"]["clip"]
    assert found["recording"]["frechet_distance"]["mean"] == pytest.approx(0.0, abs=1e-9)
    # Two numbers, each 2 off.
    assert found["shifted"]["frechet_distance"]["mean"] == pytest.approx(8.0, abs=1e-3)
    assert found["shifted"]["frechet_distance"]["n"] == 4
    assert "frechet_distance" not in found["mel-only"]
    without = summarize_clips(measure_systems(items, systems, tiny.MEL))["violin"]["clip"]
    assert "frechet_distance" not in without["shifted"]
