"""Ritardandi, accelerandi and fermatas are brought into the order of playing here."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from dp.score.model import Bar
from dp.types import Fermata, TempoChange
from dp.units import FloatArray

MAX_CHANGE_QUARTER = 8.0  # length of a change that nothing ends: two bars of four quarters


def unfold_changes(bars: Sequence[Bar], order: Sequence[int], tempo_quarter: FloatArray) -> tuple[TempoChange, ...]:
    """Find the gradual changes of tempo in the order of playing.

    A change ends at the first of these: the next tempo mark, "a tempo", the end of its dashes, of a fermata or of a
    section, the next change, the end of the piece. It lasts at most MAX_CHANGE_QUARTER unless its dashes end it. A
    change at whose beginning a tempo mark stands does not count: such scores write a ritardando as many tempo marks.

    Args:
        bars: the score, as written.
        order: indices of the bars, as played.
        tempo_quarter: [K] where tempo marks stand, as played.

    Returns:
        The changes by begin; positions in quarters as played.
    """
    # What begins or ends a change, as played.
    starts, section_starts = _find_starts(bars, order)
    events = sorted(
        {
            (float(start + gradual.onset_quarter), gradual.factor, gradual.number)
            for index, start in zip(order, starts, strict=False)
            for gradual in bars[index].graduals
        }
    )
    ends = {*tempo_quarter.tolist(), *section_starts, *(f.end_quarter for f in unfold_fermatas(bars, order))}
    ends |= {quarter for quarter, factor, number in events if factor != 1.0 or not number}
    by_quarter = sorted(ends)
    dashes: dict[str, list[float]] = {}
    for quarter, factor, number in events:
        if factor == 1.0 and number:
            dashes.setdefault(number, []).append(quarter)
    tempo = set(tempo_quarter.tolist())
    found: list[TempoChange] = []
    # One change after the other: its end is that of its own dashes where that is nearest, else the next event's.
    for begin, factor, number in events:
        if factor == 1.0 or begin in tempo or (found and found[-1].begin_quarter == begin):
            continue
        end = _find_next(by_quarter, begin, begin)
        own = _find_next(dashes.get(number, []), begin, np.inf)
        end = own if own <= end else min(end, begin + MAX_CHANGE_QUARTER)
        before = found[-1].end_factor if found and found[-1].end_quarter == begin else 1.0
        if end > begin:
            found.append(TempoChange(begin, end, before, before * factor))
    return tuple(found)


def _find_next(quarters: Sequence[float], quarter: float, otherwise: float) -> float:
    """Find the first of some ascending positions that lies after another; `otherwise` where there is none."""
    index = bisect_right(quarters, quarter)
    return quarters[index] if index < len(quarters) else otherwise


def unfold_fermatas(bars: Sequence[Bar], order: Sequence[int]) -> tuple[Fermata, ...]:
    """Find the fermatas in the order of playing; of several over the same stretch, the longest counts."""
    starts, _ = _find_starts(bars, order)
    found: dict[tuple[float, float], Fermata] = {}
    for index, start in zip(order, starts, strict=False):
        for held in bars[index].held:
            fermata = Fermata(float(start + held.onset_quarter), float(start + held.end_quarter), held.factor)
            key = (fermata.begin_quarter, fermata.end_quarter)
            known = found.get(key, fermata)
            found[key] = replace(fermata, factor=max(known.factor, fermata.factor))
    return tuple(found[key] for key in sorted(found))


def _find_starts(bars: Sequence[Bar], order: Sequence[int]) -> tuple[list[Fraction], set[float]]:
    """Find where each bar starts as played, and where the last one ends; and which of these are borders of sections."""
    starts = [Fraction(0)]
    sections = set()
    for position, index in enumerate(order):
        if bars[index].signs.section_start or (position and order[position - 1] != index - 1):
            sections.add(float(starts[-1]))
        starts.append(starts[-1] + bars[index].length_quarter)
    sections.add(float(starts[-1]))
    return starts, sections
