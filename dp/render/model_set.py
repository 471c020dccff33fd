"""Read the three models that a rendering needs from a folder."""

from dataclasses import dataclass
from pathlib import Path

from dp.models import vocoders
from dp.models.checkpoint import Checkpoint, load_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocoders import Vocoder


@dataclass(frozen=True)
class ModelSet:
    """The three models a rendering needs."""

    timing: Checkpoint[TimingModel]
    synthesis: Checkpoint[SynthesisModel]
    vocoder: Checkpoint[Vocoder]
    name: str = ""  # of the folder they were read from

    @property
    def performer_names(self) -> tuple[str, ...]:
        """Performers that the timing or the synthesis model knows, in alphabetical order."""
        return tuple(sorted({*self.timing.performer_names, *self.synthesis.performer_names}))


def load_models(folder: Path) -> ModelSet:
    """Read the models under folder/timing, folder/synthesis and folder/vocoder.

    Raises:
        DataError: one is missing or damaged, or they were trained on different log-mels.
    """
    synthesis = load_checkpoint(folder / SynthesisModel.kind, [SynthesisModel])
    return ModelSet(
        timing=load_checkpoint(folder / TimingModel.kind, [TimingModel], synthesis.mel),
        synthesis=synthesis,
        vocoder=load_checkpoint(folder / "vocoder", vocoders.VOCODER_TYPES, synthesis.mel),
        name=folder.resolve().name,
    )
