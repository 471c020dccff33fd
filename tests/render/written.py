"""Scores built in code, and performances of them exactly as they are written."""

from dataclasses import replace

import numpy as np

from dp.models.checkpoint import Checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.render.model_set import ModelSet
from dp.render.performance import Performance, plan
from dp.render_options import RenderOptions
from dp.types import Score, ScoreNotes
from tests.train import tiny


def notes_of(rows, **columns):
    """(onset_quarter, duration_quarter, pitch) per note, in order; other columns by name."""
    onset, duration, pitch = (np.array(column) for column in zip(*rows, strict=True))
    zeros = np.zeros(len(rows), dtype=np.int64)
    notes = ScoreNotes(onset.astype(float), duration.astype(float), pitch, zeros, zeros + 1, zeros + 1, zeros)
    return replace(notes, **{name: np.array(values) for name, values in columns.items()})


def score_of(notes, tempo_qpm=60.0, **fields):
    """At 60 quarters per minute a quarter is a second."""
    return Score("piece", notes, np.array([0.0]), np.array([tempo_qpm]), ("Violin",), **fields)


def models():
    """Untrained models; nothing here makes sound."""
    timing = Checkpoint(TimingModel(replace(tiny.TIMING_DIMS, design="ours")).eval(), tiny.MEL, 0)
    synthesis = Checkpoint(SynthesisModel(replace(tiny.SYNTHESIS_DIMS, band_count=20)), tiny.MEL, 0)
    return ModelSet(timing, synthesis, timing)


def as_written(score, **options) -> Performance:
    return plan(score, models(), RenderOptions(expression=0.0, **options))


def rows(performance):
    """(onset_sec, offset_sec, pitch) of every note, rounded."""
    played = performance.performed
    times = zip(played.onset_sec.round(4).tolist(), played.offset_sec.round(4).tolist(), strict=True)
    return [(*span, pitch) for span, pitch in zip(times, played.pitch.tolist(), strict=True)]
