"""This module reads a score from MIDI, by pretty_midi; onsets and durations are exact quarters (ticks over resolution).

A MIDI file has no voices, ties or repeats; `recurrence` finds what is written out twice. Bars are counted from 1 by the
time signatures, with 4/4 before the first one.
"""

import io
import warnings
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dp.errors import DataError
from dp.score.files import read_bytes, shorten
from dp.score.instruments import PartLabel, find_programs
from dp.score.midi_chunks import ADVICE, HEADER_BYTE, gather_chunks
from dp.score.midi_tracks import (
    PEDAL_CONTROLLER,
    MidiOddities,
    find_video_resolution,
    mend_tracks,
    replace_key_signatures,
)
from dp.score.model import PlayedNote
from dp.score.numbers import name_few
from dp.score.pedal import PedalMove, let_ring
from dp.score.recurrence import find_recurring_repeats
from dp.score.tempo import describe_tempo_oddities, is_tempo
from dp.score.unfold import make_score_notes
from dp.types import PlayedBar, Score
from dp.units import FloatArray

if TYPE_CHECKING:
    import mido
    import pretty_midi

PEDAL_DOWN = 64  # the controller's value from which the pedal is down (MIDI 1.0)
BAR_QUARTER = Fraction(4)  # before the first time signature


def read_midi(path: Path) -> Score:
    """Read a MIDI file as a score: its tempo map gives the tempo marks, velocities are kept, drums are left out.

    Raises:
        DataError: the file is missing, damaged or no MIDI file, or has no note with a pitch.
    """
    odd = MidiOddities()
    midi, says_programs = _parse(read_bytes(path), path, odd)
    instruments = [instrument for instrument in midi.instruments if not instrument.is_drum]
    if drum_count := sum(len(instrument.notes) for instrument in midi.instruments if instrument.is_drum):
        odd.add(f"notes on the drum channel are left out: {drum_count}")
    changes = _read_time_signatures(midi)
    played: list[PlayedNote] = []
    for part, instrument in enumerate(instruments):
        first = len(played)
        for note in instrument.notes:
            onset_tick = int(midi.time_to_tick(note.start))
            onset = Fraction(onset_tick, midi.resolution)
            duration = Fraction(int(midi.time_to_tick(note.end)), midi.resolution) - onset
            played.append(
                PlayedNote(onset, duration, note.pitch, note.velocity, 1, _find_bar_number(onset, changes), part)
            )
        let_ring(played[first:], _read_pedal_moves(midi, instrument))
    if not played:
        raise DataError(path, "has 0 notes with a pitch", "give a score with notes")
    tempo_quarter, tempo_qpm, absurd_qpm = _read_tempo_marks(midi)
    names = tuple(" ".join(instrument.name.split()) for instrument in instruments)
    borders = _find_bar_starts(changes, max(note.measure for note in played))
    repeats = find_recurring_repeats(played, borders)
    spans = enumerate(pairwise(map(float, borders)), start=1)
    bars = tuple(PlayedBar(str(number), *span) for number, span in spans)
    oddities = (*_describe_oddities(odd, midi.resolution, changes), *describe_tempo_oddities(absurd_qpm))
    programs = [int(instrument.program) if says_programs else None for instrument in instruments]
    labels = [PartLabel((name,), program) for name, program in zip(names, programs, strict=True)]
    return Score(
        path.stem,
        make_score_notes(played),
        tempo_quarter,
        tempo_qpm,
        names,
        repeats,
        bars=bars,
        oddities=oddities,
        part_programs=find_programs(labels),
    )


def _parse(data: bytes, path: Path, oddities: MidiOddities) -> tuple["pretty_midi.PrettyMIDI", bool]:
    """Parse the file's bytes, and mend its tracks; return what it holds, and whether it chooses a program anywhere.

    Raises:
        DataError: the file is damaged, or counts its ticks in a way that is not known.
    """
    import pretty_midi
    from mido.midifiles.meta import KeySignatureError

    data = gather_chunks(data, path, oddities)
    division = int.from_bytes(data[HEADER_BYTE - 2 : HEADER_BYTE], "big")
    tempo = None
    if division == 0 or division >= 0x8000:
        video = find_video_resolution(division) if division else None
        if video is None:
            raise DataError(
                path, "counts its ticks in unknown frames or not at all, expected ticks per quarter", ADVICE
            )
        division, tempo = video
        oddities.add("ticks are counted in video frames: read at 120 quarters per minute")
    # What the two libraries raise on damaged files, found by cutting and flipping bytes.
    errors = (EOFError, OSError, ValueError, IndexError, KeyError, TypeError, KeySignatureError, ZeroDivisionError)
    try:
        file = _parse_tracks(data[: HEADER_BYTE - 2] + division.to_bytes(2, "big") + data[HEADER_BYTE:], oddities)
        mend_tracks(file, tempo, oddities)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # keys and time signatures outside the first track
            midi = pretty_midi.PrettyMIDI(mido_object=file)
    except errors as error:
        raise DataError(path, f"is a damaged MIDI file ({shorten(error)})", ADVICE) from error
    return midi, any(event.type == "program_change" for track in file.tracks for event in track)


