"""This module finds where the jumps of a movement lead: D.C. and D.S., To Coda, and the Fine at which they end.

A jump whose target is missing is passed over, with a warning.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from dp.score.model import Bar

MAX_JUMP_COUNT = 100  # in one movement
NEAR_BAR_COUNT = 2  # so far before the end of a section programs print a D.C. that counts there

_TO_FINE = re.compile(r"\bfine\b", re.IGNORECASE)
_TO_CODA = re.compile(r"\bcoda\b", re.IGNORECASE)
_PIECE = re.compile(r"\(?([^\W\d]+)['.,]?\s?.*?\b(d\.\s?[cs]|da\s?capo|dal\s?segno)\b.*", re.IGNORECASE)
_NO_PIECES = {"d", "da", "dal", "fine", "poi", "il", "e", "the"}
_MINUET = "men"  # what "M. D.C." means


@dataclass(frozen=True)
class Jumps:
    """The jumps of a movement, by indices of its bars."""

    returns: dict[int, int] = field(default_factory=dict)  # from the bars with D.C. or D.S.
    codas: dict[int, int] = field(default_factory=dict)  # from the bars with To Coda, which count after a return
    ends: frozenset[int] = frozenset()  # after a return, the movement ends with the first of these


def find_jumps(bars: Sequence[Bar], warnings: list[str]) -> Jumps:
    """Find the jumps of a movement.

    Args:
        bars: of the movement, as written.
        warnings: signs that are passed over are added here.
    """
    jumps = Jumps()
    coda = _find_unnamed_to_coda(bars)
    for index in _list_jumps(bars, warnings):
        bar = bars[index]
        signs = bar.signs
        if signs.has_return:
            target = 0 if signs.dal_segno is None else _find(bars, "segno", signs.dal_segno, -1)
            if target is None and signs.da_capo:
                target = 0
            if target is None:
                warnings.append(_describe(bar, "jumps to a segno that is not there: passed over"))
            else:
                named = _find_piece(bars, index) if signs.dal_segno is None else None
                if named is None and signs.dal_segno is None:
                    named = _find_beginning(bars, index, warnings)
                jumps.returns[_place_return(bars, index)] = target if named is None else named
        label = "" if index == coda else signs.to_coda
        if label is not None:
            target = _find(bars, "coda", label, index)
            if target is None:
                warnings.append(_describe(bar, "jumps to a coda that is not there: passed over"))
            else:
                jumps.codas[index] = target
    ends = {index for index, bar in enumerate(bars) if bar.signs.fine}
    return Jumps(jumps.returns, jumps.codas, frozenset(ends or _find_end(bars, jumps, warnings)))


def _list_jumps(bars: Sequence[Bar], warnings: list[str]) -> list[int]:
    """List the bars with a D.C., D.S. or To Coda; of absurdly many, the first."""
    coda = _find_unnamed_to_coda(bars)
    found = [i for i, bar in enumerate(bars) if bar.signs.has_return or bar.signs.to_coda is not None or i == coda]
    if len(found) > MAX_JUMP_COUNT:
        warnings.append(f"{len(found)} marks D.C., D.S. or To Coda: those after the first {MAX_JUMP_COUNT} passed over")
    return found[:MAX_JUMP_COUNT]


def _find_unnamed_to_coda(bars: Sequence[Bar]) -> int | None:
    """Find the bar at whose coda sign a player leaves for the coda, where no words say "To Coda"; None without one.

    That is the first of two such signs, if a D.C. or D.S. "al Coda" stands between them.
    """
    signs = [bar.signs for bar in bars]
    codas = [index for index, sign in enumerate(signs) if sign.coda is not None]
    if len(codas) < 2 or any(sign.to_coda is not None for sign in signs):
        return None
    between = signs[codas[0] : codas[-1]]
    return codas[0] if any(_TO_CODA.search(sign.jump_words or "") for sign in between if sign.has_return) else None


def _name_piece(words: str) -> str:
    """Return the beginning of what a D.C. wants to hear again, such as "men" for "Men. D.C."; empty for a plain one."""
    match = _PIECE.fullmatch(words)
    name = match[1].casefold() if match else ""
    return "" if name in _NO_PIECES else _MINUET if name == "m" else name[:5]


def _find_piece(bars: Sequence[Bar], index: int) -> int | None:
    """Find the bar in which the piece begins that the D.C. of a bar names.

    That is the last bar before with a heading of that name, or else where its time signature began; None where the D.C.
    names none.
    """
    piece = _name_piece(bars[index].signs.jump_words or "")
    if not piece:
        return None
    headed = [i for i in range(index) if any(h.startswith(piece) for h in bars[i].signs.headings)]
    if headed:
        return headed[-1]
    trio = _find_trio(bars, 0, index)
    timed = [i for i in range(index if trio is None else trio) if bars[i].signs.time_start]
    return timed[-1] if timed else 0


def _find_beginning(bars: Sequence[Bar], index: int, warnings: list[str]) -> int | None:
    """Find where the piece begins to which the D.C. of a bar goes back, in a file that numbers movements on in one row.

    That is the last bar up to the Fine with which, after the end of a section, key, time and tempo begin anew; None
    where there is none.
    """
    fine = next((i for i in range(index) if bars[i].signs.fine), 0)
    for i in range(fine, 0, -1):
        signs = bars[i].signs
        is_section = signs.repeat_start or bars[i - 1].signs.ends_section or bars[i - 1].signs.repeat_start_next
        if signs.key_start and signs.time_start and signs.tempo_start and is_section:
            where = f"bar {bars[i].name[:40]}, where key, time and tempo begin anew"
            warnings.append(_describe(bars[index], f"goes back to {where}"))
            return i
    return None


def _place_return(bars: Sequence[Bar], index: int) -> int:
    """Find the bar at whose end a D.C. or D.S. counts that stands in a bar.

    Words alone may stand a little before the end of their section, or at the beginning of the bar behind it.
    """
    signs = bars[index].signs
    if not signs.is_jump_printed or signs.ends_section:
        return index
    if index > 0 and signs.jump_quarter == 0 and bars[index - 1].signs.ends_section:
        return index - 1
    near = range(index + 1, min(index + 1 + NEAR_BAR_COUNT, len(bars)))
    return next((i for i in near if bars[i].signs.ends_section), index)


def _find_trio(bars: Sequence[Bar], begin: int, end: int) -> int | None:
    """Find the last bar of a range that is headed "Trio"."""
    found = [i for i in range(begin, end) if any(h.startswith("trio") for h in bars[i].signs.headings)]
    return found[-1] if found else None


def _find_end(bars: Sequence[Bar], jumps: Jumps, warnings: list[str]) -> set[int]:
    """Find where a movement without "Fine" ends after a return.

    That is before its trio, or at a final bar line inside it; where the D.C. names a piece, before a new key.
    """
    if jumps.codas or not jumps.returns:
        return set()
    ends = set()
    for last, target in jumps.returns.items():
        source = next(b for b in (*bars[last : last + 2], *bars[:last][::-1]) if b.signs.has_return)
        words = source.signs.jump_words or ""
        trio = _find_trio(bars, target + 1, last)
        found = [] if trio is None else [trio - 1]
        found += [i for i in range(target, last) if bars[i].signs.is_final]
        if _name_piece(words):
            found += [i for i in range(target, last) if bars[i].signs.ends_section and bars[i + 1].signs.key_start]
        if found:
            ends.add(found[0])
            warnings.append(_describe(source, f"nothing says Fine: taken to end with bar {bars[found[0]].name[:40]}"))
        elif _name_piece(words) or _TO_FINE.search(words):
            warnings.append(_describe(source, "nothing says Fine: played to the end"))
    return ends


def _find(bars: Sequence[Bar], sign: str, label: str, after: int) -> int | None:
    """Find the first bar with a sign and its label after another; programs write labels differently, so any will do.

    The sign of a coda often also stands at the words "To Coda", and is none there.
    """
    places = [i for i, bar in enumerate(bars) if i > after and getattr(bar.signs, sign) is not None]
    matching = [i for i in places if getattr(bars[i].signs, sign) == label]
    return next(iter(matching or places), None)


def _describe(bar: Bar, what: str) -> str:
    """Return a warning about a sign in a bar."""
    return f"part {(bar.signs.jump_part or '')[:40]!r}, bar {bar.name[:40]!r}: {what}"
