"""Training of the synthesis model: mean squared error of the log-mel, from true alignments."""

from dataclasses import asdict, replace

import numpy as np
import torch
from torch import Tensor

from dp.config import SynthesisConfig
from dp.data.arrays import Arrays, SynthesisClip
from dp.data.batches import SynthesisBatch
from dp.data.loader import synthesis_batch, synthesis_batches
from dp.models.checkpoint import Checkpoint
from dp.models.synthesis import SynthesisDims, SynthesisModel
from dp.train.loop import Log, deterministic, fit, mean_valid_loss, noam_rate, transformer_optimizer
from dp.train.losses import masked_mse


def train_synthesis(
    arrays: Arrays[SynthesisClip],
    config: SynthesisConfig,
    log: Log,
    thread_count: int = 1,
    dims: SynthesisDims | None = None,
) -> Checkpoint[SynthesisModel]:
    """Train a synthesis model.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        config: step count, rates, seed.
        log: gets `train_loss` and, on the `clip` split, `valid_loss`; see `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        dims: sizes; by default the publication's.

    Raises:
        DataError: there is nothing to train on, or the training diverged.
    """
    clips = arrays.training()
    held_out = arrays.held_out("clip")
    counts = {"performer_count": len(arrays.performer_names), "band_count": arrays.mel.band_count}
    with deterministic(config.seed, thread_count):
        model = SynthesisModel(replace(dims or SynthesisDims(), **counts))
        model.set_mean_spectrum(torch.from_numpy(np.mean([clip.log_mel.mean(axis=0) for clip in clips], axis=0)))
        fit(
            model,
            synthesis_batches(clips, config.batch_size, config.seed),
            lambda batch: synthesis_loss(model, batch),
            transformer_optimizer(model),
            lambda step: noam_rate(step, model.dims.width, config.warmup_step, config.learning_rate),
            config.step_count,
            lambda: mean_valid_loss(synthesis_loss(model, synthesis_batch([clip])) for clip in held_out),
            log,
        )
    return Checkpoint(model, arrays.mel, config.step_count, arrays.performer_names, asdict(config), arrays.data_note)


def synthesis_loss(model: SynthesisModel, batch: SynthesisBatch) -> Tensor:
    """Mean squared error of the log-mel over the frames that are there."""
    return masked_mse(model(**batch.inputs), batch.log_mel, batch.frame_valid[..., None])
