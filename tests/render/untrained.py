"""Small models that nobody trained: what they make is noise, but whole and always the same."""

from dataclasses import replace
from pathlib import Path

import torch

from dp.models.checkpoint import Checkpoint, save_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocos import VocosModel
from dp.render import ModelSet
from dp.types import Source
from tests.train import tiny

PERFORMERS = ("ann", "bo")
TRAINED_ON = (Source("one", "ann", "CC0-1.0"), Source("two", "bo", "CC BY 4.0"))


def model_set(
    timing_performers: tuple[str, ...] = PERFORMERS,
    synthesis_performers: tuple[str, ...] = PERFORMERS,
    design: str = "publication",
) -> ModelSet:
    """Models of `tiny.MEL`; their tables of performers differ enough to be heard."""
    torch.manual_seed(0)
    timing = TimingModel(replace(tiny.TIMING_DIMS, design=design, performer_count=len(timing_performers)))
    dims = replace(tiny.SYNTHESIS_DIMS, performer_count=len(synthesis_performers), band_count=20)
    synthesis = SynthesisModel(dims)
    vocoder = VocosModel(replace(tiny.VOCOS_DIMS, band_count=20))
    return ModelSet(
        Checkpoint(timing.eval(), tiny.MEL, 1, timing_performers, trained_on=TRAINED_ON),
        Checkpoint(synthesis.eval(), tiny.MEL, 1, synthesis_performers, trained_on=TRAINED_ON[:1]),
        Checkpoint(vocoder.eval(), tiny.MEL, 1),
        "untrained",
    )


def save(models: ModelSet, folder: Path) -> Path:
    """Write the models where `load_models` finds them."""
    for name in ("timing", "synthesis", "vocoder"):
        save_checkpoint(getattr(models, name), folder / name)
    return folder
