"""Scores performed exactly as they are written, at 60 quarters per minute, so that a quarter is a second."""

from typing import Any

from dp.render.performance import Performance, plan
from dp.render_options import RenderOptions
from dp.types import Score, ScoreNotes
from tests import factories
from tests.render.untrained import model_set


def score_of(notes: ScoreNotes, tempo_qpm: float = 60.0, **fields: Any) -> Score:
    return factories.score_of(notes, tempo_qpm, **fields)


def as_written(score: Score, **options: Any) -> Performance:
    return plan(score, model_set(design="ours"), RenderOptions(expression=0.0, **options))


def rows(performance: Performance) -> list[tuple[float, float, int]]:
    """(onset_sec, offset_sec, pitch) of every note, rounded."""
    played = performance.performed
    columns = played.onset_sec.round(4).tolist(), played.offset_sec.round(4).tolist(), played.pitch.tolist()
    return list(zip(*columns, strict=True))
