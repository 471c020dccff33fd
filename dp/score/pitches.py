"""Pitches are read here; a note whose pitch makes no sense is left out, and the others are played."""

from fractions import Fraction
from math import floor
from xml.etree.ElementTree import Element

from dp.errors import DataError
from dp.score.notations import SEMITONES
from dp.score.numbers import Place, read_bounded

MAX_SEMITONE = 60  # of a transposition, beside its octaves
MAX_OCTAVE = 10  # of a transposition
MAX_ALTER = 12  # semitones; twelve sharps are no music


def read_midi_pitch(note: Element, pitch: Element, transposed_semitone: int, place: Place) -> int | None:
    """Read the MIDI pitch at which a note sounds; microtones go to the nearest semitone.

    Args:
        note: the <note>.
        pitch: its <pitch>; an alteration that is no number is made 0 there.
        transposed_semitone: from written to sounding.
        place: for what is odd.

    Returns:
        The pitch; None for a note without a possible one, and for a slash, which shows a rhythm only.
    """
    if note.findtext("notehead", "").strip() == "slash":
        place.warn("a slash shows a rhythm only: left out")
        return None
    try:
        alter = read_bounded(pitch, "alter", -MAX_ALTER, MAX_ALTER, place) if pitch.findtext("alter") else Fraction(0)
    except DataError:
        place.warn(f"an alteration by {pitch.findtext('alter', '')[:20]!r} is passed over")
        alter = Fraction(0)
    if not alter:
        for element in pitch.findall("alter"):
            pitch.remove(element)
    step = pitch.findtext("step", "").strip()
    try:
        octave = read_bounded(pitch, "octave", -99, 99, place)
        midi_pitch = floor(12 * (octave + 1) + SEMITONES[step] + alter + Fraction(1, 2)) + transposed_semitone
    except (DataError, KeyError):
        place.warn(f"a note with the step {step[:20]!r} and the octave {pitch.findtext('octave', '')[:20]!r}: left out")
        return None
    if not 0 <= midi_pitch <= 127:
        place.warn(f"a note sounds at MIDI pitch {midi_pitch}, beyond 0 to 127: left out")
        return None
    return midi_pitch


def read_transposition(transpose: Element, place: Place) -> int:
    """Read the semitones from written to sounding; 0 where they are no numbers, with a warning."""
    bounds = (("chromatic", MAX_SEMITONE), ("octave-change", MAX_OCTAVE))
    try:
        chromatic, octaves = (
            0 if transpose.find(name) is None else read_bounded(transpose, name, -furthest, furthest, place)
            for name, furthest in bounds
        )
    except DataError:
        place.warn("a transposition that is no number is passed over")
        return 0
    return round(chromatic) + 12 * round(octaves)
