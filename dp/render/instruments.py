"""Instruments by their General MIDI programs, counted from 0, and their English names."""

from dp.errors import DataError
from dp.score.instruments import PROGRAM_COUNT, VIOLA

PIANO, VIOLIN, FIDDLE = 0, 40, 110
TWO_HANDED = frozenset((*range(9), *range(16, 22), 46))  # keyboards and the harp: files may hold a part for each hand
OWN = {VIOLIN: "violin", PIANO: "piano", 1: "piano"}  # programs that packaged voices are
NEAREST = {VIOLA: "violin", FIDDLE: "violin", 2: "piano", 3: "piano"}  # and those that they are near
VOICE_PROGRAMS = {"violin": VIOLIN, "piano": PIANO}
_SHOWN_COUNT = 5  # names that an error offers


def name_program(program: int) -> str:
    """Return General MIDI's English name of a program."""
    from pretty_midi.constants import INSTRUMENT_MAP

    return str(INSTRUMENT_MAP[program])


def find_program(text: str) -> int:
    """Find a program by its number, by its name, or by a part of the name that no other has, in any case.

    Raises:
        DataError: there is none, or there are several.
    """
    if text.isdecimal():
        if int(text) >= PROGRAM_COUNT:
            raise DataError("--instrument", f"asks for program {text}", f"give 0 to {PROGRAM_COUNT - 1}")
        return int(text)
    wanted = _simplify(text)
    names = [_simplify(name_program(program)) for program in range(PROGRAM_COUNT)]
    if wanted in names:
        return names.index(wanted)
    found = [program for program, name in enumerate(names) if wanted and wanted in name]
    if len(found) == 1:
        return found[0]
    if not found:
        advice = "give violin, piano, a name of General MIDI such as Flute, or its number from 0 to 127"
        raise DataError("--instrument", f"names {text!r}, which is no instrument here", advice)
    offered = ", ".join(name_program(program) for program in found[:_SHOWN_COUNT])
    more = ", ..." if len(found) > _SHOWN_COUNT else ""
    raise DataError("--instrument", f"names {text!r}, which may be several instruments", f"give one of {offered}{more}")


def name_pitch(pitch: int) -> str:
    """Name a MIDI pitch: 61 is C#4."""
    return f"{('C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B')[pitch % 12]}{pitch // 12 - 1}"


def _simplify(name: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in name.casefold()).split())
