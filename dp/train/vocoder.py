"""Training of the vocoder: spectral losses alone, which a CPU gets somewhere with in minutes."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import numpy.typing as npt
import torch

from dp.config import VocoderConfig
from dp.data.arrays import Arrays, VocoderClip
from dp.data.loader import vocoder_batches
from dp.errors import DataError
from dp.models.checkpoint import Checkpoint
from dp.models.mel import LogMel
from dp.models.vocos import VocosDims, VocosModel
from dp.train.loop import Log, deterministic, fit
from dp.train.losses import STFT_SIZES_SAMPLE, SpectralLoss

WARMUP_STEP = 20


def train_vocoder(
    arrays: Arrays[VocoderClip],
    filterbank: npt.NDArray[np.float32],
    config: VocoderConfig,
    log: Log,
    thread_count: int = 1,
    dims: VocosDims | None = None,
) -> Checkpoint[VocosModel]:
    """Train a vocoder.

    Args:
        arrays: clips of both splits; those held out by either are not trained on.
        filterbank: [M, F] filters of `arrays.mel`.
        config: step count, rate, segment length, seed.
        log: gets `train_loss` (spectral) and, on the `clip` split, `valid_mel_l1`; see `loop.fit`.
        thread_count: threads torch may use; the result depends on it in the last digits.
        dims: sizes.

    Raises:
        DataError: there is nothing to train on, or the training diverged.
    """
    mel = arrays.mel
    if config.segment_frame * mel.hop_sample <= max(STFT_SIZES_SAMPLE) // 2:
        shortest = max(STFT_SIZES_SAMPLE) // 2 // mel.hop_sample + 1
        raise DataError(
            "train.vocoder.segment_frame", f"is {config.segment_frame}, expected at least {shortest}", "raise it"
        )
    clips = [clip for clip in arrays.training() if len(clip.log_mel) >= config.segment_frame]
    if not clips:
        raise DataError("train.vocoder.segment_frame", f"is {config.segment_frame}, longer than every clip", "lower it")
    held_out = arrays.held_out("clip")
    sizes = {"band_count": mel.band_count, "window_sample": mel.window_sample, "hop_sample": mel.hop_sample}
    log_mel = LogMel(mel, filterbank)
    loss = SpectralLoss(log_mel)
    with deterministic(config.seed, thread_count):
        model = VocosModel(replace(dims or VocosDims(), **sizes))
        model.set_outline(log_mel.filterbank)
        fit(
            model,
            vocoder_batches(clips, config.batch_size, config.segment_frame, mel.hop_sample, config.seed),
            lambda batch: loss(model(batch.log_mel), batch.samples),
            torch.optim.AdamW(model.parameters(), betas=(0.8, 0.99)),  # Kong et al. 2020
            lambda step: cosine_rate(step, config.step_count, config.learning_rate),
            config.step_count,
            lambda: _validate(model, log_mel, held_out),
            log,
        )
    return Checkpoint(model, mel, config.step_count, (), asdict(config), arrays.data_note)


def cosine_rate(step: int, step_count: int, peak: float) -> float:
    """Learning rate at `step` (from 1): a short linear warm-up, then half a cosine down to a tenth of the peak."""
    return peak * min(1.0, step / WARMUP_STEP) * (0.55 + 0.45 * math.cos(math.pi * step / step_count))


def _validate(model: VocosModel, log_mel: LogMel, clips: Sequence[VocoderClip]) -> dict[str, float]:
    """Mean distance of log-mels over held-out clips, each counting alike; nothing where none are held out."""
    losses = []
    for clip in clips:
        true = torch.from_numpy(clip.log_mel)[None]
        losses.append(float((log_mel(model(true)) - true).abs().mean()))
    return {"valid_mel_l1": sum(losses) / len(losses)} if losses else {}
