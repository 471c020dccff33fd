"""This module finds the order in which bars are played, by repeats, endings, D.C., D.S., Fine and Coda.

Repeats do not nest: a repeat goes back to the nearest start sign before it, or else to where the last repeat with its
endings ended. After a D.C. or D.S. repeats are not played again and the last ending is taken, as musicians do unless
told otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from dp.errors import DataError
from dp.score.jumps import Jumps, find_jumps
from dp.score.model import Bar, Signs
from dp.score.movements import find_movement_starts

MAX_PLAYED_BAR_COUNT = 200_000
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


def find_playing_order(
    bars: Sequence[Bar], path: Path, warnings: list[str] | None = None
) -> tuple[list[int], list[Pass]]:
    """Find the order in which the bars are played.

    Args:
        bars: the score's bars, as written.
        path: the file, for the errors.
        warnings: signs that are passed over, since what they point to is not there, are added here.

    Returns:
        The indices of the bars as played, and the passes in them, each of which another pass follows.

    Raises:
        DataError: the result is absurdly long.
    """
    return _walk_movements(bars, path, False, [] if warnings is None else warnings)


def find_fullest_order(bars: Sequence[Bar], path: Path) -> tuple[list[int], list[Pass]]:
    """Find the order for players who play every repeat also after a D.C. or D.S.; see `find_playing_order`."""
    return _walk_movements(bars, path, True, [])


def _walk_movements(
    bars: Sequence[Bar], path: Path, repeats_again: bool, warnings: list[str]
) -> tuple[list[int], list[Pass]]:
    """Walk through one movement after the other: no repeat or jump leaves its movement."""
    order: list[int] = []
    passes: list[Pass] = []
    for begin, end in pairwise([*find_movement_starts(bars), len(bars)]):
        found, own = _walk(bars[begin:end], path, repeats_again, warnings)
        passes += [Pass(p.begin + len(order), p.end + len(order), p.is_written) for p in own]
        order += [begin + index for index in found]
        _check_length(len(order), path)
    return order, passes


def _check_length(played_bar_count: int, path: Path) -> None:
    """Refuse an order of playing that is absurdly long."""
    if played_bar_count > MAX_PLAYED_BAR_COUNT:
        raise DataError(path, f"plays more than {MAX_PLAYED_BAR_COUNT} bars once its repeats are unfolded", _ADVICE)


@dataclass(slots=True)
class _Walk:
    """How far a player has come through the bars of a movement."""

    order: list[int] = field(default_factory=list)  # the bars played
    passes: list[Pass] = field(default_factory=list)
    start: int = 0  # where the current repeat goes back to
    begin: int = 0  # where in `order` the current pass began
    play: int = 1  # which pass of the current repeat this is
    previous: int | None = None  # the bar before this one, played or passed over; None after a jump
    has_jumped: bool = False  # after a D.C. or D.S.
    jumps_taken: set[int] = field(default_factory=set)
    resume: int = 0  # the bar behind the last D.C. or D.S.

    def start_repeat(self, index: int) -> None:
        """Let a repeat that comes go back to a bar."""
        self.start, self.play, self.begin = index, 1, len(self.order)

    def jump(self, index: int, *, is_return: bool) -> int:
        """Go on with a bar that is not the next one; return it."""
        self.start_repeat(index)
        self.previous, self.has_jumped = None, is_return
        return index

    def repeat(self, *, is_written: bool) -> int:
        """Go back for the next pass; return its first bar."""
        self.passes.append(Pass(self.begin, len(self.order), is_written))
        self.play, self.previous, self.begin = self.play + 1, None, len(self.order)
        return self.start


def _walk(bars: Sequence[Bar], path: Path, repeats_again: bool, warnings: list[str]) -> tuple[list[int], list[Pass]]:
    """Walk through the bars of a movement as a player does, bar by bar.

    Args:
        bars: as written.
        path: the file, for the errors.
        repeats_again: whether repeats are played also after a D.C. or D.S.
        warnings: signs that are passed over are added here.
    """
    endings = _find_endings([bar.signs for bar in bars])
    jumps = find_jumps(bars, warnings)
    walk = _Walk()
    index = 0
    while index < len(bars):
        signs = bars[index].signs
        ending = endings[index]
        left = None if walk.previous is None else endings[walk.previous]
        is_left = left is not None and (ending is None or ending.group != left.group)
        if is_left or (index != walk.start and _starts_repeat(bars, walk.start, walk.previous, index)):
            walk.start_repeat(index)
        # A bar of an ending that this pass does not take is left out.
        walk.previous = index
        is_last = walk.has_jumped and not repeats_again
        if ending is not None and (ending.last_pass if is_last else walk.play) not in ending.passes:
            index += 1
            continue
        walk.order.append(index)
        _check_length(len(walk.order), path)
        # Play the bar; then go back for the next pass, or leave the repeat behind.
        plays = 0 if not signs.repeat_end_plays else signs.repeat_end_plays if ending is None else ending.last_pass
        is_repeated = walk.play < plays and (not is_last or signs.repeat_after_jump)
        if walk.has_jumped and index in jumps.ends and not (repeats_again and is_repeated):
            # What stands behind the D.C. is still to be played, unless it is a coda.
            if jumps.codas or not index < walk.resume < len(bars):
                break
            index = walk.jump(walk.resume, is_return=False)
        elif is_repeated:
            index = walk.repeat(is_written=not walk.has_jumped or signs.repeat_after_jump)
        else:
            if signs.repeat_end_plays and ending is None:
                walk.start_repeat(index + 1)
            index = _leave_bar(walk, index, jumps)
    return walk.order, walk.passes


def _leave_bar(walk: _Walk, index: int, jumps: Jumps) -> int:
    """Jump where a sign says so, else go on to the next bar; return the bar. A D.C. or D.S. is obeyed once."""
    if index not in walk.jumps_taken and walk.has_jumped and index in jumps.codas:
        return walk.jump(jumps.codas[index], is_return=False)  # the coda's repeats are still to be played
    if index in walk.jumps_taken or index not in jumps.returns:
        return index + 1
    walk.jumps_taken.add(index)
    walk.resume = index + 1
    return walk.jump(jumps.returns[index], is_return=True)


def _starts_repeat(bars: Sequence[Bar], start: int, previous: int | None, index: int) -> bool:
    """Return whether a repeat may go back to a bar: a sign stands there, or a final bar line before it.

    Where a sign began the repeat before the final bar line, the repeat goes back to that sign.
    """
    follows_final = previous is not None and bars[previous].signs.is_final
    return bars[index].signs.repeat_start or (follows_final and not bars[start].signs.repeat_start)


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
