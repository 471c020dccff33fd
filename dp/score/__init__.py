"""Scores are read here: MusicXML and MIDI become notes in exact quarters, with repeats unfolded and ties joined.

A MusicXML file passes through these modules; `musicxml` calls them, and `model` has the types that pass between them:

1. `files` reads the bytes, `xmltree` parses them, both without trust.
2. `measures` reads the bars of one part, as written. It asks `durations` and `numbers` for lengths, `figures` for
   tremolos and harmonics, `bar_repeats` for percent signs, `notations` for what is written at a note
   (`dp.types.Mark`), `expression` for dynamics, gradual changes, fermatas and pedal, and `marks` for repeat signs,
   D.C. and, by `tempo` and `tempo_words`, tempo.
3. `musicxml` joins the bars of all parts, by `bar_lengths`, `divided_bars` and `movements`; `ties` mends ties, and
   `dynamics` turns dynamic marks into the level of each note.
4. `playing_order`, with `jumps`, finds the order of the bars. `unfold` makes notes as played, `gradual` brings changes
   of tempo and fermatas into that order, `pedal` finds how long notes ring.
5. `repeats` lists where players may choose another order; `dp.align.structure` chooses, by the sound.

MIDI has no signs: `midi` makes the notes by pretty_midi, once `midi_chunks` has gathered the tracks and `midi_tracks`
mended them, and `recurrence` lists which passages come again.
What marks do when a score is played is decided in `dp.render`: `rubato`, `mark_rules`, `ornaments`.

`docs/scores.md` says how ambiguous and damaged files are read, `docs/decisions/2026-11-28-musicxml-reader.md` compares
this reader with partitura and music21.
"""

from pathlib import Path

from dp.errors import DataError
from dp.score.midi import read_midi
from dp.score.movements import check_movement
from dp.score.musicxml import read_musicxml
from dp.types import Score

MUSICXML_SUFFIXES = (".musicxml", ".mxl", ".xml")
MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
SCORE_SUFFIXES = (*MUSICXML_SUFFIXES, *MIDI_SUFFIXES)  # where one score stands in several files, the first counts


def read_score(path: Path, movement: int | None = None) -> Score:
    """Read a score from a file of the kind that its suffix names.

    Args:
        path: MusicXML (.mxl, .musicxml, .xml) or MIDI (.mid, .midi, .kar, .rmi).
        movement: which movement of a MusicXML file that holds several, from 1; None = all of them.

    Raises:
        DataError: the file is missing, damaged, hostile or no score, or none of its notes has a pitch.
    """
    suffix = path.suffix.lower()
    if suffix in MUSICXML_SUFFIXES:
        return read_musicxml(path, movement)
    if suffix in MIDI_SUFFIXES:
        if movement is not None:
            check_movement(movement, 1, path)  # MIDI does not say where movements begin
        return read_midi(path)
    raise DataError(
        path,
        f"has the suffix {suffix!r}, expected one of {', '.join(SCORE_SUFFIXES)}",
        "export the score as MusicXML or MIDI",
    )
