"""In a score without repeat signs, this module finds stretches that come again note by note: players may repeat them.

Bars are counted from 0.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from dp.score.model import PlayedNote
from dp.score.repeats import MAX_REPLAYED_COUNT, MAX_SECTION_COUNT, MIN_SECTION_BAR_COUNT, make_whole_repeat
from dp.types import Repeat
from dp.units import IntArray

MAX_BAR_COUNT = 2000  # the bars of longer scores are not compared
_MIN_QUARTER = 8  # shorter stretches come again in any music
_ENDING_BAR_COUNT = 2  # at most so many bars at the end of a pass may differ from the next pass
_MIN_BAR_COUNT_WITH_ENDING = 8  # length of a pass whose end may differ


def find_recurring_repeats(notes: Sequence[PlayedNote], bar_start: Sequence[Fraction]) -> tuple[Repeat, ...]:
    """Find what players may leave out or play again in a score without repeat signs.

    These are passes that may be left out, since the same notes follow at once; sections between stretches that come
    again; and the whole piece.

    Args:
        notes: of the score, at least one; `measure` counts from 1.
        bar_start: quarters at which its bars begin, and at which the last one ends.

    Returns:
        The repeats by the place where they are played.
    """
    end_quarter = float(max(note.onset_quarter + note.duration_quarter for note in notes))
    whole = make_whole_repeat(end_quarter, len(bar_start) - 1)
    if len(bar_start) > MAX_BAR_COUNT:
        return (whole,)
    bar_content = _number_contents(notes, bar_start)
    runs = list(_iterate_runs(bar_content, bar_start))
    passes = _find_passes(runs, bar_start)
    repeats = [_make_repeat(bar_start, begin, begin + lag, begin, True, end_quarter) for begin, lag in passes]
    again, replayed = _find_sections(bar_content, runs, passes, bar_start)
    repeats += [_make_repeat(bar_start, begin, end, end, False, end_quarter) for begin, end in again]
    last = len(bar_start) - 1
    replays = [_make_repeat(bar_start, begin, end, last, False, end_quarter) for begin, end in replayed]
    return tuple(sorted([*repeats, whole, *replays], key=lambda r: (r.at_quarter, r.is_declared)))


def _make_repeat(
    bar_start: Sequence[Fraction], begin: int, end: int, at: int, is_written: bool, end_quarter: float
) -> Repeat:
    """Make the repeat of bars `begin` to before `end`, played at `at`; it ends where the notes end at the latest."""
    at_quarter, begin_quarter, last_quarter = (min(float(bar_start[bar]), end_quarter) for bar in (at, begin, end))
    bars = f"{begin + 1}-{end}" if end > begin + 1 else f"{end}"
    return Repeat(at_quarter, begin_quarter, last_quarter, is_written, bars, is_declared=is_written)


def _number_contents(notes: Sequence[PlayedNote], bar_start: Sequence[Fraction]) -> IntArray:
    """Number the contents of the bars [bars]: equal numbers for equal notes, and one of its own for an empty bar."""
    content: list[list[tuple[Fraction, Fraction, int, int]]] = [[] for _ in bar_start[1:]]
    for note in notes:
        bar = note.measure - 1
        content[bar].append((note.onset_quarter - bar_start[bar], note.duration_quarter, note.pitch, note.part))
    number: dict[object, int] = {}
    length = [end - begin for begin, end in pairwise(bar_start)]
    keys = [(length[bar], *sorted(inside)) if inside else bar for bar, inside in enumerate(content)]
    return np.array([number.setdefault(key, len(number)) for key in keys])


def _iterate_runs(bar_content: IntArray, bar_start: Sequence[Fraction]) -> Iterator[tuple[int, int, int]]:
    """Yield (begin, end, lag) of the longest stretches of at least _MIN_QUARTER that come again `lag` bars later."""
    for lag in range(1, len(bar_content)):
        same = np.concatenate([[False], bar_content[:-lag] == bar_content[lag:], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1]).tolist()
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if bar_start[end] - bar_start[begin] >= _MIN_QUARTER:
                yield begin, end, lag


def _find_passes(runs: Sequence[tuple[int, int, int]], bar_start: Sequence[Fraction]) -> list[tuple[int, int]]:
    """Find (begin, bar count) of passes that another one follows at once; where some overlap, the longest counts."""
    found: list[tuple[int, int]] = []
    taken = np.zeros(len(bar_start), bool)
    for begin, end, lag in sorted(runs, key=lambda run: (run[0] - run[1] - run[2], run[2])):
        ending = lag - (end - begin)
        has_ending = 0 < ending <= _ENDING_BAR_COUNT and lag >= _MIN_BAR_COUNT_WITH_ENDING
        is_long = bar_start[begin + lag] - bar_start[begin] >= _MIN_QUARTER
        if is_long and (ending <= 0 or has_ending) and not taken[begin : end + lag].any():
            taken[begin : end + lag] = True
            found += [(begin + turn * lag, lag) for turn in range(max((end - begin) // lag, 1))]
    return found


def _find_sections(
    bar_content: IntArray,
    runs: Sequence[tuple[int, int, int]],
    passes: Sequence[tuple[int, int]],
    bar_start: Sequence[Fraction],
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Find the sections that may be played again at once, and those that may be played again at the very end."""
    # Sections begin and end where a pass or a run does.
    bar_count = len(bar_content)
    borders = {0, bar_count}
    is_repeated = np.zeros(bar_count, bool)
    for begin, lag in passes:
        borders |= {begin, begin + lag, min(begin + 2 * lag, bar_count)}
        is_repeated[begin : begin + 2 * lag] = True
    for begin, end, lag in runs:
        if end - begin < lag:
            borders |= {begin, end, begin + lag, end + lag}
    sections = [
        (begin, end)
        for begin, end in pairwise(sorted(borders))
        if end - begin >= MIN_SECTION_BAR_COUNT and bar_start[end] - bar_start[begin] >= _MIN_QUARTER
    ]
    if len(borders) == 2 or len(sections) > MAX_SECTION_COUNT:
        return [], []
    # Sections of equal content count once; the last one may not come again at the end, since it does so at once.
    first = {tuple(bar_content[begin:end].tolist()): (begin, end) for begin, end in reversed(sections)}
    last = tuple(bar_content[slice(*sections[-1])].tolist()) if sections else ()
    replayed = sorted(section for content, section in first.items() if content != last)
    again = [(begin, end) for begin, end in sections if not is_repeated[begin]]
    return again, replayed if len(replayed) <= MAX_REPLAYED_COUNT else []
