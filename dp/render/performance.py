"""Decide what is played, before any of it sounds: notes with times and levels, and their performer."""

from dataclasses import dataclass, field, replace

import numpy as np

from dp.config import MelConfig
from dp.data.tempo_map import DEFAULT_TEMPO_QPM, TempoMap, build_written_tempo_map
from dp.errors import DataError
from dp.render.mark_rules import choose_velocities, compute_level_db, shape_notes
from dp.render.mix import cast
from dp.render.model_set import ModelSet
from dp.render.ornaments import play_ornaments
from dp.render.rubato import apply_tempo_changes
from dp.render.score_checks import make_playable
from dp.render.sound import PLAIN, Texture
from dp.render.timing import perform, play_as_written
from dp.render_options import RenderOptions
from dp.types import PITCH_COUNT, PerformedNotes, Score
from dp.units import FloatArray, IntArray


@dataclass(frozen=True)
class Performance:
    """N notes as they are to sound, by onset; there may be more of them than in the score, where ornaments are played
    out."""

    performed: PerformedNotes
    level_db: FloatArray  # [N] how much louder than without dynamics, for models that do not hear velocities
    tempo_map: TempoMap
    performer: str | None
    warnings: tuple[str, ...] = ()
    score_index: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # [N] the note of the score
    # that each is, or is an ornament of
    part: IntArray | None = None  # [N] index of each note's part; None = one part
    texture: Texture = PLAIN


def plan(score: Score, models: ModelSet, options: RenderOptions) -> Performance:
    """Decide when and how loud every note sounds: the timing model plays, the score's marks take effect by rule.

    Raises:
        DataError: the score has no notes, a performer is unknown, or a tempo is not positive.
    """
    _check_notes(score)
    models, performer = cast(models, options)
    dims = models.synthesis.model.dims
    score, warnings = make_playable(score, dims.lowest_pitch, dims.highest_pitch)
    tempo_qpm = _choose_first_tempo_qpm(score, options)
    performed = perform(score, models.timing, performer, tempo_qpm, options.expression)
    performance = _apply_rules(score, performed, tempo_qpm, models.timing.mel.frame_rate_hz)
    texture = Texture(options.texture, options.seed)
    return replace(performance, performer=performer, warnings=warnings, texture=texture)


def plan_as_written(score: Score, options: RenderOptions) -> Performance:
    """Decide when and how loud every note sounds without a model: tempo and marks of the score, by rule.

    Raises:
        DataError: the score has no notes, or a tempo is not positive.
    """
    _check_notes(score)
    score, warnings = make_playable(score, 0, PITCH_COUNT - 1)
    tempo_qpm = _choose_first_tempo_qpm(score, options)
    rate_hz = MelConfig().frame_rate_hz
    performance = _apply_rules(score, play_as_written(score, tempo_qpm, rate_hz), tempo_qpm, rate_hz)
    return replace(performance, warnings=warnings)


def _check_notes(score: Score) -> None:
    if len(score.notes) == 0:
        raise DataError(score.title or "score", "has no notes", "give a score with notes in it")


def _choose_first_tempo_qpm(score: Score, options: RenderOptions) -> float | None:
    """Choose the tempo of the beginning in quarters per minute; None = the score's."""
    if options.tempo_qpm is None and options.tempo_factor == 1.0:
        return None
    own = float(score.tempo_qpm[np.argmin(score.tempo_quarter)]) if len(score.tempo_qpm) else DEFAULT_TEMPO_QPM
    return (own if options.tempo_qpm is None else options.tempo_qpm) * options.tempo_factor


def _apply_rules(score: Score, performed: PerformedNotes, tempo_qpm: float | None, rate_hz: float) -> Performance:
    """Apply changes of tempo, lengths, levels and ornaments by rule.

    Every note lasts a frame at least, and none starts before 0.
    """
    notes, subject = score.notes, score.title or "score"
    tempo_map = build_written_tempo_map(score, tempo_qpm)
    if not notes.is_grace.all():  # which have no tempo of their own
        performed, tempo_map = apply_tempo_changes(score, performed, tempo_map, subject)
    performed = shape_notes(notes, performed, tempo_map)
    early_sec = min(float(performed.onset_sec.min()), 0.0)  # of grace notes before the first beat
    level = compute_level_db(notes)
    onset_sec = performed.onset_sec - early_sec
    performed = replace(
        performed,
        velocity=choose_velocities(notes, level),
        onset_sec=onset_sec,
        offset_sec=np.maximum(performed.offset_sec - early_sec, onset_sec + 1.0 / rate_hz),
    )
    tempo_map = replace(tempo_map, time_sec=tempo_map.time_sec - early_sec)
    value_sec = tempo_map.find_sec(notes.onset_quarter + notes.value_quarter) - tempo_map.find_sec(notes.onset_quarter)
    performed, index = play_ornaments(notes, performed, value_sec)
    return Performance(performed, level[index], tempo_map, None, (), index, notes.part[index])
