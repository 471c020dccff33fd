"""Metrics of notes: how many of the reference notes are estimated, and how many estimated ones are right."""

from dataclasses import dataclass

import numpy as np

from dp.types import PerformedNotes
from dp.units import FloatArray, pitch_to_hz


@dataclass(frozen=True)
class NoteMetrics:
    """Shares of notes, 0 to 1."""

    precision: float  # of the estimated notes, how many the reference has
    recall: float  # of the reference notes, how many are estimated
    f1: float


def measure_notes(estimated: PerformedNotes, reference: PerformedNotes, tolerance_sec: float) -> NoteMetrics:
    """Compare notes heard in a sound with the notes of a reference.

    Two notes may pair when their pitches are equal and their onsets at most `tolerance_sec` apart; offsets do not
    count. Each note pairs once, and as many pair as can (mir_eval's maximum bipartite matching, Raffel et al., 2014).
    Where either side has no note all three are 0.
    """
    counts = len(estimated), len(reference)
    if 0 in counts:
        return NoteMetrics(0.0, 0.0, 0.0)
    from mir_eval.transcription import match_notes

    pairs = match_notes(
        _stack_intervals(reference),
        pitch_to_hz(reference.pitch),
        _stack_intervals(estimated),
        pitch_to_hz(estimated.pitch),
        onset_tolerance=tolerance_sec,
        offset_ratio=None,
    )
    return NoteMetrics(len(pairs) / counts[0], len(pairs) / counts[1], 2 * len(pairs) / sum(counts))


def _stack_intervals(notes: PerformedNotes) -> FloatArray:
    """Return onset and offset [N, 2]."""
    return np.stack([notes.onset_sec, notes.offset_sec], axis=1)
