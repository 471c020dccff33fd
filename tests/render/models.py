"""Tiny models in a folder, as `dp train` leaves them, but untrained: what they make is noise."""

from dataclasses import replace
from pathlib import Path

import torch

from dp.models.checkpoint import Checkpoint, save_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocos import VocosModel
from tests.train.tiny import MEL, SYNTHESIS_DIMS, TIMING_DIMS, VOCOS_DIMS

PERFORMERS = ("ann", "bo")


def save_models(folder: Path) -> None:
    """Timing, synthesis and vocoder, which know two performers."""
    torch.manual_seed(0)
    count = len(PERFORMERS)
    timing = TimingModel(replace(TIMING_DIMS, performer_count=count))
    synthesis = SynthesisModel(replace(SYNTHESIS_DIMS, performer_count=count, band_count=MEL.band_count))
    vocoder = VocosModel(replace(VOCOS_DIMS, band_count=MEL.band_count))
    save_checkpoint(Checkpoint(timing, MEL, 1, PERFORMERS), folder / "timing")
    save_checkpoint(Checkpoint(synthesis, MEL, 1, PERFORMERS), folder / "synthesis")
    save_checkpoint(Checkpoint(vocoder, MEL, 1), folder / "vocoder")
