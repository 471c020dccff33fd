"""This module finds the order in which bars are played, by repeats, endings, D.C., D.S., Fine and Coda.

Repeats do not nest: a repeat goes back to the nearest start sign before it, or else to where the last repeat with its
endings ended. After a D.C. or D.S. repeats are not played again and the last ending is taken, as musicians do unless
told otherwise.
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
    """One playing of a repeated part that another playing follows: order[begin:end]."""

    begin: int
    end: int
    is_written: bool  # False = only players who repeat after a D.C. or D.S. repeat the part here


@dataclass(frozen=True)
class _Ending:
    """The ending that a bar lies in."""

    passes: frozenset[int]  # that take it
    last_pass: int  # of the whole group of endings
    group: int  # first bar of the group


def find_playing_order(bars: Sequence[Bar], path: Path) -> tuple[list[int], list[Pass]]:
    """Find the order in which the bars are played.

    Args:
        bars: the score's bars, as written.
        path: the file, for the errors.

    Returns:
        The indices of the bars as played, and the passes in them, each of which another pass follows.
    Raises:
        DataError: a jump has no target, or the result is absurdly long.
    """
    return _walk(bars, path, False)


def find_fullest_order(bars: Sequence[Bar], path: Path) -> tuple[list[int], list[Pass]]:
    """Find the order for players who play every repeat also after a D.C. or D.S.; see `find_playing_order`."""
    return _walk(bars, path, True)


def _walk(bars: Sequence[Bar], path: Path, repeats_again: bool) -> tuple[list[int], list[Pass]]:
    """Walk through the bars as a player does, bar by bar.

    Args:
        bars: the score's bars, as written.
        path: the file, for the errors.
        repeats_again: whether repeats are played also after a D.C. or D.S.
    """
    endings = _find_endings([bar.signs for bar in bars])
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
        # A bar of an ending that this pass does not take is left out.
        previous = index
        is_last = has_jumped and not repeats_again
        if ending is not None and (ending.last_pass if is_last else play) not in ending.passes:
            index += 1
            continue
        order.append(index)
        if len(order) > MAX_PLAYED_BAR_COUNT:
            raise DataError(path, f"plays more than {MAX_PLAYED_BAR_COUNT} bars once its repeats are unfolded", _ADVICE)
        # Play the bar; then go back for the next pass, or leave the repeat behind.
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
        # Jump where a sign says so, else go on to the next bar.
        target = _find_jump_target(bars, index, has_jumped, jumps_taken, path)
        if target is None:
            index += 1
        else:
            has_jumped = index in jumps_taken  # False after a jump to the coda, whose repeats are still to be played
            index, start, play, previous, begin = target, target, 1, None, len(order)
    return order, passes


def _find_jump_target(
    bars: Sequence[Bar], index: int, has_jumped: bool, jumps_taken: set[int], path: Path
) -> int | None:
    """Find the bar that a bar jumps to; None where the next bar follows. A D.C. or D.S. is obeyed once."""
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
    """Find the bar with a sign; where no label matches (programs write them differently), the first with the sign."""
    places = {i: getattr(bar.signs, sign) for i, bar in enumerate(bars) if getattr(bar.signs, sign) is not None}
    matching = [i for i, found in places.items() if found == label] or list(places)
    if sign == "coda":  # the sign often also stands at the words "To Coda"
        matching = [i for i in matching if i > index]
    if not matching:
        raise DataError(path, f"bar {bars[index].name[:40]!r} jumps to a {sign} that is not there", _ADVICE)
    return matching[0]


def _find_endings(signs: Sequence[Signs]) -> list[_Ending | None]:
    """Find the ending that each bar lies in; None outside of endings."""
    passes = _find_ending_passes(signs)
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
        if any(signs[i].repeat_end_plays for i in range(first, last + 1)):  # else nothing repeats inside the bracket
            last_pass = max(max(p) for p in group)
            if len(set(group)) == 1:  # what follows the bracket is the last ending
                last_pass += 1
            for i, p in enumerate(group, start=first):
                endings[i] = _Ending(p, last_pass, first)
        first = last + 1
    return endings


def _find_ending_passes(signs: Sequence[Signs]) -> list[frozenset[int] | None]:
    """Find the passes of the ending that each bar lies in; an ending that nothing closes is one bar long."""
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
