"""This module turns bars as written into notes as played: repeats are unfolded and ties joined."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from dp.errors import DataError
from dp.score.model import MAX_DENOMINATOR, Bar, Marking, PlayedNote, TempoMark, WrittenNote
from dp.score.pedal import PedalMove, let_ring
from dp.types import Mark, PlayedBar, ScoreNotes
from dp.units import FloatArray

MAX_NOTE_COUNT = 2_000_000
_ADVICE = "correct the score and export it again"


_OpenTies = dict[tuple[int, int, Fraction], dict[int, list[PlayedNote]]]  # by part, pitch and end; then by voice


def make_score_notes(notes: Iterable[PlayedNote]) -> ScoreNotes:
    """Make parallel arrays [N] of notes, sorted by onset, then pitch, then part and voice."""
    rows = sorted(notes, key=lambda n: (n.onset_quarter, n.pitch, n.part, n.voice))

    def column(name: str, kind: type) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=kind)

    def marking(name: str, kind: type) -> np.ndarray:
        return np.array([getattr(row.marking, name) for row in rows], dtype=kind)

    return ScoreNotes(
        onset_quarter=column("onset_quarter", np.float64),
        duration_quarter=column("duration_quarter", np.float64),
        pitch=column("pitch", np.int64),
        velocity=column("velocity", np.int64),
        voice=column("voice", np.int64),
        measure=column("measure", np.int64),
        part=column("part", np.int64),
        marks=marking("marks", np.int64),
        dynamic=marking("dynamic", np.float64),
        ring_quarter=column("ring_quarter", np.float64),
        value_quarter=marking("value_quarter", np.float64),
        grace_order=marking("grace_order", np.int64),
        upper_semitone=marking("upper_semitone", np.int64),
        lower_semitone=marking("lower_semitone", np.int64),
    )


def unfold_notes(bars: Sequence[Bar], order: Sequence[int], path: Path) -> ScoreNotes:
    """Unfold the notes of the bars into playing order, and join ties.

    Args:
        bars: the score, as written.
        order: indices of the bars, as played.
        path: the file, for the errors.

    Raises:
        DataError: there are absurdly many notes, or their times share no grid.
    """
    note_count = [sum(map(len, bar.parts)) for bar in bars]
    if sum(note_count[index] for index in order) > MAX_NOTE_COUNT:
        raise DataError(path, f"has more than {MAX_NOTE_COUNT} notes once its repeats are unfolded", _ADVICE)
    played: list[PlayedNote] = []
    open_ties: _OpenTies = {}
    pedals: dict[int, list[PedalMove]] = {}
    start = Fraction(0)
    measure = 0
    for index in order:
        bar = bars[index]
        measure += not bar.is_partial
        for part, notes in enumerate(bar.parts):
            for note in notes:
                _play(note, start, measure, part, played, open_ties)
        for part, moves in enumerate(bar.pedals):
            if moves:
                pedals.setdefault(part, []).extend((start + m.onset_quarter, m.is_down) for m in moves)
        start += bar.length_quarter
        if start.denominator > MAX_DENOMINATOR:
            raise DataError(path, "has durations that share no grid: <divisions> change absurdly often", _ADVICE)
    for part, part_moves in pedals.items():
        let_ring([note for note in played if note.part == part], part_moves)
    return make_score_notes(played)


def _play(
    note: WrittenNote,
    start_quarter: Fraction,
    measure: int,
    part: int,
    played: list[PlayedNote],
    open_ties: _OpenTies,
) -> None:
    """Add a note to those played, or lengthen the note that it is tied to."""
    onset = start_quarter + note.onset_quarter
    waiting = open_ties.get((part, note.pitch, onset)) if note.tied_before else None
    # Of several notes in unison, that of the same voice; else any, since voices may be renumbered at a bar line.
    if waiting:
        voice = note.voice if note.voice in waiting else next(iter(waiting))
        sounding = waiting[voice].pop()
        if not waiting[voice]:
            del waiting[voice]
        is_grace = not sounding.duration_quarter  # its note is played in its place
        sounding.marking = note.marking if is_grace else _merge_tied(sounding.marking, note.marking)
        sounding.duration_quarter += note.duration_quarter
    else:
        sounding = PlayedNote(onset, note.duration_quarter, note.pitch, 0, note.voice, measure, part, note.marking)
        played.append(sounding)
    if note.tied_after:
        end = onset + note.duration_quarter
        open_ties.setdefault((part, note.pitch, end), {}).setdefault(note.voice, []).append(sounding)


def _merge_tied(first: Marking, then: Marking) -> Marking:
    """Merge the markings of two tied notes: slur, fermata and trill of the second count, else those of the first."""
    if first.marks == then.marks:
        return first
    kept = first.marks & ~int(Mark.SLURRED)
    added = then.marks & int(Mark.SLURRED | Mark.FERMATA | Mark.TRILL)
    upper, lower = first.upper_semitone or then.upper_semitone, first.lower_semitone or then.lower_semitone
    return replace(first, marks=kept | added, upper_semitone=upper, lower_semitone=lower)


def unfold_bars(bars: Sequence[Bar], order: Sequence[int]) -> tuple[PlayedBar, ...]:
    """Return the bars in playing order, each with its begin and end in quarters as played; divided bars are whole."""
    played: list[PlayedBar] = []
    borders = pairwise(accumulate((bars[index].length_quarter for index in order), initial=Fraction(0)))
    before: int | None = None
    for index, (begin, end) in zip(order, borders, strict=True):
        if bars[index].is_continuation and before == index - 1:
            played[-1] = replace(played[-1], end_quarter=float(end))
        else:
            played.append(PlayedBar(bars[index].name, float(begin), float(end)))
        before = index
    return tuple(played)


def unfold_tempo(bars: Sequence[Bar], order: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Unfold the tempo marks into playing order.

    A jump brings back the tempo that is in force at its target when the score is read straight through.

    Returns:
        Where each mark stands, in quarters as played, and its quarters per minute; [K] each.
    """
    in_force: list[float | None] = []  # as written, when each bar starts
    current: float | None = None
    for bar in bars:
        in_force.append(current)
        current = bar.tempo[-1].qpm if bar.tempo else current
    marks: list[tuple[Fraction, float]] = []
    start = Fraction(0)
    current = None
    for position, index in enumerate(order):
        bar = bars[index]
        written = in_force[index]
        is_jump = position > 0 and order[position - 1] != index - 1
        if is_jump and written is not None and written != current and not _has_first_mark(bar.tempo):
            marks.append((start, written))
            current = written
        for mark in bar.tempo:
            marks.append((start + mark.onset_quarter, mark.qpm))
            current = mark.qpm
        start += bar.length_quarter
    return np.array([float(m[0]) for m in marks]), np.array([m[1] for m in marks], dtype=np.float64)


def _has_first_mark(tempo: Sequence[TempoMark]) -> bool:
    """Return whether a bar has a tempo mark at its very beginning."""
    return bool(tempo) and tempo[0].onset_quarter == 0
