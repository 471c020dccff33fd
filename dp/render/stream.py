"""A performance becomes sound block by block; whatever its length, only a few seconds of it are in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dp.render.level import LevelCurve
from dp.render.model_set import ModelSet
from dp.render.performance import Performance
from dp.render.sound import log_mel_pieces


@dataclass(frozen=True)
class Block:
    """A stretch of sound that follows the block before without a gap."""

    log_mel: npt.NDArray[np.float32]  # [T, M]
    samples: npt.NDArray[np.float32]  # [T * hop], as the vocoder made them


def iterate_blocks(performance: Performance, models: ModelSet) -> Iterator[Block]:
    """Yield the sound of a performance; the first block is short, so that it comes soon."""
    waiting = torch.empty(0, models.synthesis.mel.band_count)  # log-mel whose samples are still to come

    def heard() -> Iterator[Tensor]:
        nonlocal waiting
        for log_mel in _log_mel_pieces(performance, models):
            waiting = torch.cat([waiting, log_mel])
            yield log_mel

    for samples in models.vocoder.model.stream(heard()):
        frame_count = len(samples) // models.synthesis.mel.hop_sample
        yield Block(waiting[:frame_count].numpy(), samples.numpy())
        waiting = waiting[frame_count:]


def _log_mel_pieces(performance: Performance, models: ModelSet) -> Iterator[Tensor]:
    """Yield the log-mel [T, M] of a performance in pieces, with the notes' levels applied."""
    mel = models.synthesis.mel
    made = log_mel_pieces(
        performance.performed, performance.tempo_map, models.synthesis, performance.performer, performance.texture
    )
    if models.synthesis.model.dims.hears_velocity or not performance.level_db.any():
        yield from made
        return
    curve = LevelCurve(performance.performed, performance.level_db, mel.frame_rate_hz)
    first = 0
    for log_mel in made:
        yield curve.apply(log_mel, first, mel.floor)
        first += len(log_mel)