def _parse_tracks(data: bytes, oddities: MidiOddities) -> "mido.MidiFile":
    """Parse the file's bytes; key signatures that no music has do not matter."""
    import mido
    from mido.midifiles.meta import KeySignatureError

    try:
        return mido.MidiFile(file=io.BytesIO(data))
    except KeySignatureError:
        return mido.MidiFile(file=io.BytesIO(replace_key_signatures(data, oddities)))


def _describe_oddities(
    oddities: MidiOddities, resolution: int, changes: list[tuple[Fraction, Fraction, int]]
) -> tuple[str, ...]:
    """Describe what is odd in warnings, with track and bar, both from 1."""
    described = []
    for track, tick, reason in oddities.found:
        place = (
            f"track {track + 1}, bar {_find_bar_number(Fraction(tick, resolution), changes)}: " if track >= 0 else ""
        )
        described.append(place + reason)
    return name_few(described)


def _read_time_signatures(midi: "pretty_midi.PrettyMIDI") -> list[tuple[Fraction, Fraction, int]]:
    """Read the time signatures: where each starts, how long its bars are, in quarters, and its first bar's number."""
    changes = [(Fraction(0), BAR_QUARTER, 1)]
    for signature in sorted(midi.time_signature_changes, key=lambda s: s.time):
        start = Fraction(int(midi.time_to_tick(signature.time)), midi.resolution)
        length = Fraction(4 * signature.numerator, signature.denominator)
        last_start, last_length, last_number = changes[-1]
        changes.append((start, length, last_number + ceil((start - last_start) / last_length)))
    return changes


def _find_bar_number(onset_quarter: Fraction, changes: list[tuple[Fraction, Fraction, int]]) -> int:
    """Find the number of the bar in which a position lies, by the time signatures."""
    start, length, number = changes[bisect_right(changes, onset_quarter, key=lambda c: c[0]) - 1]
    return number + (onset_quarter - start) // length


def _find_bar_starts(changes: list[tuple[Fraction, Fraction, int]], bar_count: int) -> list[Fraction]:
    """Find where the bars begin, in quarters, and where the last one ends."""
    numbers = [number for _, _, number in changes]
    at = [changes[bisect_right(numbers, bar) - 1] for bar in range(1, bar_count + 2)]
    return [start + (bar - number) * length for bar, (start, length, number) in enumerate(at, start=1)]


def _read_tempo_marks(midi: "pretty_midi.PrettyMIDI") -> tuple[FloatArray, FloatArray, list[float]]:
    """Read the tempo map.

    Returns:
        The positions of the marks in quarters [K], their quarters per minute [K], and the tempos of ignored marks.
    """
    change_sec, change_qpm = midi.get_tempo_changes()
    change_tick = np.array([int(midi.time_to_tick(sec)) for sec in change_sec], dtype=np.float64)
    is_meant = np.array([is_tempo(qpm) for qpm in change_qpm], dtype=bool)
    qpm = np.asarray(change_qpm, dtype=np.float64)
    return change_tick[is_meant] / midi.resolution, qpm[is_meant], qpm[~is_meant].tolist()


def _read_pedal_moves(midi: "pretty_midi.PrettyMIDI", instrument: "pretty_midi.Instrument") -> list[PedalMove]:
    """Read where the sustaining pedal goes down and up."""
    changes = sorted((c for c in instrument.control_changes if c.number == PEDAL_CONTROLLER), key=lambda c: c.time)
    ticks = [int(midi.time_to_tick(change.time)) for change in changes]
    return [
        (Fraction(tick, midi.resolution), change.value >= PEDAL_DOWN)
        for tick, change in zip(ticks, changes, strict=True)
    ]
