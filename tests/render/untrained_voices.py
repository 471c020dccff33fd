"""Small voices that nobody trained, in folders as they come with the library."""

from collections.abc import Sequence
from pathlib import Path

import torch

from dp.config import MelConfig
from dp.models.checkpoint import Checkpoint, save_checkpoint
from dp.models.voices.model import VoicesDims, VoicesModel
from dp.render.ensemble import Ensemble
from dp.types import Source

KINDS = {"violin": "bowed", "piano": "struck"}
PERFORMERS = {"violin": ("ann", "bo"), "piano": ("cy",)}


def voices(name: str = "violin", heard: Sequence[int] = range(55, 100)) -> Checkpoint[VoicesModel]:
    """Voices that heard some pitches, and whose performers each recorded in a room of their own."""
    torch.manual_seed(1)
    who = PERFORMERS[name]
    dims = VoicesDims(
        KINDS[name], performer_count=len(who), room_count=len(who), style_count=0, partial_count=10,
        own_partial_count=8, width=16, depth=1
    )  # fmt: skip
    model = VoicesModel(dims)
    with torch.no_grad():
        model.performer.normal_(0, 0.2)
        model.early.normal_(0, 0.01)
        model.heard[list(heard)] = 5
    sources = tuple(Source(f"room of {performer}", performer, "CC0-1.0") for performer in who)
    rooms = {"rooms": [source.recording_id for source in sources]}
    return Checkpoint(model.eval(), MelConfig(), 7, who, rooms, trained_on=sources)


def save_packaged(folder: Path, names: Sequence[str] = ("violin", "piano")) -> dict[str, Path]:
    """Write voices as they come with the library; return their folders."""
    for name in names:
        save_checkpoint(voices(name), folder / name)
    return {name: folder / name for name in names}


def ensemble(*names: str, only: str | None = None, heard: Sequence[int] = range(55, 100)) -> Ensemble:
    """Voices in memory."""
    return Ensemble({name: Path(name) for name in names}, only, {name: voices(name, heard) for name in names})
