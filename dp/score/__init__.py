"""Scores are read here: MusicXML and MIDI become notes in exact quarters, with repeats unfolded and ties joined.

A MusicXML file passes through `files` (bytes, checked), `xmltree` (elements), `measures` and `marks` (bars as written,
one part at a time), `musicxml` (bars of all parts), `playing_order` (the order of the bars) and `unfold` (notes as
played). `repeats` finds where players may choose another order.
MIDI has no repeats: `midi` makes the notes by pretty_midi, and `recurrence` finds which passages come again.

`docs/decisions/2026-11-28-musicxml-reader.md` compares this reader with partitura and music21.
"""

from pathlib import Path

from dp.errors import DataError
from dp.score.midi import read_midi
from dp.score.musicxml import read_musicxml
from dp.types import Score

MUSICXML_SUFFIXES = (".musicxml", ".mxl", ".xml")
MIDI_SUFFIXES = (".mid", ".midi")
SCORE_SUFFIXES = (*MUSICXML_SUFFIXES, *MIDI_SUFFIXES)  # where one score stands in several files, the first counts


def read_score(path: Path) -> Score:
    """Read a score from a file of the kind that its suffix names.

    Args:
        path: MusicXML (.mxl, .musicxml, .xml) or MIDI (.mid, .midi).

    Raises:
        DataError: the file is missing, damaged, hostile or no score, or none of its notes has a pitch.
    """
    suffix = path.suffix.lower()
    if suffix in MUSICXML_SUFFIXES:
        return read_musicxml(path)
    if suffix in MIDI_SUFFIXES:
        return read_midi(path)
    raise DataError(
        path,
        f"has the suffix {suffix!r}, expected one of {', '.join(SCORE_SUFFIXES)}",
        "export the score as MusicXML or MIDI",
    )
