"""Training of the synthesis model on aligned notes, by the error of the log-mel."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dp.data.arrays import Arrays
from dp.data.batches import SynthesisBatch
from dp.data.loader import make_crop_sampler, make_synthesis_batch, make_synthesis_sampler
from dp.data.stretches import SynthesisClip
from dp.models.checkpoint import Checkpoint
from dp.models.harmonics import compute_partial_spectra
from dp.models.synthesis import SynthesisModel
from dp.presets import SynthesisConfig
from dp.train.loop import (
    Budget,
    Course,
    compute_noam_rate,
    descend,
    fit,
    keep_deterministic,
    make_transformer_optimizer,
    use_mixed_precision,
)
from dp.train.losses import compute_masked_mse, compute_spread_shortfall
from dp.train.state import Log
from dp.train.texture import fit_texture
from dp.units import CLIP_SEC, sec_to_frame


def _describe_data(clips: Sequence[SynthesisClip]) -> dict[str, Any]:
    """Return what a model's sizes say about the data it learned from."""
    velocity = np.concatenate([clip.sounding.velocity for clip in clips])
    pitch = np.concatenate([clip.sounding.pitch for clip in clips])
    found: dict[str, Any] = {"hears_velocity": bool((velocity > 0).any())}
    return found | ({"lowest_pitch": int(pitch.min()), "highest_pitch": int(pitch.max())} if len(pitch) else {})


class SynthesisTrainee:
    """A synthesis model in training."""

    def __init__(
        self,
        arrays: Arrays[SynthesisClip],
        filterbank: npt.NDArray[np.float32],
        config: SynthesisConfig,
        device: torch.device,
    ) -> None:
        clips = arrays.select_training()
        dims = replace(config.dims, performer_count=len(arrays.performer_names), band_count=arrays.mel.band_count)
        self.model = SynthesisModel(replace(dims, **_describe_data(clips)))
        self.model.set_mean_spectrum(torch.from_numpy(np.mean([clip.log_mel.mean(axis=0) for clip in clips], axis=0)))
        self.model.set_partials(compute_partial_spectra(arrays.mel, filterbank))
        self.model.to(device)
        self.networks: Mapping[str, nn.Module] = {"model": self.model}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {"model": make_transformer_optimizer(self.model)}
        self.held_out = arrays.select_held_out("clip")
        self.config = config
        self.device = device

    def compute_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return compute_noam_rate(step, self.model.dims.width, self.config.warmup_step, self.config.learning_rate)

    def train_step(self, batch: SynthesisBatch, step: int) -> dict[str, Tensor]:
        """Descend along the loss of a batch."""
        with use_mixed_precision(self.device):
            predicted = self.model(**batch.inputs).float()
        mse = compute_masked_mse(predicted, batch.log_mel, batch.frame_valid[..., None])
        loss, config = mse, self.config
        if config.l1_weight > 0:
            error = ((predicted - batch.log_mel).abs() * batch.frame_valid[..., None]).sum()
            loss = loss + config.l1_weight * error / (batch.frame_valid.sum() * predicted.shape[2])
        if config.variance_weight > 0:
            loss = loss + config.variance_weight * compute_spread_shortfall(predicted, batch.log_mel, batch.frame_valid)
        norm = descend(self.optimizers["model"], self.model, loss)
        return {"train_loss": loss.detach(), "train_mse": mse.detach(), "gradient_norm": norm}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return the mean squared error over held-out clips, each counting alike; nothing where none are held out."""
        losses = []
        for clip in self.held_out:
            batch = make_synthesis_batch([clip]).to(self.device)
            with use_mixed_precision(self.device):
                predicted = model(**batch.inputs).float()
            losses.append(float(compute_masked_mse(predicted, batch.log_mel, batch.frame_valid[..., None])))
        return {"valid_loss": sum(losses) / len(losses)} if losses else {}


def train_synthesis(
    arrays: Arrays[SynthesisClip],
    filterbank: npt.NDArray[np.float32],
    config: SynthesisConfig,
    log: Log,
    thread_count: int = 1,
    course: Course | None = None,
) -> Checkpoint[SynthesisModel]:
    """Train a synthesis model.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        filterbank: [M, F] filters of `arrays.mel`.
        config: sizes and switches, step count, rates, seed.
        log: gets `train_loss`, `train_mse`, `texture_loss` and, on the `clip` split, `valid_loss`; see `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        course: device, state file, resume.

    Raises:
        DataError: there is nothing to train on, or the training diverged.
    """
    course = course or Course()
    with keep_deterministic(config.seed, thread_count):
        trainee = SynthesisTrainee(arrays, filterbank, config, course.device)
        if config.crops:
            frame_count = int(sec_to_frame(CLIP_SEC, arrays.mel.frame_rate_hz))
            batch_at = make_crop_sampler(arrays.stretches, frame_count, config.batch_size, config.seed)
        else:
            batch_at = make_synthesis_sampler(arrays.select_training(), config.batch_size, config.seed)
        progress = fit(trainee, batch_at, Budget.read_from(config), log, config.seed, course)
        if config.dims.texture:
            log({"texture_loss": fit_texture(trainee.model, arrays.select_training(), config.seed)}, progress.step)
    kept = progress.best_step or progress.step
    return Checkpoint(
        trainee.model.cpu(),
        arrays.mel,
        kept,
        arrays.performer_names,
        asdict(config),
        arrays.data_note,
        trained_on=arrays.trained_on,
    )
