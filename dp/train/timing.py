"""Training of the timing model, of either design."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dp.config import MelConfig
from dp.data.arrays import Arrays, TimingClip
from dp.data.batches import TimingBatch
from dp.data.loader import make_timing_batch, make_timing_sampler
from dp.data.piece_batches import PieceBatch, draw_stretches
from dp.data.score_context import MIN_SEC
from dp.data.timing_pieces import TimingPiece
from dp.evaluate.timing_playing import (
    compute_onset_errors_frame,
    extract_clip_frame,
    find_starting_notes,
    play_piece_sec,
)
from dp.models.checkpoint import Checkpoint
from dp.models.frame_timing import FrameTiming
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingDims, TimingModel
from dp.presets import TimingConfig
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
from dp.train.losses import compute_masked_mse
from dp.train.state import Log
from dp.units import CLIP_SEC

STRETCH_EVENT = 192  # length of the stretches that ours learns from: three times what an event sees to one side
ONSET_UNIT_FRAME = 18.0  # root mean square error of constant tempo: the losses are of one size then
STRETCH_KNEE = 0.2  # of the logarithm of an interval: beyond it an error of the alignment is likelier than expression
# Weights beside the onset loss, which has weight 1.
STRETCH_WEIGHT = 50.0
ARTICULATION_WEIGHT = 5.0
SPREAD_WEIGHT = 0.2
SPREAD_UNIT_SEC = 0.03  # spreads are measured in this unit


class FrameTrainee:
    """Trainee of the publication's design: mean squared error of onsets and durations, in frames of the clip."""

    def __init__(self, model: TimingModel, config: TimingConfig, held_out: Sequence[TimingClip]) -> None:
        self.model, self.config, self.held_out = model, config, held_out
        self.networks: Mapping[str, nn.Module] = {"model": model}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {"model": make_transformer_optimizer(model)}

    def compute_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return compute_noam_rate(step, self.config.width, self.config.warmup_step, self.config.learning_rate)

    def train_step(self, batch: TimingBatch, step: int) -> dict[str, Tensor]:
        """Descend along the loss of a batch, in frames squared."""
        with use_mixed_precision(batch.valid.device):
            loss = compute_frame_loss(_get_frame_network(self.model), batch)
        norm = descend(self.optimizers["model"], self.model, loss)
        return {"train_loss": loss.detach(), "gradient_norm": norm}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return the same loss on held-out clips, each counting alike."""
        device = next(model.parameters()).device
        losses = [
            float(compute_frame_loss(_get_frame_network(model), make_timing_batch([clip]).to(device)))
            for clip in self.held_out
        ]
        return {"valid_loss": float(np.mean(losses))} if losses else {}


class ScoreTrainee:
    """Trainee of our design: errors of onsets within windows of a clip's length, and of intervals."""

    def __init__(
        self, model: TimingModel, config: TimingConfig, held_out: Sequence[TimingClip], mel: MelConfig
    ) -> None:
        self.model, self.config, self.held_out = model, config, held_out
        self.rate_hz = mel.frame_rate_hz
        self.networks: Mapping[str, nn.Module] = {"model": model}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "model": torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
        }

    def compute_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        return compute_noam_rate(step, self.config.width, self.config.warmup_step, self.config.learning_rate)

    def train_step(self, batch: PieceBatch, step: int) -> dict[str, Tensor]:
        """Descend along the losses of a batch."""
        network = _get_score_network(self.model)
        losses = compute_score_losses(network, batch, self.rate_hz)
        loss = torch.stack(list(losses.values())).sum()
        norm = descend(self.optimizers["model"], self.model, loss)
        return {"train_loss": loss.detach(), "gradient_norm": norm, **{k: v.detach() for k, v in losses.items()}}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return the mean squared error of the onsets of held-out clips in frames, measured from their first onset."""
        network = _get_score_network(model)
        clips_of: dict[str, list[TimingClip]] = defaultdict(list)
        for clip in self.held_out:
            clips_of[clip.piece.recording_id].append(clip)
        errors = []
        for clips in clips_of.values():
            played_sec = play_piece_sec(network, clips[0].piece.context, clips[0].piece.performer_index)
            for clip in clips:
                onset_frame, _ = extract_clip_frame(clip, played_sec, self.rate_hz)
                chosen = find_starting_notes(clip)
                if len(chosen):
                    errors.append(float(np.mean(compute_onset_errors_frame(clip, onset_frame, chosen) ** 2)))
        return {"valid_loss": float(np.mean(errors))} if errors else {}


def train_timing(
    arrays: Arrays[TimingClip],
    config: TimingConfig,
    log: Log,
    thread_count: int = 1,
    dims: TimingDims | None = None,
    course: Course | None = None,
) -> Checkpoint[TimingModel]:
    """Train a timing model.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        config: design, step count, rates, seed.
        log: gets `train_loss`, and `valid_loss` on the `clip` split; see `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        dims: sizes; by default those of the configuration.
        course: where it runs, and what it saves to go on from.

    Raises:
        DataError: there is nothing to train on, or the training diverged.
    """
    course = course or Course()
    clips, held_out = arrays.select_training(), arrays.select_held_out("clip")
    sizes = dims or TimingDims(design=config.design, width=config.width, dropout=config.dropout)
    sizes = replace(sizes, performer_count=len(arrays.performer_names))
    with keep_deterministic(config.seed, thread_count):
        model = TimingModel(sizes).to(course.device)
        if isinstance(model.network, FrameTiming):
            frames = FrameTrainee(model, config, held_out)
            progress = fit(
                frames,
                make_timing_sampler(clips, config.batch_size, config.seed),
                Budget.read_from(config),
                log,
                config.seed,
                course,
            )
        else:
            pieces = list({clip.piece.recording_id: clip.piece for clip in clips}.values())
            scores = ScoreTrainee(model, config, held_out, arrays.mel)
            progress = fit(
                scores,
                lambda step: _draw_pieces(pieces, config, step),
                Budget.read_from(config),
                log,
                config.seed,
                course,
            )
    model.cpu()
    return Checkpoint(
        model,
        arrays.mel,
        progress.best_step or progress.step,
        arrays.performer_names,
        asdict(config),
        arrays.data_note,
        trained_on=arrays.trained_on,
    )


def compute_frame_loss(network: FrameTiming, batch: TimingBatch) -> Tensor:
    """Compute the mean squared error of onsets plus that of durations, in frames squared."""
    onset_frame, duration_frame = network(**batch.inputs)
    onset_loss = compute_masked_mse(onset_frame.float(), batch.onset_frame, batch.valid)
    return onset_loss + compute_masked_mse(duration_frame.float(), batch.duration_frame, batch.valid)


def compute_score_losses(network: ScoreTiming, batch: PieceBatch, rate_hz: float) -> dict[str, Tensor]:
    """Compute the losses whose sum our design minimizes, scalars by name.

    `onset_loss` is the mean squared error of onsets, relative to that of constant tempo, within windows of a clip's
    length, each measured from its first onset: there the errors of single intervals add up. `stretch_loss` is the Huber
    loss of single intervals, `articulation_loss` and `spread_loss` those of single notes.
    """
    # Onsets [B, E]: sums of the interval errors since the start of the window.
    log_stretch, spread_sec, log_articulation = (said.float() for said in network(**batch.inputs))
    trained = batch.interval_trained
    error_frame = (torch.exp(log_stretch) * batch.nominal_sec - batch.interval_sec) * rate_hz * trained
    drift_frame = _compute_drift(error_frame, _find_window_starts(batch))
    follows = F.pad(trained[:, :-1], (1, 0)) & ~_find_window_starts(batch)
    # Single intervals [B, E] and notes [B, N].
    true_stretch = torch.log(batch.interval_sec.clamp(min=MIN_SEC) / batch.nominal_sec.clamp(min=MIN_SEC))
    stretch = F.huber_loss(log_stretch, true_stretch, reduction="none", delta=STRETCH_KNEE)
    articulation = F.huber_loss(log_articulation, batch.log_articulation, reduction="none", delta=STRETCH_KNEE)
    spread = F.huber_loss(spread_sec / SPREAD_UNIT_SEC, batch.spread_sec / SPREAD_UNIT_SEC, reduction="none")
    return {
        "onset_loss": _average_chosen(drift_frame**2, follows) / ONSET_UNIT_FRAME**2,
        "stretch_loss": STRETCH_WEIGHT * _average_chosen(stretch, trained),
        "articulation_loss": ARTICULATION_WEIGHT * _average_chosen(articulation, batch.note_trained),
        "spread_loss": SPREAD_WEIGHT * _average_chosen(spread, batch.note_trained),
    }


def _find_window_starts(batch: PieceBatch) -> Tensor:
    """Return [B, E]: whether an event starts a window, or follows an interval that must not be learned."""
    onset_sec = torch.cumsum(batch.interval_sec, dim=1) - batch.interval_sec + batch.window_phase_sec[:, None]
    window = torch.floor(onset_sec / CLIP_SEC)
    starts = (window[:, 1:] != window[:, :-1]) | ~batch.interval_trained[:, :-1]
    return F.pad(starts, (1, 0), value=True)


def _compute_drift(error_frame: Tensor, starts: Tensor) -> Tensor:
    """Return the errors [B, E] of onsets that those of the intervals add up to since the last start."""
    total = F.pad(torch.cumsum(error_frame, dim=1)[:, :-1], (1, 0))
    index = torch.arange(total.shape[1], device=total.device).expand_as(total)
    last_start = torch.cummax(torch.where(starts, index, 0), dim=1).values
    return total - total.gather(1, last_start)


def _average_chosen(values: Tensor, chosen: Tensor) -> Tensor:
    """Return the mean of the chosen values; 0 where none is."""
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


def _draw_pieces(pieces: Sequence[TimingPiece], config: TimingConfig, step: int) -> PieceBatch:
    """Draw the batch of a step."""
    return draw_stretches(pieces, config.batch_size, STRETCH_EVENT, config.seed, step)


def _get_score_network(model: nn.Module) -> ScoreTiming:
    """Return the network of a model of our design."""
    assert isinstance(model, TimingModel) and isinstance(model.network, ScoreTiming)
    return model.network


def _get_frame_network(model: nn.Module) -> FrameTiming:
    """Return the network of a model of the publication's design."""
    assert isinstance(model, TimingModel) and isinstance(model.network, FrameTiming)
    return model.network
