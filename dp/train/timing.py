"""Training of the timing model: mean squared error of onsets and durations, in frames."""

from dataclasses import asdict, replace

from torch import Tensor

from dp.data.arrays import Arrays, TimingClip
from dp.data.batches import TimingBatch
from dp.data.loader import timing_batch, timing_batches
from dp.models.checkpoint import Checkpoint
from dp.models.timing import TimingDims, TimingModel
from dp.presets import TimingConfig
from dp.train.loop import Log, deterministic, fit, mean_valid_loss, noam_rate, transformer_optimizer
from dp.train.losses import masked_mse


def train_timing(
    arrays: Arrays[TimingClip],
    config: TimingConfig,
    log: Log,
    thread_count: int = 1,
    dims: TimingDims | None = None,
) -> Checkpoint[TimingModel]:
    """Train a timing model.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        config: step count, rates, seed.
        log: gets `train_loss` (frames squared) and `valid_loss` on the `clip` split; see `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        dims: sizes; by default the publication's.

    Raises:
        DataError: there is nothing to train on, or the training diverged.
    """
    clips = arrays.training()
    held_out = arrays.held_out("clip")
    with deterministic(config.seed, thread_count):
        model = TimingModel(replace(dims or TimingDims(), performer_count=len(arrays.performer_names)))
        fit(
            model,
            timing_batches(clips, config.batch_size, config.seed),
            lambda batch: timing_loss(model, batch),
            transformer_optimizer(model),
            lambda step: noam_rate(step, model.dims.width, config.warmup_step, config.learning_rate),
            config.step_count,
            lambda: mean_valid_loss(timing_loss(model, timing_batch([clip])) for clip in held_out),
            log,
        )
    return Checkpoint(model, arrays.mel, config.step_count, arrays.performer_names, asdict(config), arrays.data_note)


def timing_loss(model: TimingModel, batch: TimingBatch) -> Tensor:
    """Mean squared error of onsets plus that of durations, in frames squared."""
    onset_frame, duration_frame = model(**batch.inputs)
    onset_loss = masked_mse(onset_frame, batch.onset_frame, batch.valid)
    return onset_loss + masked_mse(duration_frame, batch.duration_frame, batch.valid)
