"""Voices to play with: those that come with the library, or those of a folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dp.models.checkpoint import Checkpoint, load_checkpoint
from dp.models.voices.model import VoicesModel
from dp.render.model_set import ModelSet, load_models
from dp.render.packaged import PACKAGED, find_packaged, find_voices, name_voices

Voices = Checkpoint[VoicesModel]


@dataclass(frozen=True)
class Ensemble:
    """Voices that are read when they first play; the soundfont plays what they do not."""

    folders: Mapping[str, Path]
    only: str | None = None  # whose they are that play every part; None = by its instrument
    loaded: dict[str, Voices] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """What provenance calls it."""
        return self.only or PACKAGED

    @property
    def performer_names(self) -> tuple[str, ...]:
        """Performers that any of those who may play knows, in alphabetical order."""
        return tuple(sorted({name for voices in self.list_voices().values() for name in voices.performer_names}))

    def list_voices(self) -> dict[str, Voices]:
        """Load all that play where no instrument is asked for; see `load`."""
        return {name: self.load(name) for name in (self.folders if self.only is None else [self.only])}

    def load(self, name: str) -> Voices:
        """Load voices, once.

        Raises:
            DataError: they are damaged.
        """
        if name not in self.loaded:
            self.loaded[name] = load_checkpoint(self.folders[name], [VoicesModel])
        return self.loaded[name]


def load_any(models: Path | None) -> ModelSet | Ensemble:
    """Load what a rendering plays with.

    Args:
        models: folder of voices, or of a timing, a synthesis and a vocoder model; None = the packaged voices.

    Raises:
        DataError: one is missing or damaged, or they were trained on different log-mels.
    """
    if models is None:
        return Ensemble(find_packaged())
    voices = find_voices(models)
    if voices is None:
        return load_models(models)
    made = Ensemble({**find_packaged(), name_voices(voices): voices}, name_voices(voices))
    made.load(name_voices(voices))  # what is wrong with it is said now
    return made
