"""Training of both vocoders and of the baseline on tiny recordings."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dp.data.arrays import Arrays, BaselineClip, VocoderClip, build_baseline_arrays
from dp.errors import DataError
from dp.models.baseline import BaselineDims, BaselineModel
from dp.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from dp.models.hifigan import HifiganDims
from dp.models.vocoders import VOCODER_TYPES, Vocoder
from dp.presets import BaselineConfig, VocoderConfig
from dp.train.baseline import make_baseline_inputs, train_baseline
from dp.train.loop import Course
from dp.train.vocoder import compute_cosine_rate, train_vocoder
from tests.train import tiny

Train = Callable[..., Checkpoint[Any]]
VOCOS = VocoderConfig(40, 2, 2e-3, 16, adversarial_from_step=31, valid_every_step=20, ema_decay=0.0, seed=3)
HIFIGAN = replace(VOCOS, architecture="hifigan", learning_rate=3e-3)
BASELINE = BaselineConfig(40, 2, 3e-3, 16, adversarial_from_step=31, valid_every_step=20, seed=3)
HIFIGAN_DIMS = HifiganDims(width=16)
BASELINE_DIMS = BaselineDims(performer_width=4, width=16)


def vocos(
    log: tiny.Log, arrays: Arrays[VocoderClip] | None = None, course: Course | None = None, **changes: Any
) -> Checkpoint[Vocoder]:
    config = replace(VOCOS, **changes)
    return train_vocoder(arrays or tiny.vocoder(), tiny.FILTERBANK, config, log, dims=tiny.VOCOS_DIMS, course=course)


def hifigan(
    log: tiny.Log, arrays: Arrays[VocoderClip] | None = None, course: Course | None = None, **changes: Any
) -> Checkpoint[Vocoder]:
    config = replace(HIFIGAN, **changes)
    return train_vocoder(arrays or tiny.vocoder(), tiny.FILTERBANK, config, log, dims=HIFIGAN_DIMS, course=course)


def baseline(
    log: tiny.Log, arrays: Arrays[BaselineClip] | None = None, course: Course | None = None, **changes: Any
) -> Checkpoint[BaselineModel]:
    arrays = arrays or build_baseline_arrays(tiny.synthesis(), tiny.vocoder())
    config = replace(BASELINE, **changes)
    return train_baseline(arrays, tiny.FILTERBANK, config, log, dims=BASELINE_DIMS, course=course)


@pytest.mark.parametrize(("train", "fall"), [(vocos, 0.98), (hifigan, 0.9), (baseline, 0.9)])
def test_the_spectral_loss_falls_and_the_discriminator_comes_in_at_its_step(train: Train, fall: float) -> None:
    log = tiny.Log()
    checkpoint = train(log)
    losses = log.values("spectral_loss")
    assert losses[-1] < fall * losses[0]
    assert [step for step, metrics in log.rows if "discriminator_loss" in metrics] == [40]
    assert [step for step, metrics in log.rows if "valid_loss" in metrics] == [20, 40]
    assert all("valid_log_mel_mse" in metrics for _, metrics in log.rows if "valid_loss" in metrics)
    assert (checkpoint.data_note, checkpoint.mel, checkpoint.train["seed"]) == ("tiny", tiny.MEL, 3)
    assert checkpoint.step in (20, 40)  # where it validated best
    assert checkpoint.trained_on == tiny.TRAINED_ON
    assert not checkpoint.model.training
    assert not any("parametrizations" in name for name in checkpoint.model.state_dict())


@pytest.mark.parametrize("train", [vocos, hifigan, baseline])
def test_a_training_cut_in_two_ends_as_one_in_a_piece(train: Train, tmp_path: Path) -> None:
    """Also across the step from which the discriminator takes part."""
    course = Course(state_path=tmp_path / "state.pt", resume=True)
    changes: dict[str, Any] = {"adversarial_from_step": 3, "valid_every_step": 100}
    first = train(tiny.Log(), course=course, step_count=4, **changes)
    assert first.step == 4
    cut, whole = tiny.Log(), tiny.Log()
    resumed = train(cut, course=course, step_count=6, **changes)
    once = train(whole, step_count=6, **changes)
    if train is not vocos:  # whose rate depends on the number of steps
        for name, value in once.model.state_dict().items():
            assert torch.equal(resumed.model.state_dict()[name], value), name
    assert cut.rows[-1][0] == whole.rows[-1][0] == 6


def test_the_same_seed_gives_the_same_losses_and_another_seed_others() -> None:
    logs = [tiny.Log(), tiny.Log(), tiny.Log()]
    for log, seed in zip(logs, (1, 1, 2), strict=True):
        vocos(log, step_count=10, adversarial_from_step=6, seed=seed)
    assert logs[0].told() == logs[1].told()
    assert logs[0].values("train_loss") != logs[2].values("train_loss")


@pytest.mark.parametrize("train", [vocos, hifigan])
def test_a_vocoder_of_either_kind_survives_its_checkpoint(train: Train, tmp_path: Path) -> None:
    checkpoint = train(tiny.Log(), step_count=3)
    save_checkpoint(checkpoint, tmp_path / "vocoder")
    found = load_checkpoint(tmp_path / "vocoder", VOCODER_TYPES, tiny.MEL)
    assert type(found.model) is type(checkpoint.model)
    log_mel = torch.from_numpy(tiny.MELS["one/0"])
    assert torch.equal(found.model.vocode(log_mel), checkpoint.model.vocode(log_mel))


def test_the_baseline_knows_its_performers_and_plays_a_clip() -> None:
    arrays = build_baseline_arrays(tiny.synthesis(), tiny.vocoder())
    checkpoint = baseline(tiny.Log(), arrays, step_count=2)
    assert checkpoint.performer_names == ("ann", "bo")
    samples = checkpoint.model.play(**make_baseline_inputs(arrays.clips[2]))
    assert samples.shape == arrays.clips[2].samples.shape
    assert not torch.equal(
        samples, checkpoint.model.play(**make_baseline_inputs(replace(arrays.clips[2], performer_index=1)))
    )


@pytest.mark.parametrize("train", [vocos, hifigan])
def test_nan_in_a_clip_stops_with_its_id(train: Train) -> None:
    arrays = tiny.vocoder()
    broken = replace(arrays.clips[2], log_mel=np.full_like(arrays.clips[2].log_mel, np.nan))
    arrays = replace(arrays, clips=(broken,))
    with pytest.raises(DataError, match=r"training step 1: .*loss nan.*two/0"):
        train(tiny.Log(), arrays)


def test_baseline_arrays_need_the_samples_of_every_clip() -> None:
    sound = tiny.vocoder()
    with pytest.raises(DataError, match="two/1: has no samples"):
        build_baseline_arrays(tiny.synthesis(), replace(sound, clips=sound.clips[:3]))


@pytest.mark.parametrize(
    ("train", "changes", "message"),
    [
        (vocos, {"segment_frame": 126}, r"params.yaml: vocoder.segment_frame: is 126, longer than every clip"),
        (vocos, {"segment_frame": 8}, r"params.yaml: vocoder.segment_frame: is 8, expected at least 9"),
        (
            vocos,
            {"architecture": "melgan"},
            r"vocoder.architecture: is 'melgan', expected vocos or hifigan",
        ),
        (
            baseline,
            {"discriminator": "big"},
            r"baseline.discriminator: is 'big', expected spectrum or hifigan",
        ),
    ],
)
def test_what_cannot_be_trained(train: Train, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        train(tiny.Log(), **changes)


def test_hifigan_makes_256_samples_of_a_frame() -> None:
    arrays = replace(tiny.vocoder(), mel=replace(tiny.MEL, hop_sample=200))
    with pytest.raises(DataError, match=r"mel.hop_sample: is 200, while HiFi-GAN makes 256"):
        hifigan(tiny.Log(), arrays)


def test_the_cosine_rises_for_a_moment_and_falls_to_a_tenth() -> None:
    rates = [compute_cosine_rate(step, 1000, 1e-3) for step in (1, 10, 20, 500, 1000)]
    assert rates == pytest.approx([5e-5, 5e-4, 1e-3, 0.55e-3, 1e-4], rel=1e-2)
