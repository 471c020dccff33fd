"""Lengths of notes are read here; where a program wrote a wrong one, the note's printed type says how long it is."""

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from dp.errors import DataError
from dp.score.numbers import QUARTERS_OF_TYPE, Place, read_bounded

MAX_NOTE_QUARTER = 1000  # far beyond any music
MAX_DOT_COUNT = 4
MAX_TUPLET = 100  # notes of a tuplet


def find_type_quarter(note: Element) -> Fraction | None:
    """Find how long a note is as it is printed: its type, dots and tuplet; None where it has no type."""
    unit = QUARTERS_OF_TYPE.get(note.findtext("type", "").strip())
    if unit is None:
        return None
    dot_count = min(len(note.findall("dot")), MAX_DOT_COUNT)
    return unit * (2 - Fraction(1, 2**dot_count)) * _find_tuplet_ratio(note)


def _find_tuplet_ratio(note: Element) -> Fraction:
    """Find how long a note of a tuplet is, for its type; 1 where there is none, or it makes no sense."""
    names = ("time-modification/normal-notes", "time-modification/actual-notes")
    normal, actual = (note.findtext(name, "").strip()[:9] for name in names)
    is_tuplet = all(text.isdecimal() and 1 <= int(text) <= MAX_TUPLET for text in (normal, actual))
    return Fraction(int(normal), int(actual)) if is_tuplet else Fraction(1)


def guess_divisions(part: Element) -> Fraction:
    """Guess how many divisions a quarter has, from the first note that has both a duration and a type.

    Returns:
        The number; 1 where no note says it.
    """
    for note in part.iterfind("measure/note"):
        typed, text = find_type_quarter(note), note.findtext("duration", "").strip()
        if typed and text.isdecimal() and int(text[:9]) > 0:
            return int(text[:9]) / typed
    return Fraction(1)


def read_duration_quarter(element: Element, divisions: Fraction, place: Place) -> Fraction:
    """Read the <duration> of an element.

    Args:
        element: a note, rest, backup or forward.
        divisions: of a quarter.
        place: for the error.

    Raises:
        DataError: it is missing, no number or out of bounds.
    """
    return read_bounded(element, "duration", 0, MAX_NOTE_QUARTER * divisions, place) / divisions


def read_note_duration_quarter(note: Element, divisions: Fraction, place: Place, *, is_by_type: bool) -> Fraction:
    """Read the length of a note or rest that is no grace note.

    Args:
        note: the element.
        divisions: of a quarter.
        place: for the error, and for what is odd.
        is_by_type: the durations of its bar are known to be wrong.

    Returns:
        The length; 0 for a cue note without one, and for a note whose length nothing says.

    Raises:
        DataError: its duration is missing or impossible, and it has no type.
    """
    is_cue = note.find("cue") is not None
    if is_cue and note.find("duration") is None:
        return Fraction(0)
    typed = find_type_quarter(note)
    if is_by_type and typed is not None:
        return typed
    try:
        duration = read_duration_quarter(note, divisions, place)
    except DataError:
        if typed is None:
            raise
        place.warn("a note without a possible duration is as long as its type")
        return typed
    if duration == 0 and typed is not None and note.find("chord") is not None and not is_cue:
        place.warn("a note of a chord with the duration 0 is as long as its type")
        return typed
    return duration


def count_by_type(measure: Element, divisions: Fraction, nominal_quarter: Fraction, place: Place) -> bool:
    """Return whether the notes of a bar last as long as their types say, not as their durations do.

    Programs that round durations to divisions that are too coarse write notes of the duration 0. Where all notes of
    such a bar stand one after the other, the types are believed if the bar is then nearer to its time signature.
    """
    notes = [note for note in measure.iterfind("note") if note.find("grace") is None and note.find("cue") is None]
    if not any(note.findtext("duration", "").strip() == "0" and note.find("rest") is None for note in notes):
        return False
    if measure.find("backup") is not None or measure.find("forward") is not None:
        return False
    melody = [note for note in notes if note.find("chord") is None]
    typed = [find_type_quarter(note) for note in melody]
    known = [quarter for quarter in typed if quarter is not None]
    if len(known) < len(typed):
        return False
    written = sum(
        (read_note_duration_quarter(note, divisions, place, is_by_type=False) for note in melody), Fraction(0)
    )
    if abs(sum(known, Fraction(0)) - nominal_quarter) >= abs(written - nominal_quarter):
        return False
    place.warn("notes with the duration 0: the notes of this bar are as long as their types")
    return True


def make_grace(note: Element, place: Place) -> None:
    """Make a note without a length a short grace note, with a warning."""
    place.warn("a note with the duration 0 is played as a short grace note")
    SubElement(note, "grace", {"slash": "yes"})
