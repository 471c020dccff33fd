"""This module finds the movements of a file that holds several, one after the other.

A movement begins where the bar before has a final bar line, or ends a repeat, and the numbers of the bars begin again.
Where they run on, it begins behind a final bar line with a time signature and a tempo heading.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from dp.errors import DataError
from dp.score.model import Bar, TempoMark, TempoSource

_NO_NUMBER = 10**9  # of bars that no numbered bar follows
# Headings of what goes on with the movement before.
_SECTION = re.compile(r"(trio|minore|maggiore|mineur|majeur|alternativ|coda|var|double|reprise|tempo|finale? de)")


def find_movement_starts(bars: Sequence[Bar]) -> list[int]:
    """Find the index of the first bar of each movement."""
    numbers = _number_bars(bars)
    rises = max(numbers, default=0) > 1
    starts = [0] if bars else []
    highest = 0  # number of the movement's bars so far
    for index, (before, bar) in enumerate(pairwise(bars), start=1):
        highest = max(highest, numbers[index - 1])
        begins_again = numbers[index] <= 1 and _ends(before) and not bar.is_continuation
        if begins_again and not bar.name.isdecimal():  # a pickup, unless it is the last bar of the movement before
            begins_again = not _ends(bar)
        is_same = highest == numbers[index] and before.signs.is_final and not bar.is_partial and rises
        if (begins_again and (highest > numbers[index] or is_same)) or _begins_anew(before, bar):
            starts.append(index)
            highest = 0
    return starts


def describe_starts(bars: Sequence[Bar]) -> list[str]:
    """Describe in warnings the movements that begin though the numbers of the bars run on."""
    starts = [index for index in find_movement_starts(bars) if index and _begins_anew(bars[index - 1], bars[index])]
    numbers = _number_bars(bars)
    why = "a final bar line, a time signature and a tempo heading"
    return [
        f"bar {bars[index].name[:40]} is taken to begin a movement: {why}" for index in starts if numbers[index] > 1
    ]


def _begins_anew(before: Bar, bar: Bar) -> bool:
    """Return whether a bar begins a movement by its signs, whatever its number; no trio does."""
    signs = bar.signs
    is_new = before.signs.is_final and signs.time_start and signs.tempo_start and not bar.is_continuation
    return is_new and not before.signs.fine and not any(_SECTION.match(heading) for heading in signs.headings)


def _ends(bar: Bar) -> bool:
    """Return whether a movement may end with a bar."""
    return bar.signs.is_final or bar.signs.repeat_end_plays > 0


def _number_bars(bars: Sequence[Bar]) -> list[int]:
    """Return the number of each bar; one without a number, such as "X1", has that of the next bar with one."""
    numbers = []
    following = _NO_NUMBER
    for bar in reversed(bars):
        following = int(bar.name) if bar.name.isdecimal() and len(bar.name) < 9 else following
        numbers.append(following)
    return numbers[::-1]


def cut_movement(bars: Sequence[Bar], movement: int | None, path: Path) -> Sequence[Bar]:
    """Cut one movement out of a score.

    The tempo in force where it begins stays in force.

    Args:
        bars: the score, as written.
        movement: its number, from 1; None = all of them.
        path: the file, for the error.

    Raises:
        DataError: there is no such movement.
    """
    if movement is None:
        return bars
    starts = find_movement_starts(bars)
    check_movement(movement, len(starts), path)
    begin, end = [*starts, len(bars)][movement - 1 : movement + 1]
    before = [mark.qpm for bar in bars[:begin] for mark in bar.tempo]
    first = bars[begin]
    if before and not any(mark.onset_quarter == 0 for mark in first.tempo):
        first = replace(first, tempo=(TempoMark(Fraction(0), before[-1], TempoSource.SOUND), *first.tempo))
    return [first, *bars[begin + 1 : end]]


def check_movement(movement: int, count: int, path: Path) -> None:
    """Refuse a movement that is not there.

    Args:
        movement: its number, from 1.
        count: how many there are.
        path: the file, for the error.

    Raises:
        DataError: there is no such movement.
    """
    if not 1 <= movement <= count:
        known = "1" if count == 1 else f"1 to {count}"
        raise DataError(path, f"has no movement {movement}: it holds {count}", f"ask for {known}, or for all")
