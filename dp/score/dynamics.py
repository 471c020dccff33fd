"""How loud each written note is to be: dynamic marks hold until the next one, hairpins lead from one to the next.

Marks count for their whole part, in the order of writing: a repeat brings the levels back that are written there.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

from dp.score.expression import DYNAMICS
from dp.score.model import Loudness, PartBar
from dp.types import Mark

STEP = 16.0  # from one dynamic mark to the next, and what a hairpin changes that leads to none
LOWEST, HIGHEST = 5.0, 127.0  # that a hairpin leads to
NEAR_QUARTER = Fraction(1)  # so far behind a hairpin's end the mark stands that it leads to
WORDS_QUARTER = Fraction(16)  # how long "cresc." goes on at most, where nothing ends it: four bars of four quarters
UNMARKED = DYNAMICS["mf"]  # where a hairpin comes before any mark

_Event = tuple[Fraction, Loudness]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From where on which level holds: it moves from one to the other, and stays there."""

    begin_quarter: Fraction
    end_quarter: Fraction
    begin_level: float
    end_level: float

    def level_at(self, quarter: Fraction) -> float:
        if quarter >= self.end_quarter:
            return self.end_level
        share = float((quarter - self.begin_quarter) / (self.end_quarter - self.begin_quarter))
        return self.begin_level + share * (self.end_level - self.begin_level)


def with_levels(bars: Sequence[PartBar], start_quarter: Sequence[Fraction]) -> None:
    """Give the notes of one part their levels.

    Args:
        bars: the part; its notes are replaced where a dynamic mark says something about them.
        start_quarter: where each bar starts, in the order of writing.
    """
    events = [
        (start + mark.onset_quarter, mark)
        for bar, start in zip(bars, start_quarter, strict=False)
        for mark in bar.loudness
    ]
    if not events:
        return
    events.sort(
        key=lambda event: (event[0], event[1].direction != 0)
    )  # a hairpin begins at the level that stands there
    stretches = _stretches(events)
    begins = [stretch.begin_quarter for stretch in stretches]
    attacks = {quarter: mark.attack for quarter, mark in events if mark.attack}
    stressed = {quarter for quarter, mark in events if mark.is_sforzando}
    for bar, start in zip(bars, start_quarter, strict=False):
        for i, note in enumerate(bar.notes):
            quarter = start + note.onset_quarter
            index = bisect_right(begins, quarter) - 1
            level = stretches[index].level_at(quarter) if index >= 0 else 0.0
            level = note.marking.dynamic or attacks.get(quarter, level)
            marks = note.marking.marks | (Mark.SFORZANDO if quarter in stressed else 0)
            bar.notes[i] = replace(note, marking=replace(note.marking, dynamic=level, marks=int(marks)))


def _stretches(events: Sequence[_Event]) -> list[_Stretch]:
    """What holds from where on, by begin."""
    found: list[_Stretch] = []
    for index, (quarter, mark) in enumerate(events):
        if mark.level:
            found.append(_Stretch(quarter, quarter, mark.level, mark.level))
        elif mark.direction:
            begin = found[-1].level_at(quarter) if found else UNMARKED
            end_quarter = _end_of_hairpin(events, index)
            goal = _level_near(islice(events, index + 1, None), end_quarter)
            if goal is None or (goal - begin) * mark.direction <= 0:
                goal = min(max(begin + mark.direction * STEP, LOWEST), HIGHEST)
            if end_quarter > quarter:
                found.append(_Stretch(quarter, end_quarter, begin, goal))
    return found


def _end_of_hairpin(events: Sequence[_Event], index: int) -> Fraction:
    """Where a hairpin stops, or what "cresc." leads to: its own sign, or else the next mark of any kind."""
    begin, mark = events[index]
    for quarter, other in islice(events, index + 1, None):
        if quarter <= begin:
            continue
        if other.level or other.direction or (other.is_stop and other.number == mark.number):
            return quarter if mark.number else min(quarter, begin + WORDS_QUARTER)
    return begin + WORDS_QUARTER


def _level_near(events: Iterable[_Event], end: Fraction) -> float | None:
    """The mark that a hairpin leads to, among the events that follow it."""
    for quarter, mark in events:
        if quarter > end + NEAR_QUARTER:
            break
        if mark.level and quarter >= end:
            return mark.attack or mark.level
    return None
