"""Ties are mended here in the order of writing: those without an end, and those that rounded durations cut short."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from dp.score.model import PartBar, WrittenNote
from dp.score.numbers import ROUNDING_QUARTER


def mend_ties(bars: Sequence[PartBar], start_quarter: Sequence[Fraction]) -> None:
    """Let tied notes meet.

    A note tied over the bar line reaches it. A tie that begins and ends nowhere, as Sibelius writes them, leads to the
    next note of its pitch and voice.

    Args:
        bars: of one part; notes are replaced.
        start_quarter: where each bar begins, and where the last one ends.
    """
    begins: dict[tuple[Fraction, int], list[tuple[PartBar, int]]] = defaultdict(list)  # of notes, by place and pitch
    for bar, start, end in zip(bars, start_quarter, start_quarter[1:], strict=False):
        for index, note in enumerate(bar.notes):
            bar.notes[index] = _reach_bar_line(note, end - start)
            if note.duration_quarter:
                begins[start + note.onset_quarter, note.pitch].append((bar, index))
    for bar, start in zip(bars, start_quarter, strict=False):
        for note in bar.notes:
            if note.is_tie_sure:
                _end_tie(note, begins[start + note.onset_quarter + note.duration_quarter, note.pitch])


def _reach_bar_line(note: WrittenNote, length_quarter: Fraction) -> WrittenNote:
    """Let a note that is tied over the bar line reach it, where rounding leaves it a little short or long."""
    missing_quarter = length_quarter - note.onset_quarter - note.duration_quarter
    if not note.tied_after or not missing_quarter or abs(missing_quarter) > ROUNDING_QUARTER:
        return note
    return replace(note, duration_quarter=max(note.duration_quarter + missing_quarter, Fraction(0)))


def _end_tie(note: WrittenNote, following: Sequence[tuple[PartBar, int]]) -> None:
    """Let a note lead to one of those that follow it at its pitch, unless one of them ends its tie already."""
    if any(bar.notes[index].tied_before for bar, index in following):
        return
    for bar, index in following:
        if bar.notes[index].voice == note.voice:
            bar.notes[index] = replace(bar.notes[index], tied_before=True)
            return
