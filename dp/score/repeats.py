"""Players depart from the written repeats; this module finds the stretches that they may leave out or play again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

from dp.errors import DataError
from dp.score.model import Bar
from dp.score.playing_order import Pass, find_fullest_order
from dp.types import Repeat

MAX_SECTION_COUNT = 11  # where a score has more sections, none is a candidate
MAX_REPLAYED_COUNT = 4  # where more sections could come again at the end, none is a candidate
MIN_SECTION_BAR_COUNT = 4  # length of a section


def find_repeats(bars: Sequence[Bar], order: Sequence[int], passes: Sequence[Pass], path: Path) -> tuple[Repeat, ...]:
    """Find what players may leave out or play again.

    These are passes that may be left out; passes that players add after a D.C. or D.S. although the score does not ask
    for them; and sections that no sign repeats, which may be played again at once or at the very end.

    To leave a repeat out means to go from the beginning of a pass to the beginning of the next one, so that the pass's
    first ending is left out, too.

    Args:
        bars: the score, as written.
        order: indices of the bars, as played.
        passes: stretches of `order` that another pass follows.
        path: the file, for the errors.

    Returns:
        The repeats by the place where they are played.
    """
    start = list(accumulate((bars[index].length_quarter for index in order), initial=Fraction(0)))
    found = [_make_repeat(bars, order, start, p.begin, p.begin, p.end - p.begin, True) for p in passes]
    for at, run in _find_unwritten(bars, order, path):
        source = _find_run(order, run)
        if source is not None:
            found.append(_make_repeat(bars, order, start, at, source, len(run), False))
    sections, last = _find_sections(bars, order), len(order)
    replayed = [section for section in sections if section[1] < last]
    undeclared = [(end, begin, end) for begin, end in [*sections, (0, last)]]
    undeclared += [(last, *section) for section in replayed if len(replayed) <= MAX_REPLAYED_COUNT]
    for at, begin, end in undeclared:
        found.append(replace(_make_repeat(bars, order, start, at, begin, end - begin, False), is_declared=False))
    sounding = (r for r in found if r.end_quarter > r.begin_quarter)
    return tuple(sorted(sounding, key=lambda r: (r.at_quarter, r.is_declared)))  # a section ends before a pass begins


def make_whole_repeat(end_quarter: float, last_bar: int) -> Repeat:
    """Make the repeat of a whole score that has no bar lines.

    Args:
        end_quarter: where the score ends.
        last_bar: number of its last bar.
    """
    return Repeat(end_quarter, 0.0, end_quarter, False, f"1-{last_bar}" if last_bar > 1 else "1", is_declared=False)


def _make_repeat(
    bars: Sequence[Bar],
    order: Sequence[int],
    start_quarter: Sequence[Fraction],
    at: int,
    begin: int,
    count: int,
    is_written: bool,
) -> Repeat:
    """Make the repeat of `count` bars of `order` from `begin` on, played at `at`."""
    stretch = [bars[index] for index in sorted(order[begin : begin + count])]
    # The second half of a divided bar has a name such as "X1", which is no number.
    numbered = [bar.name for bar in stretch if bar.name.isdecimal() and not bar.is_partial]
    names = numbered or [bar.name for bar in stretch]
    return Repeat(
        at_quarter=float(start_quarter[at]),
        begin_quarter=float(start_quarter[begin]),
        end_quarter=float(start_quarter[begin + count]),
        is_written=is_written,
        bars=names[0] if names[0] == names[-1] else f"{names[0]}-{names[-1]}",
    )


def _find_unwritten(bars: Sequence[Bar], order: Sequence[int], path: Path) -> list[tuple[int, list[int]]]:
    """Find the passes that only players who repeat after a jump play: where in `order` they come, and their bars."""
    try:
        fullest, passes = find_fullest_order(bars, path)
    except DataError:  # with every repeat, the order is absurdly long
        return []
    added = [p for p in passes if not p.is_written]
    left_out = {position for p in added for position in range(p.begin, p.end)}
    kept = [position for position in range(len(fullest)) if position not in left_out]
    if [fullest[position] for position in kept] != list(order):
        return []
    return [(p.begin - sum(q < p.begin for q in left_out), fullest[p.begin : p.end]) for p in added]


def _find_sections(bars: Sequence[Bar], order: Sequence[int]) -> list[tuple[int, int]]:
    """Find the stretches of `order` between double bar lines whose bars are played once; the whole piece is none."""
    plays = Counter(order)
    borders = [0]
    for position in range(1, len(order)):
        index, before = order[position], order[position - 1]
        if bars[index].signs.section_start or index != before + 1 or (plays[index] > 1) != (plays[before] > 1):
            borders.append(position)
    found = [
        (begin, end)
        for begin, end in pairwise([*borders, len(order)])
        if end - begin >= MIN_SECTION_BAR_COUNT and plays[order[begin]] == 1 and end - begin < len(order)
    ]
    return found if len(found) <= MAX_SECTION_COUNT else []


def _find_run(order: Sequence[int], run: Sequence[int]) -> int | None:
    """Find where some bars are first played one after the other; None where they never are."""
    for position in range(len(order) - len(run) + 1):
        if list(order[position : position + len(run)]) == list(run):
            return position
    return None
