"""Bars with signs inside them are divided here: each part is then a bar of its own, whose signs stand at its ends.

Signs inside a bar are repeats and endings at a bar line in the middle, and "Fine". A note that sounds on past such a
sign becomes two tied ones.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from dp.errors import DataError
from dp.score.bar_lengths import Column
from dp.score.model import PartBar, Signs, WrittenNote

MAX_CUT_COUNT = 64  # of one bar

_AT_BEGIN = {"section_start", "key_start", "time_start", "tempo_start", "headings", "segno", "coda"}
_AT_BEGIN |= {"repeat_start", "repeat_end_previous_plays", "ending_start"}


def divide_bars(
    columns: Sequence[Column], length_quarter: Sequence[Fraction], path: Path
) -> tuple[list[Column], list[Fraction]]:
    """Divide the bars that have signs inside them.

    Args:
        columns: the bars of all parts.
        length_quarter: of each bar.
        path: the file, for the error.

    Returns:
        The bars, divided where needed, and their lengths.

    Raises:
        DataError: there are absurdly many signs in a bar.
    """
    divided: list[Column] = []
    lengths: list[Fraction] = []
    for index, (column, length) in enumerate(zip(columns, length_quarter, strict=True)):
        present = [bar for bar in column if bar is not None]
        following = [bar for bar in columns[index + 1] if bar is not None] if index + 1 < len(columns) else []
        _place_fine(present, following, length)
        cuts = sorted({q for bar in present for q, signs in bar.inner_signs.items() if signs != Signs()})
        if len(cuts) > MAX_CUT_COUNT:
            what = f"has {len(cuts)} repeats or endings inside bar {present[0].name[:40]!r}"
            raise DataError(path, what, "correct the score and export it again")
        rest: Column = column
        begin = Fraction(0)
        for cut in cuts:
            if cut < length:
                pieces = [(None, None) if bar is None else _divide(bar, cut - begin, cut) for bar in rest]
                divided.append(tuple(first for first, _ in pieces))
                lengths.append(cut - begin)
                rest, begin = tuple(second for _, second in pieces), cut
            else:  # the sign stands at the end of the bar after all
                for bar in rest:
                    if bar is not None and cut in bar.inner_signs:
                        bar.signs.add(bar.inner_signs[cut])
        divided.append(rest)
        lengths.append(length - begin)
    return divided, lengths


def _place_fine(bars: Sequence[PartBar], following: Sequence[PartBar], length: Fraction) -> None:
    """Find whether "Fine" counts inside the bar; else it counts at the bar's end.

    It stands over the last note where that has a fermata, and where the bar ends with a double bar line or a repeat. It
    means the end of the bar, too, where no note begins behind it.
    """
    ends = any(b.signs.section_start_next or b.signs.repeat_end_plays or b.signs.repeat_start_next for b in bars)
    ends |= any(b.signs.section_start or b.signs.repeat_start or b.signs.repeat_end_previous_plays for b in following)
    for bar in bars:
        place = bar.fine_quarter
        if place is None or ends:
            continue
        place = max((held.end_quarter for b in bars for held in b.held if held.onset_quarter == place), default=place)
        if 0 < place < length and any(note.onset_quarter >= place for b in bars for note in b.notes):
            bar.signs.fine = False
            bar.inner_signs.setdefault(place, Signs()).fine = True


def _divide(bar: PartBar, at: Fraction, name: Fraction) -> tuple[PartBar, PartBar]:
    """Divide the bar of one part.

    Args:
        bar: or what is left of it.
        at: where, from its start.
        name: of the signs there in `inner_signs`: their place in the whole bar.
    """
    signs = bar.inner_signs.get(name, Signs())
    first_signs, second_signs = _pick(bar.signs, True), _pick(bar.signs, False)
    first_signs.add(_pick(signs, False))
    second_signs.add(_pick(signs, True))
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    for kind in ("tempo", "loudness", "graduals", "pedals"):
        items = getattr(bar, kind)
        first[kind] = [item for item in items if item.onset_quarter < at]
        second[kind] = [
            replace(item, onset_quarter=item.onset_quarter - at) for item in items if item.onset_quarter >= at
        ]
    first["held"] = [replace(h, end_quarter=min(h.end_quarter, at)) for h in bar.held if h.onset_quarter < at]
    second["held"] = [
        replace(h, onset_quarter=max(h.onset_quarter - at, Fraction(0)), end_quarter=h.end_quarter - at)
        for h in bar.held
        if h.end_quarter > at
    ]
    first["notes"], second["notes"] = _divide_notes(bar.notes, at)
    known: dict[str, Any] = {"inner_signs": bar.inner_signs, "fine_quarter": None}
    return (
        replace(bar, signs=first_signs, is_continued=True, **known, **first),
        replace(bar, signs=second_signs, is_continuation=True, **known, **second),
    )


def _pick(signs: Signs, at_begin: bool) -> Signs:
    """Return the signs that count at the beginning of a bar, or the others."""
    picked = Signs()
    for name in Signs.__slots__:
        if (name in _AT_BEGIN) == at_begin:
            setattr(picked, name, getattr(signs, name))
    return picked


def _divide_notes(notes: Sequence[WrittenNote], at: Fraction) -> tuple[list[WrittenNote], list[WrittenNote]]:
    """Divide the notes of a bar at a place; those that sound across it are tied."""
    first, second = [], []
    for note in notes:
        end = note.onset_quarter + note.duration_quarter
        if note.onset_quarter >= at:
            second.append(replace(note, onset_quarter=note.onset_quarter - at))
        elif end <= at:
            first.append(note)
        else:
            first.append(replace(note, duration_quarter=at - note.onset_quarter, tied_after=True))
            second.append(replace(note, onset_quarter=Fraction(0), duration_quarter=end - at, tied_before=True))
    return first, second
