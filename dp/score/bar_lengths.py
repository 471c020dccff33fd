"""This module finds how long each bar lasts, by its time signature and by what is written in it (docs/scores.md).

A bar lasts what its time signature says. Notes that sound beyond it make it longer; rests and gaps never do. A bar that
holds less is as short as it is written: a pickup, a part of a divided bar, the last bar of a repeated section.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element

from dp.score.model import PartBar, VoiceEnd
from dp.score.numbers import ROUNDING_QUARTER

Column = Sequence[PartBar | None]  # one bar, of each part; None = the part has ended before


def measure_note(
    element: Element, bar: PartBar, onset_quarter: Fraction, end_quarter: Fraction, voice: int
) -> Fraction:
    """Note in a bar how far a note or rest reaches.

    Args:
        element: the <note>.
        bar: where it stands.
        onset_quarter, end_quarter: from the start of the bar.
        voice: its number.

    Returns:
        How long it is, if it is a rest for the whole bar; such a rest says nothing about the bar's length.
    """
    rest = element.find("rest")
    if rest is not None and rest.get("measure") == "yes" and onset_quarter == 0:
        bar.rest_quarter = max(bar.rest_quarter, end_quarter)
        return end_quarter
    bar.content_quarter = max(bar.content_quarter, end_quarter)
    known = bar.voices.get(voice)
    if rest is None and end_quarter > onset_quarter:
        latest = end_quarter if known is None else max(known.note_quarter, end_quarter)
        bar.voices[voice] = VoiceEnd(latest, latest)
    is_printed_rest = rest is not None and element.get("print-object") != "no"
    if is_printed_rest and known is not None and known.rest_quarter == onset_quarter:
        known.rest_quarter = end_quarter
    return Fraction(0)


def find_lengths(columns: Sequence[Column], warnings: list[str]) -> list[Fraction]:
    """Find the length of each bar in quarters, and move what stands beyond its end to the end.

    Args:
        columns: the bars; signs beyond the end of a bar are moved.
        warnings: bars that do not last as long as they are written are added here.
    """
    present = [[bar for bar in column if bar is not None] for column in columns]
    lengths = [_find_length_quarter(bars) for bars in present]
    for index, bars in enumerate(present):
        if _is_short_rest(bars) and not _is_part_of_bar(lengths, index, find_nominal(bars).nominal_quarter):
            lengths[index] = find_nominal(bars).nominal_quarter
        written = max(max(bar.content_quarter, bar.rest_quarter) for bar in bars)
        if written and abs(written - lengths[index]) > ROUNDING_QUARTER:
            taken = f"taken as {float(lengths[index]):g}"
            time = f" in {find_nominal(bars).time}" if find_nominal(bars).time else ""
            warnings.append(f"bar {bars[0].name[:40]} holds {float(written):g} quarters{time}: {taken}")
        for bar in bars:
            _move_to_end(bar, lengths[index])
    return lengths


def find_nominal(bars: Sequence[PartBar]) -> PartBar:
    """Find the part whose time signature counts for a bar: the longest of those that have one, or else the first."""
    timed = [bar for bar in bars if bar.time]
    return max(timed, key=lambda bar: bar.nominal_quarter) if timed else bars[0]


def _find_length_quarter(bars: Sequence[PartBar]) -> Fraction:
    """Find the length of a bar by itself."""
    nominal = find_nominal(bars)
    content = max(bar.content_quarter for bar in bars)
    rest = max(bar.rest_quarter for bar in bars)
    if not nominal.time:
        return content or rest or nominal.nominal_quarter
    if nominal.nominal_quarter - ROUNDING_QUARTER <= content <= nominal.nominal_quarter:
        return nominal.nominal_quarter
    if content < nominal.nominal_quarter:
        return content or min(rest, nominal.nominal_quarter) or nominal.nominal_quarter
    ends = [voice for bar in bars for voice in bar.voices.values() if voice.note_quarter > nominal.nominal_quarter]
    return max((voice.rest_quarter for voice in ends), default=nominal.nominal_quarter)


def _is_short_rest(bars: Sequence[PartBar]) -> bool:
    """Return whether all parts of a bar have a whole-bar rest that is shorter than the time signature."""
    nominal = find_nominal(bars)
    is_rest = all(bar.content_quarter == 0 for bar in bars) and any(bar.rest_quarter for bar in bars)
    is_short = max(bar.rest_quarter for bar in bars) < nominal.nominal_quarter
    return is_rest and is_short and bool(nominal.time) and not bars[0].is_implicit


def _is_part_of_bar(lengths: Sequence[Fraction], index: int, nominal: Fraction) -> bool:
    """Return whether a bar is the first, the last, or makes a full bar together with the bar before or after it."""
    if index in (0, len(lengths) - 1):
        return True
    return nominal in (lengths[index - 1] + lengths[index], lengths[index] + lengths[index + 1])


def _move_to_end(bar: PartBar, length: Fraction) -> None:
    """Move the signs that stand beyond the end of a bar to its end."""
    kinds: tuple[list[Any], ...] = (bar.tempo, bar.loudness, bar.graduals, bar.pedals)
    for signs in kinds:
        for index, sign in enumerate(signs):
            if sign.onset_quarter > length:
                signs[index] = replace(sign, onset_quarter=length)
    bar.held = [
        replace(held, end_quarter=min(held.end_quarter, length)) for held in bar.held if held.onset_quarter < length
    ]
