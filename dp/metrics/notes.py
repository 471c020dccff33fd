"""Whether the notes heard are the notes asked for."""

from dataclasses import dataclass

import numpy as np

from dp.types import PerformedNotes
from dp.units import FloatArray


@dataclass(frozen=True)
class NoteScores:
    """Shares of notes, 0 to 1."""

    precision: float  # of the notes found, how many are asked for
    recall: float  # of the notes asked for, how many are found
    f1: float


def note_scores(found: PerformedNotes, asked: PerformedNotes, tolerance_sec: float) -> NoteScores:
    """Precision, recall and F1 of notes found in a sound against the notes asked for.

    Two notes may pair when their pitches are equal and their onsets at most `tolerance_sec` apart; offsets do not
    count. Each note pairs once, and as many pair as can (mir_eval's maximum bipartite matching, Raffel et al., 2014).
    Where either side has no note all three are 0.
    """
    counts = len(found), len(asked)
    if 0 in counts:
        return NoteScores(0.0, 0.0, 0.0)
    from mir_eval.transcription import match_notes

    pairs = match_notes(
        _intervals(asked),
        _pitch_hz(asked),
        _intervals(found),
        _pitch_hz(found),
        onset_tolerance=tolerance_sec,
        offset_ratio=None,
    )
    return NoteScores(len(pairs) / counts[0], len(pairs) / counts[1], 2 * len(pairs) / sum(counts))


def _intervals(notes: PerformedNotes) -> FloatArray:
    return np.stack([notes.onset_sec, notes.offset_sec], axis=1)


def _pitch_hz(notes: PerformedNotes) -> FloatArray:
    return np.asarray(440.0 * 2.0 ** ((notes.pitch - 69) / 12))
