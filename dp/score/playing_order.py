"""The order in which bars are played: repeats, endings, D.C., D.S., Fine and Coda.

Repeats do not nest: a repeat goes back to the nearest start sign before it, or else to where the last repeat ended, its
endings included.
After a D.C. or D.S. repeats are not played again and the last ending is taken, as musicians do unless told otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dp.errors import DataError
from dp.score.model import Bar, Signs

MAX_PLAYED_BAR_COUNT = 200_000
MAX_JUMP_COUNT = 100
_ADVICE = "correct the score and export it again"


@dataclass(frozen=True)
class Pass:
    """One playing of a repeated part that is followed by another: order[begin:end]."""

    begin: int
    end: int
    is_written: bool  # whether the part is repeated as it is written, and not only by those who repeat after a D.C.


@dataclass(frozen=True)
class _Ending:
    """The ending a bar lies in."""

    passes: frozenset[int]  # that take it
    last_pass: int  # of the whole group of endings
    group: int  # first bar of the group


def playing_order(bars: Sequence[Bar], path: Path) -> tuple[list[int], list[Pass]]:
    """Indices of the bars in the order they are played, and which stretches of it are played again.

    Args:
        bars: the score's bars, as written.
        path: the file an error names.

    Raises:
        DataError: a jump has no target, or the result is absurdly long.
    """
    return _walk(bars, path, False)


def fullest_order(bars: Sequence[Bar], path: Path) -> tuple[list[int], list[Pass]]:
    """The same for players who play every repeat after a D.C. or D.S. too."""
    return _walk(bars, path, True)


def _walk(bars: Sequence[Bar], path: Path, repeats_again: bool) -> tuple[list[int], list[Pass]]:
    endings = _endings([bar.signs for bar in bars])
    order: list[int] = []
    passes: list[Pass] = []
    start = index = 0  # start: where the current repeat goes back to
    begin = 0  # where in `order` the current pass began
    play = 1  # which pass of the current repeat this is
    previous: int | None = None  # the bar before this one, played or passed over; None after a jump
    has_jumped = False
    jumps_taken: set[int] = set()
    while index < len(bars):
        signs = bars[index].signs
        ending = endings[index]
        left = None if previous is None else endings[previous]
        if left is not None and (ending is None or ending.group != left.group):
            start, play, begin = index, 1, len(order)
        if signs.repeat_start and index != start:
            start, play, begin = index, 1, len(order)
        previous = index
        is_last = has_jumped and not repeats_again
        if ending is not None and (ending.last_pass if is_last else play) not in ending.passes:
            index += 1
            continue
        order.append(index)
        if len(order) > MAX_PLAYED_BAR_COUNT:
            raise DataError(path, f"plays more than {MAX_PLAYED_BAR_COUNT} bars once its repeats are unfolded", _ADVICE)
        plays = 0 if not signs.repeat_end_plays else signs.repeat_end_plays if ending is None else ending.last_pass
        is_repeated = play < plays and (not is_last or signs.repeat_after_jump)
        if has_jumped and signs.fine and not (repeats_again and is_repeated):
            break
        if signs.repeat_end_plays:
            if is_repeated:
                passes.append(Pass(begin, len(order), not has_jumped or signs.repeat_after_jump))
                play, index, previous, begin = play + 1, start, None, len(order)
                continue
            if ending is None:
                start, play, begin = index + 1, 1, len(order)
        target = _jump(bars, index, has_jumped, jumps_taken, path)
        if target is None:
            index += 1
        else:
            has_jumped = index in jumps_taken  # a coda has not been played before: its repeats are
            index, start, play, previous, begin = target, target, 1, None, len(order)
    return order, passes


def _jump(bars: Sequence[Bar], index: int, has_jumped: bool, jumps_taken: set[int], path: Path) -> int | None:
    """Where playing goes on after a bar that is not simply followed by the next; a D.C. or D.S. counts once."""
    signs = bars[index].signs
    if has_jumped and signs.to_coda is not None and index not in jumps_taken:
        return _find(bars, "coda", signs.to_coda, index, path)
    if index in jumps_taken or not (signs.da_capo or signs.dal_segno is not None):
        return None
    jumps_taken.add(index)
    if len(jumps_taken) > MAX_JUMP_COUNT:
        raise DataError(path, f"has more than {MAX_JUMP_COUNT} marks D.C. or D.S.", _ADVICE)
    return 0 if signs.dal_segno is None else _find(bars, "segno", signs.dal_segno, index, path)


def _find(bars: Sequence[Bar], sign: str, label: str, index: int, path: Path) -> int:
    """The bar with a sign; where labels do not match (programs disagree on them), the only one there is."""
    places = {i: getattr(bar.signs, sign) for i, bar in enumerate(bars) if getattr(bar.signs, sign) is not None}
    matching = [i for i, found in places.items() if found == label] or list(places)
    if sign == "coda":  # its sign often stands at the words "To Coda" too
        matching = [i for i in matching if i > index]
    if not matching:
        raise DataError(path, f"bar {bars[index].name[:40]!r} jumps to a {sign} that is not there", _ADVICE)
    return matching[0]


def _endings(signs: Sequence[Signs]) -> list[_Ending | None]:
    """The ending each bar lies in."""
    passes = _ending_passes(signs)
    endings: list[_Ending | None] = [None] * len(signs)
    first = 0
    while first < len(signs):
        if passes[first] is None:
            first += 1
            continue
        last = first
        while last + 1 < len(signs) and passes[last + 1] is not None:
            last += 1
        group = [p for p in passes[first : last + 1] if p is not None]
        if any(signs[i].repeat_end_plays for i in range(first, last + 1)):  # else the bracket is only decoration
            last_pass = max(max(p) for p in group)
            if len(set(group)) == 1:  # what follows the bracket is the last ending
                last_pass += 1
            for i, p in enumerate(group, start=first):
                endings[i] = _Ending(p, last_pass, first)
        first = last + 1
    return endings


def _ending_passes(signs: Sequence[Signs]) -> list[frozenset[int] | None]:
    """The passes of the ending each bar lies in; an ending that nothing closes is one bar long."""
    passes: list[frozenset[int] | None] = [None] * len(signs)
    for first, sign in enumerate(signs):
        if not sign.ending_start:
            continue
        last = first
        while last < len(signs) and not (signs[last].ending_stop or signs[last].repeat_end_plays):
            last += 1
            if last < len(signs) and signs[last].ending_start:
                last = len(signs)
        for i in range(first, last + 1 if last < len(signs) else first + 1):
            passes[i] = sign.ending_start
    return passes
