"""Bars under a sign that repeats the bars before (percent signs) get the notes of these here.

Programs leave a rest or nothing in such a bar. Where one has notes of its own, they count.
"""

from collections.abc import Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from dp.score.model import PartBar
from dp.score.numbers import Place

MAX_REPEATED_BAR_COUNT = 16  # of one sign; printed music has 1, 2 or 4
MAX_COPIED_NOTE_COUNT = 500_000  # in one part


def read_bar_repeats(
    attributes: Element, open_signs: dict[str, int], bar: PartBar, is_at_start: bool, place: Place
) -> None:
    """Read the signs that begin or end a stretch of bars which repeat the bars before them.

    Args:
        attributes: the element that they stand in.
        open_signs: how many bars a sign repeats, by staff; it is kept up to date.
        bar: where they stand.
        is_at_start: they stand at its start.
        place: for what is odd.
    """
    for style in attributes.iterfind("measure-style"):
        staff = style.get("number", "")
        sign = style.find("measure-repeat")
        if style.find("beat-repeat[@type='start']") is not None:
            place.warn("signs that repeat beats are passed over")
        if sign is None:
            continue
        if sign.get("type") == "start":
            text = (sign.text or "1").strip()
            if text.isdecimal() and 1 <= int(text[:9]) <= MAX_REPEATED_BAR_COUNT:
                bar.repeated[staff] = open_signs[staff] = int(text[:9])
            else:
                place.warn(f"a sign repeats {text[:20]!r} bars: it is passed over")
        else:
            open_signs.pop(staff, None)
            if is_at_start:
                bar.repeated.pop(staff, None)


def copy_repeated_bars(bars: Sequence[PartBar], place: Place) -> None:
    """Copy into each bar under such a sign the notes of the bar that it repeats, staff by staff.

    Args:
        bars: of one part; notes are added to them.
        place: for the warnings; its bar is moved.

    Raises:
        DataError: absurdly many notes are repeated.
    """
    copied_count = 0
    for index, bar in enumerate(bars):
        for staff, count in bar.repeated.items():
            if any(_is_on_staff(note.staff, staff) for note in bar.notes):
                continue
            place.bar = bar.name
            if index < count:
                place.warn(f"a sign repeats {count} bars, and only {index} come before: it is passed over")
                continue
            source = bars[index - count]
            notes = [note for note in source.notes if _is_on_staff(note.staff, staff)]
            copied_count += len(notes)
            if copied_count > MAX_COPIED_NOTE_COUNT:
                raise place.make_error(f"signs that repeat bars make more than {MAX_COPIED_NOTE_COUNT} notes")
            bar.notes += notes
            bar.content_quarter = max(bar.content_quarter, source.content_quarter)
            bar.voices |= {voice: replace(end) for voice, end in source.voices.items()}


def _is_on_staff(staff: str, wanted: str) -> bool:
    """Return whether a staff is the wanted one; without a number it is the first, and all are wanted."""
    return not wanted or (staff or "1") == wanted
