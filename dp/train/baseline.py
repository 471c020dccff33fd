"""Training of the publication's baseline: piano roll and position roll to waveform, by HiFi-GAN's recipe."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dp.data.arrays import Arrays, BaselineClip
from dp.data.batches import make_synthesis_inputs
from dp.data.segments import BASELINE_INPUTS, Segmenter, select_long_enough
from dp.models.baseline import BaselineDims, BaselineModel
from dp.models.checkpoint import Checkpoint
from dp.models.hifigan import HOP_SAMPLE
from dp.models.mel import LogMel
from dp.models.weight_norm import add_weight_norm, fold_weight_norm
from dp.presets import BaselineConfig
from dp.train.adversarial import AdversarialTrainee, make_discriminators, make_hifigan_recipe
from dp.train.loop import Budget, Course, fit, keep_deterministic
from dp.train.state import Log
from dp.train.vocoder import check_hop, check_segment


def train_baseline(
    arrays: Arrays[BaselineClip],
    filterbank: npt.NDArray[np.float32],
    config: BaselineConfig,
    log: Log,
    thread_count: int = 1,
    dims: BaselineDims | None = None,
    course: Course | None = None,
) -> Checkpoint[BaselineModel]:
    """Train a baseline.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        filterbank: [M, F] filters of `arrays.mel`.
        config: step count, rate, segment length, seed.
        log: gets the losses and, on the `clip` split, `valid_loss` (L1 of the log-mel) and `valid_log_mel_mse`; see
            `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        dims: sizes.
        course: device and state file.

    Raises:
        DataError: there is nothing to train on, the log-mel has another hop than the generator, or the training
            diverged.
    """
    mel, course = arrays.mel, course or Course()
    check_hop(mel)
    check_segment(config.segment_frame, mel.hop_sample, "params.yaml: baseline.segment_frame")
    clips = select_long_enough(
        arrays.select_training(), config.segment_frame, mel.hop_sample, "params.yaml: baseline.segment_frame"
    )
    held_out = arrays.select_held_out("clip")
    segmenter = Segmenter(config.batch_size, config.segment_frame, mel.hop_sample, config.seed)
    log_mel = LogMel(mel, filterbank).to(course.device)
    with keep_deterministic(config.seed, thread_count):
        shape = replace(dims or BaselineDims(), performer_count=len(arrays.performer_names))
        model = add_weight_norm(BaselineModel(shape)).to(course.device)
        discriminators = make_discriminators(config.discriminator, "params.yaml: baseline.discriminator").to(
            course.device
        )
        recipe = make_hifigan_recipe(
            config.learning_rate,
            config.adversarial_from_step,
            log_mel,
            lambda kept: _measure_mel_errors(kept, log_mel, held_out, course.device),
        )
        trainee = AdversarialTrainee(model, discriminators, recipe)
        progress = fit(
            trainee, partial(segmenter.draw_baseline_batch, clips), Budget.read_from(config), log, config.seed, course
        )
    step = progress.best_step or progress.step
    return Checkpoint(
        fold_weight_norm(model).cpu(),
        mel,
        step,
        arrays.performer_names,
        asdict(config),
        arrays.data_note,
        trained_on=arrays.trained_on,
    )


def make_baseline_inputs(clip: BaselineClip) -> dict[str, torch.Tensor]:
    """Make the inputs of the model for one whole clip, B = 1."""
    inputs = make_synthesis_inputs([clip.sounding], [clip.performer_index], [len(clip.samples) // HOP_SAMPLE])
    return {name: inputs[name] for name in BASELINE_INPUTS}


def _measure_mel_errors(
    model: nn.Module, log_mel: LogMel, clips: Sequence[BaselineClip], device: torch.device
) -> dict[str, float]:
    """Return means over held-out clips, each counting alike; nothing where none are held out."""
    distances, errors = [], []
    for clip in clips:
        inputs = {name: value.to(device) for name, value in make_baseline_inputs(clip).items()}
        off = log_mel(model(**inputs)) - log_mel(torch.from_numpy(clip.samples)[None].to(device))
        distances.append(float(off.abs().mean()))
        errors.append(float(off.square().mean()))
    return {"valid_loss": float(np.mean(distances)), "valid_log_mel_mse": float(np.mean(errors))} if clips else {}
