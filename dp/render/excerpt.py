"""Cut some parts and some bars out of a score, as a score of their own."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from dp.errors import DataError
from dp.types import PlayedBar, Score


def cut_excerpt(
    score: Score, parts: Sequence[str] = (), start_bar: int | None = None, end_bar: int | None = None
) -> Score:
    """Cut parts and bars out of a score.

    Bars are named as the score numbers them, and taken as they are played: from the first time that `start_bar` comes
    to the next time that `end_bar` comes. With a repeat of bars 1 to 8, bars 5 to 10 are 5 to 8, 1 to 8, 9 and 10. A
    note that sounds on past the last bar ends there; one that began before the first bar is not struck again. The tempo
    in force where the excerpt begins stays in force; a gradual change that began before it is left out.

    Args:
        score: whole.
        parts: their names (in any case) or numbers from 1; none = all.
        start_bar: first bar; None = from the beginning.
        end_bar: last bar; None = to the end.

    Returns:
        The excerpt, which begins at quarter 0. The score itself where nothing is left out.

    Raises:
        DataError: there is no such part or bar (the error says which there are), or no note in the excerpt.
    """
    if not parts and start_bar is None and end_bar is None:
        return score
    keep = np.ones(len(score.notes), dtype=bool)
    if parts:
        keep &= np.isin(score.notes.part, [index for part in parts for index in find_part_indices(score, part)])
    chosen = replace(score, notes=score.notes.take(keep))
    if start_bar is not None or end_bar is not None:
        chosen = _cut_span(chosen, *_find_span_quarter(score, start_bar, end_bar))
    if len(chosen.notes) == 0:
        raise DataError(_name_subject(score), "has no notes in the parts and bars asked for", "ask for others")
    return chosen


def find_part_indices(score: Score, part: str) -> list[int]:
    """Find the parts of a name (in any case) or a number from 1.

    Raises:
        DataError: there is none; the error says which there are.
    """
    names = score.part_names
    wanted = " ".join(part.split())
    found = [index for index, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if not found and wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        found = [int(wanted) - 1]
    if not found:
        known = ", ".join(f"{number} {name}".rstrip() for number, name in enumerate(names, start=1))
        raise DataError(_name_subject(score), f"has no part {part!r}", f"there are: {known}")
    return found


def _find_span_quarter(score: Score, start_bar: int | None, end_bar: int | None) -> tuple[float, float]:
    """Find where the excerpt begins and ends in the unfolded score, in quarters."""
    bars = score.bars
    first = 0 if start_bar is None else _find(score, start_bar, 0)
    last = len(bars) - 1 if end_bar is None else _find(score, end_bar, first)
    while end_bar is not None and last + 1 < len(bars) and _is_continuation(bars[last + 1], end_bar):
        last += 1
    return bars[first].begin_quarter, bars[last].end_quarter


def _find(score: Score, number: int, from_index: int) -> int:
    """Find the index of the first bar of a number at or after another bar."""
    for index in range(from_index, len(score.bars)):
        if _number(score.bars[index]) == number:
            return index
    numbers = [found for bar in score.bars if (found := _number(bar)) is not None]
    if number in numbers:
        raise DataError(
            _name_subject(score), f"does not play bar {number} after the first bar asked for", "ask for another"
        )
    known = f"there are: {min(numbers)} to {max(numbers)}" if numbers else "its bars have no numbers"
    raise DataError(_name_subject(score), f"has no bar {number}", known)


def _is_continuation(bar: PlayedBar, number: int) -> bool:
    """Return whether a bar is the rest of a divided bar: it has the bar's number, or no number, such as "X1"."""
    return _number(bar) in (None, number)


def _number(bar: PlayedBar) -> int | None:
    return int(bar.name) if bar.name.isdecimal() else None


def _cut_span(score: Score, begin_quarter: float, end_quarter: float) -> Score:
    """Make a score of the notes that begin in a span."""
    onset = score.notes.onset_quarter
    notes = score.notes.take((onset >= begin_quarter) & (onset < end_quarter))
    notes = replace(
        notes,
        onset_quarter=notes.onset_quarter - begin_quarter,
        duration_quarter=np.minimum(notes.duration_quarter, end_quarter - notes.onset_quarter),
    )
    # The mark in force where the excerpt begins; the score's first one holds before itself too.
    first = max(int(np.searchsorted(score.tempo_quarter, begin_quarter, side="right")) - 1, 0)
    marks = slice(first, max(int(np.searchsorted(score.tempo_quarter, end_quarter)), first + 1))
    spans: dict[str, Any] = {}
    for item in fields(score):
        shifted = _shift_spans(getattr(score, item.name), begin_quarter, end_quarter)
        spans |= {} if shifted is None else {item.name: shifted}
    return replace(
        replace(score, **spans),
        notes=notes,
        tempo_quarter=np.maximum(score.tempo_quarter[marks] - begin_quarter, 0.0),
        tempo_qpm=score.tempo_qpm[marks],
        repeats=(),
    )


def _shift_spans(items: Any, begin_quarter: float, end_quarter: float) -> tuple[Any, ...] | None:
    """Shift those spans, bars for example, that begin in the excerpt; None where the items are no spans."""
    if not isinstance(items, tuple) or not all(hasattr(item, "begin_quarter") for item in items):
        return None
    return tuple(
        replace(item, begin_quarter=item.begin_quarter - begin_quarter, end_quarter=item.end_quarter - begin_quarter)
        for item in items
        if begin_quarter <= item.begin_quarter < end_quarter
    )


def _name_subject(score: Score) -> str:
    return score.title or "score"
