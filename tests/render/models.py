"""Tiny trained models in a folder, as `dp train` leaves them."""

from dataclasses import replace
from pathlib import Path

from dp.models.checkpoint import save_checkpoint
from dp.train.synthesis import train_synthesis
from dp.train.timing import train_timing
from dp.train.vocoder import train_vocoder
from tests.train import tiny


def save_models(folder: Path) -> None:
    """Timing, synthesis and vocoder of three training steps each."""
    timing = train_timing(tiny.timing(), replace(tiny.TIMING, step_count=3), ignore, dims=tiny.TIMING_DIMS)
    synthesis = train_synthesis(tiny.synthesis(), tiny.FILTERBANK, replace(tiny.SYNTHESIS, step_count=3), ignore)
    vocoder = train_vocoder(
        tiny.vocoder(), tiny.FILTERBANK, replace(tiny.VOCODER, step_count=3), ignore, dims=tiny.VOCOS_DIMS
    )
    for name, checkpoint in (("timing", timing), ("synthesis", synthesis), ("vocoder", vocoder)):
        save_checkpoint(checkpoint, folder / name)


def ignore(metrics: dict[str, float], step: int) -> None:
    """Log nothing."""
