"""From a score to a waveform: timing model, synthesis model, vocoder. Each goes over a whole piece in windows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp.errors import DataError
from dp.models.checkpoint import Checkpoint, Vocoder, load_checkpoint, load_vocoder
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.render.sound import synthesize
from dp.render.timing import perform
from dp.types import PerformedNotes, Score

__all__ = ["ModelSet", "Rendering", "load_models", "perform", "render", "synthesize"]

MAX_PEAK = 0.99  # of the waveform; a louder one is turned down, so that no file format clips it


@dataclass(frozen=True)
class ModelSet:
    """The three models a rendering needs."""

    timing: Checkpoint[TimingModel]
    synthesis: Checkpoint[SynthesisModel]
    vocoder: Checkpoint[Vocoder]

    @property
    def performer_names(self) -> tuple[str, ...]:
        """Performers that the timing or the synthesis model knows, in alphabetical order."""
        return tuple(sorted({*self.timing.performer_names, *self.synthesis.performer_names}))


@dataclass(frozen=True)
class Rendering:
    """A rendered score, with what each model made of it."""

    samples: npt.NDArray[np.float32]  # [L]
    sample_rate_hz: int
    performed: PerformedNotes
    log_mel: npt.NDArray[np.float32]  # [T, M]; L = T * hop


def load_models(folder: Path) -> ModelSet:
    """Read the models under folder/timing, folder/synthesis and folder/vocoder.

    Raises:
        DataError: one is missing or damaged, or they were trained on different log-mels.
    """
    synthesis = load_checkpoint(folder / SynthesisModel.kind, SynthesisModel)
    return ModelSet(
        timing=load_checkpoint(folder / TimingModel.kind, TimingModel, synthesis.mel),
        synthesis=synthesis,
        vocoder=load_vocoder(folder / "vocoder", synthesis.mel),
    )


def render(score: Score, models: ModelSet, performer: str | None = None, tempo_qpm: float | None = None) -> Rendering:
    """Perform a score.

    Args:
        score: any; none of it need have been seen in training.
        models: trained on one log-mel.
        performer: in whose manner; None for none in particular.
        tempo_qpm: tempo of the beginning in quarters per minute; None takes the score's, or DEFAULT_TEMPO_QPM of
            `dp.data.tempo_map` where it has none. Later marks keep their ratio to the first.

    Raises:
        DataError: the score has no notes, the performer is unknown, or a tempo is not positive.
    """
    if len(score.notes) == 0:
        raise DataError(score.title or "score", "has no notes", "give a score with notes in it")
    if performer is not None and performer not in models.performer_names:
        known = ", ".join(models.performer_names) or "none"
        raise DataError(f"performer {performer!r}", "is unknown to the models", f"known: {known}")
    mel = models.synthesis.mel
    performed = perform(score, models.timing, performer, tempo_qpm)
    log_mel = synthesize(score.notes, performed, models.synthesis, performer)
    samples = models.vocoder.model.vocode(log_mel).numpy()
    peak = float(np.abs(samples).max())
    samples = samples * (MAX_PEAK / peak) if peak > MAX_PEAK else samples
    return Rendering(samples.astype(np.float32), mel.sample_rate_hz, performed, log_mel.numpy())
