"""Trills, mordents, turns and tremolos become the notes that they stand for.

Each is played inside the length of its note, on the beat. The sources of the constants stand in `docs/score-marks.md`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.types import Mark, PerformedNotes, ScoreNotes
from dp.units import FloatArray, IntArray

STROKE_SEC = 0.06  # of a tremolo between two notes at least: sixteen a second
NOTE_SEC = 0.08  # of an ornament's quick notes: twelve and a half a second
SHORTEST_SEC = 0.04  # quicker ones are not told apart; an ornament that has no room for them is left out
MORDENT_SHARE = 0.5  # of its note that a mordent or a turn takes at most
PLAYED_OUT = Mark.TRILL | Mark.MORDENT | Mark.INVERTED_MORDENT | Mark.TURN | Mark.INVERTED_TURN | Mark.TREMOLO


@dataclass(frozen=True)
class _Figure:
    """The notes that one note is played as: K of them."""

    step: tuple[int, ...]  # semitones from the written note
    start_sec: npt.NDArray[np.floating]  # [K] from the note's onset
    note_sec: float = np.inf  # each lasts so long, but until the next or the end at most


def play_ornaments(
    notes: ScoreNotes, performed: PerformedNotes, value_sec: FloatArray
) -> tuple[PerformedNotes, IntArray]:
    """Replace notes with ornaments by the notes that the ornaments stand for.

    Args:
        notes: N notes as written.
        performed: the same N notes.
        value_sec: [N] how long each note of a tremolo is.

    Returns:
        M >= N notes by onset, and which of the N each belongs to.
    """
    length_sec = performed.offset_sec - performed.onset_sec
    ornate = np.flatnonzero(notes.has(PLAYED_OUT))
    source, pitch, onset, offset = [], [], [], []
    for i in ornate.tolist():
        figure = _choose_figure(
            Mark(int(notes.marks[i])),
            float(length_sec[i]),
            int(notes.upper_semitone[i]),
            int(notes.lower_semitone[i]),
            float(value_sec[i]),
        )
        begin_sec = performed.onset_sec[i] + figure.start_sec
        source.append(np.full(len(begin_sec), i))
        pitch.append(np.clip(int(notes.pitch[i]) + np.array(figure.step), 0, 127))
        onset.append(begin_sec)
        until = np.append(begin_sec[1:], performed.offset_sec[i])
        offset.append(np.minimum(begin_sec + figure.note_sec, until))
    plain = np.setdiff1d(np.arange(len(notes)), ornate)
    index = np.concatenate([plain, *source]).astype(np.int64)
    onset_sec = np.concatenate([performed.onset_sec[plain], *onset])
    order = np.lexsort((index, onset_sec))
    index = index[order]
    made = PerformedNotes(
        pitch=np.concatenate([performed.pitch[plain], *pitch]).astype(np.int64)[order],
        velocity=performed.velocity[index],
        onset_sec=onset_sec[order],
        offset_sec=np.concatenate([performed.offset_sec[plain], *offset])[order],
        confidence=performed.confidence[index],
    )
    return made, index


def _choose_figure(mark: Mark, length_sec: float, upper: int, lower: int, value_sec: float) -> _Figure:
    """Choose the notes of one ornament; the written note alone where there is no room for it."""
    plain = _Figure((0,), np.zeros(1))
    if mark & Mark.TRILL:
        return _make_trill(length_sec, upper, bool(mark & Mark.FROM_MAIN)) or plain
    if mark & (Mark.TURN | Mark.INVERTED_TURN):
        turn = (upper, 0, -lower, 0) if mark & Mark.TURN else (-lower, 0, upper, 0)
        return (_delay if mark & Mark.DELAYED else _start_on_beat)(turn, length_sec) or plain
    if mark & (Mark.MORDENT | Mark.INVERTED_MORDENT):
        other = -lower if mark & Mark.MORDENT else upper
        steps: tuple[int, ...] = (0, other, 0, other, 0) if mark & Mark.LONG else (0, other, 0)
        return _start_on_beat(steps, length_sec) or plain
    if mark & Mark.ALTERNATING:
        return _alternate(length_sec, value_sec, is_second=bool(mark & Mark.DELAYED)) or plain
    count = int(np.rint(length_sec / max(value_sec, NOTE_SEC)))
    return _Figure((0,) * count, length_sec / count * np.arange(count)) if count > 1 else plain


def _make_trill(length_sec: float, upper: int, from_main: bool) -> _Figure | None:
    """Make a trill: even notes to the note's end, of which the last is the written one; None without room."""
    pairs = max(int(np.rint(length_sec / (2 * NOTE_SEC))), 1)
    steps = (0, upper) * pairs + (0,) if from_main else (upper, 0) * pairs
    if length_sec / len(steps) < SHORTEST_SEC:
        return None
    return _Figure(steps, length_sec / len(steps) * np.arange(len(steps)))


def _alternate(length_sec: float, value_sec: float, is_second: bool) -> _Figure | None:
    """Make one side of a tremolo between two notes: every other stroke; None without room.

    The strokes do not depend on the exact length, which may differ for the two notes.
    """
    stroke_sec = min(max(value_sec, STROKE_SEC), length_sec / 2)
    if stroke_sec < SHORTEST_SEC:
        return None
    strokes = np.arange(int(is_second), int(np.rint(length_sec / stroke_sec)), 2)
    return _Figure((0,) * len(strokes), stroke_sec * strokes, stroke_sec)


def _start_on_beat(steps: tuple[int, ...], length_sec: float) -> _Figure | None:
    """Start quick notes on the beat, and hold the written note for the rest; None without room."""
    note_sec = min(NOTE_SEC, MORDENT_SHARE * length_sec / (len(steps) - 1))
    return _Figure(steps, note_sec * np.arange(len(steps))) if note_sec >= SHORTEST_SEC else None


def _delay(steps: tuple[int, ...], length_sec: float) -> _Figure | None:
    """Hold the written note, then play quick notes up to its end; None without room."""
    note_sec = min(NOTE_SEC, MORDENT_SHARE * length_sec / len(steps))
    if note_sec < SHORTEST_SEC:
        return None
    start_sec = length_sec - note_sec * np.arange(len(steps), 0, -1)
    return _Figure((0, *steps), np.concatenate([[0.0], start_sec]))
