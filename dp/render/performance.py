"""What is to be played, before any of it sounds: notes with times, levels, and the manner they are played in."""

from dataclasses import dataclass

import numpy as np

from dp.data.tempo_map import TempoMap, performed_tempo_map
from dp.errors import DataError
from dp.models.checkpoint import Checkpoint, Vocoder
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.render.mix import cast
from dp.render.options import RenderOptions
from dp.render.timing import perform
from dp.types import PerformedNotes, Score
from dp.units import FloatArray, IntArray


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


@dataclass(frozen=True)
class Performance:
    """N notes as they are to sound; there may be more of them than in the score, where ornaments are played out."""

    performed: PerformedNotes
    level_db: FloatArray  # [N] how much louder than without dynamics, for models that do not hear velocities
    tempo_map: TempoMap
    performer: str | None
    warnings: tuple[str, ...] = ()
    part: IntArray | None = None  # [N] index of each note's part; None = one part


def plan(score: Score, models: ModelSet, options: RenderOptions) -> Performance:
    """Decide when and how loud every note sounds.

    Raises:
        DataError: the score has no notes, a performer is unknown, or a tempo is not positive.
    """
    if len(score.notes) == 0:
        raise DataError(score.title or "score", "has no notes", "give a score with notes in it")
    models, performer = cast(models, options)
    performed = perform(score, models.timing, performer, options.tempo_qpm, options.expression)
    tempo_map = performed_tempo_map(score.notes, performed, score.title or "score")
    return Performance(performed, np.zeros(len(performed)), tempo_map, performer, part=score.notes.part)
