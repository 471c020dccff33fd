"""The level of each written note follows from dynamic marks, which hold until the next one, and from hairpins.

A mark counts for its whole part, in the order of writing. A repeat brings back the levels that are written there.
Levels are MIDI velocities.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

from dp.score.expression import DYNAMICS
from dp.score.model import Loudness, PartBar
from dp.types import Mark

STEP = 16.0  # velocities between two neighbouring dynamic marks (MuseScore 4); a hairpin without a goal changes as much
LOWEST, HIGHEST = 5.0, 127.0  # levels at which a hairpin without a goal stops
NEAR_QUARTER = Fraction(1)  # a hairpin's goal stands at most so far behind its end
WORDS_QUARTER = Fraction(16)  # "cresc." without an end lasts at most so long: four bars of four quarters
UNMARKED = DYNAMICS["mf"]  # level of a hairpin that comes before any mark

_Event = tuple[Fraction, Loudness]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The level moves from one value to another, and stays at the second until the next stretch begins."""

    begin_quarter: Fraction
    end_quarter: Fraction
    begin_level: float
    end_level: float

    def compute_level(self, quarter: Fraction) -> float:
        """Return the level at a position, by a straight line between begin and end."""
        if quarter >= self.end_quarter:
            return self.end_level
        share = float((quarter - self.begin_quarter) / (self.end_quarter - self.begin_quarter))
        return self.begin_level + share * (self.end_level - self.begin_level)


def set_levels(bars: Sequence[PartBar], start_quarter: Sequence[Fraction]) -> None:
    """Set the levels of the notes of one part.

    Args:
        bars: the part; where it has dynamic marks, its notes are replaced by notes with levels.
        start_quarter: where each bar starts, in the order of writing.
    """
    events = [
        (start + mark.onset_quarter, mark)
        for bar, start in zip(bars, start_quarter, strict=False)
        for mark in bar.loudness
    ]
    if not events:
        return
    # A level comes before a hairpin that starts at the same place: the hairpin begins at that level.
    events.sort(key=lambda event: (event[0], event[1].direction != 0))
    stretches = _find_stretches(events)
    begins = [stretch.begin_quarter for stretch in stretches]
    attacks = {quarter: mark.attack for quarter, mark in events if mark.attack}
    stressed = {quarter for quarter, mark in events if mark.is_sforzando}
    for bar, start in zip(bars, start_quarter, strict=False):
        for i, note in enumerate(bar.notes):
            quarter = start + note.onset_quarter
            index = bisect_right(begins, quarter) - 1
            level = stretches[index].compute_level(quarter) if index >= 0 else 0.0
            level = note.marking.dynamic or attacks.get(quarter, level)
            marks = note.marking.marks | (Mark.SFORZANDO if quarter in stressed else 0)
            bar.notes[i] = replace(note, marking=replace(note.marking, dynamic=level, marks=int(marks)))


def _find_stretches(events: Sequence[_Event]) -> list[_Stretch]:
    """Find the stretches of one level or one hairpin, in the order of their beginnings."""
    found: list[_Stretch] = []
    for index, (quarter, mark) in enumerate(events):
        if mark.level:
            found.append(_Stretch(quarter, quarter, mark.level, mark.level))
        elif mark.direction:
            begin = found[-1].compute_level(quarter) if found else UNMARKED
            end_quarter = _find_hairpin_end(events, index)
            goal = _find_goal(islice(events, index + 1, None), end_quarter)
            if goal is None or (goal - begin) * mark.direction <= 0:
                goal = min(max(begin + mark.direction * STEP, LOWEST), HIGHEST)
            if end_quarter > quarter:
                found.append(_Stretch(quarter, end_quarter, begin, goal))
    return found


def _find_hairpin_end(events: Sequence[_Event], index: int) -> Fraction:
    """Find where a hairpin or a "cresc." ends: at its own end sign, or else at the next mark of any kind."""
    begin, mark = events[index]
    for quarter, other in islice(events, index + 1, None):
        if quarter <= begin:
            continue
        if other.level or other.direction or (other.is_stop and other.number == mark.number):
            return quarter if mark.number else min(quarter, begin + WORDS_QUARTER)
    return begin + WORDS_QUARTER


def _find_goal(events: Iterable[_Event], end: Fraction) -> float | None:
    """Find the level that a hairpin leads to among the events that follow it; None where there is none near its end."""
    for quarter, mark in events:
        if quarter > end + NEAR_QUARTER:
            break
        if mark.level and quarter >= end:
            return mark.attack or mark.level
    return None
