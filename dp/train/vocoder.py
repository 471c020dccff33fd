"""Training of the vocoder, Vocos or HiFi-GAN: spectral losses alone at first, then against discriminators too."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dp.config import MelConfig
from dp.data.arrays import Arrays, VocoderClip
from dp.data.segments import Segmenter, select_long_enough
from dp.errors import DataError
from dp.models.checkpoint import Checkpoint
from dp.models.hifigan import HOP_SAMPLE, HifiganDims, HifiganModel
from dp.models.mel import LogMel
from dp.models.vocoders import Vocoder
from dp.models.vocos import VocosDims, VocosModel
from dp.models.weight_norm import add_weight_norm, fold_weight_norm
from dp.presets import VocoderConfig
from dp.train.adversarial import AdversarialTrainee, Recipe, make_discriminators, make_hifigan_recipe
from dp.train.loop import Budget, Course, fit, keep_deterministic
from dp.train.losses import STFT_SIZES_SAMPLE, SpectralLoss
from dp.train.state import Log

WARMUP_STEP = 20
VOCOS_SPECTRAL_WEIGHT = 15.0  # beside the adversarial loss

Validate = Callable[[nn.Module], dict[str, float]]  # metrics on held-out clips


@dataclass(frozen=True)
class Architecture:
    """How vocoders of one kind are made and trained."""

    make: Callable[[MelConfig, LogMel, Any], nn.Module]  # of a log-mel, its filters, and sizes or None; untrained
    make_recipe: Callable[[VocoderConfig, SpectralLoss, Validate], Recipe]


def train_vocoder(
    arrays: Arrays[VocoderClip],
    filterbank: npt.NDArray[np.float32],
    config: VocoderConfig,
    log: Log,
    thread_count: int = 1,
    dims: Any = None,
    course: Course | None = None,
) -> Checkpoint[Vocoder]:
    """Train a vocoder.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        filterbank: [M, F] filters of `arrays.mel`.
        config: architecture, step count, rate, segment length, seed.
        log: gets the losses and, on the `clip` split, `valid_loss` (spectral) and `valid_log_mel_mse`; see `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        dims: sizes, of the architecture's `dims_type`; None = the defaults.
        course: device and state file.

    Raises:
        DataError: there is nothing to train on, the architecture does not fit the log-mel, or the training diverged.
    """
    mel, course = arrays.mel, course or Course()
    check_segment(config.segment_frame, mel.hop_sample, "params.yaml: vocoder.segment_frame")
    clips = select_long_enough(
        arrays.select_training(), config.segment_frame, mel.hop_sample, "params.yaml: vocoder.segment_frame"
    )
    held_out = arrays.select_held_out("clip")
    segmenter = Segmenter(config.batch_size, config.segment_frame, mel.hop_sample, config.seed)
    log_mel = LogMel(mel, filterbank)
    architecture = _find_architecture(config.architecture)
    with keep_deterministic(config.seed, thread_count):
        model = architecture.make(mel, log_mel, dims).to(course.device)
        discriminators = make_discriminators(config.discriminator, "params.yaml: vocoder.discriminator").to(
            course.device
        )
        spectral_loss = SpectralLoss(log_mel).to(course.device)
        recipe = architecture.make_recipe(
            config, spectral_loss, lambda kept: _measure_copy_synthesis(kept, spectral_loss, held_out, course.device)
        )
        trainee = AdversarialTrainee(model, discriminators, recipe)
        progress = fit(
            trainee, partial(segmenter.draw_vocoder_batch, clips), Budget.read_from(config), log, config.seed, course
        )
    step = progress.best_step or progress.step
    kept = cast(Vocoder, fold_weight_norm(model).cpu())
    return Checkpoint(kept, mel, step, (), asdict(config), arrays.data_note, trained_on=arrays.trained_on)


def check_segment(segment_frame: int, hop_sample: int, subject: str) -> None:
    """Refuse segments that are too short for the longest window of the spectral loss.

    Raises:
        DataError: it is too short.
    """
    shortest = max(STFT_SIZES_SAMPLE) // 2 // hop_sample + 1
    if segment_frame < shortest:
        raise DataError(subject, f"is {segment_frame}, expected at least {shortest}", "raise it")


def check_hop(mel: MelConfig) -> None:
    """Refuse a log-mel whose hop is not what HiFi-GAN's layers make of a frame.

    Raises:
        DataError: its hop is another.
    """
    if mel.hop_sample != HOP_SAMPLE:
        reason = f"is {mel.hop_sample}, while HiFi-GAN makes {HOP_SAMPLE} samples of each frame"
        raise DataError("mel.hop_sample", reason, f"set it to {HOP_SAMPLE}, or train the architecture vocos")


def compute_cosine_rate(step: int, step_count: int, peak: float) -> float:
    """Return the learning rate at `step` (from 1): linear warm-up, then half a cosine down to a tenth of the peak."""
    return peak * min(1.0, step / WARMUP_STEP) * (0.55 + 0.45 * math.cos(math.pi * step / step_count))


def _find_architecture(name: str) -> Architecture:
    """Return how vocoders of this name in ARCHITECTURES are made and trained."""
    if name not in ARCHITECTURES:
        known = " or ".join(ARCHITECTURES)
        raise DataError("params.yaml: vocoder.architecture", f"is {name!r}, expected {known}", "correct it")
    return ARCHITECTURES[name]


def _make_vocos(mel: MelConfig, log_mel: LogMel, dims: Any) -> nn.Module:
    """Make an untrained Vocos, its outline that of the filters."""
    sizes = {"band_count": mel.band_count, "window_sample": mel.window_sample, "hop_sample": mel.hop_sample}
    vocos = VocosModel(replace(dims or VocosDims(), **sizes))
    vocos.set_outline(log_mel.filterbank)
    return vocos


def _make_vocos_recipe(config: VocoderConfig, spectral_loss: SpectralLoss, validate: Validate) -> Recipe:
    """Make the recipe of Vocos: spectral losses alone at first, and a cosine rate."""
    return Recipe(
        spectral_loss,
        VOCOS_SPECTRAL_WEIGHT,
        config.adversarial_from_step,
        lambda step: compute_cosine_rate(step, config.step_count, config.learning_rate),
        validate,
    )


def _make_hifigan(mel: MelConfig, log_mel: LogMel, dims: Any) -> nn.Module:
    """Make an untrained HiFi-GAN with normalized weights."""
    check_hop(mel)
    return add_weight_norm(HifiganModel(replace(dims or HifiganDims(), band_count=mel.band_count)))


def _make_hifigan_recipe(config: VocoderConfig, spectral_loss: SpectralLoss, validate: Validate) -> Recipe:
    """Make the recipe of HiFi-GAN's authors."""
    return make_hifigan_recipe(config.learning_rate, config.adversarial_from_step, spectral_loss.log_mel, validate)


# By the word of params.yaml: presets.CHOICES lists the same.
ARCHITECTURES: dict[str, Architecture] = {
    VocosModel.kind: Architecture(_make_vocos, _make_vocos_recipe),
    HifiganModel.kind: Architecture(_make_hifigan, _make_hifigan_recipe),
}


def _measure_copy_synthesis(
    model: nn.Module, loss: SpectralLoss, clips: Sequence[VocoderClip], device: torch.device
) -> dict[str, float]:
    """Return means over held-out clips, each counting alike; nothing where none are held out."""
    losses, errors = [], []
    for clip in clips:
        log_mel, samples = (torch.from_numpy(part)[None].to(device) for part in (clip.log_mel, clip.samples))
        made = model(log_mel)
        losses.append(float(loss(made, samples)))
        errors.append(float((loss.log_mel(made) - log_mel).square().mean()))
    return {"valid_loss": float(np.mean(losses)), "valid_log_mel_mse": float(np.mean(errors))} if clips else {}
