"""Write the notes as they are played, as MIDI and as CSV."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dp.files import open_whole_file, write_whole
from dp.render.performance import Performance
from dp.types import UNKNOWN_VELOCITY
from dp.units import FloatArray, IntArray

CSV_HEADER = ("onset_s", "offset_s", "pitch", "velocity", "level_db", "part")  # of the columns of `note_columns`
PLAIN_VELOCITY = 64  # of a note that nothing is said about
VELOCITY_DB = 40.0  # what ten times the velocity is louder by (DLS level 1, section 2.8)
TICKS_PER_SEC = 1000  # of the MIDI file
MAX_TICK = 9_000_000  # pretty_midi takes files of 10 million for damaged
MIN_NOTE_SEC = 0.002  # two of the file's ticks, so that no note is rounded away; own choice
# General MIDI programs, counted from 0, by what the name of a part may contain; the first that fits is taken.
PROGRAMS = {
    "violin": 40,
    "viola": 41,
    "bratsche": 41,
    "contrabass": 43,
    "kontrabass": 43,
    "double bass": 43,
    "cello": 42,
    "harpsichord": 6,
    "cembalo": 6,
    "harp": 46,
    "organ": 19,
    "orgel": 19,
    "guitar": 24,
    "gitarre": 24,
    "flute": 73,
    "flöte": 73,
    "recorder": 74,
    "oboe": 68,
    "clarinet": 71,
    "klarinette": 71,
    "bassoon": 70,
    "fagott": 70,
    "saxophone": 66,
    "trumpet": 56,
    "trompete": 56,
    "trombone": 57,
    "posaune": 57,
    "horn": 60,
    "tuba": 58,
    "timpani": 47,
    "voice": 52,
    "soprano": 52,
    "tenor": 52,
    "choir": 52,
}
PIANO = 0  # for all others


def compute_velocities(performance: Performance) -> IntArray:
    """Compute the MIDI velocities [N], 1 to 127: a note's own, or else that of its level."""
    performed = performance.performed
    from_level = PLAIN_VELOCITY * 10.0 ** (performance.level_db / VELOCITY_DB)
    chosen = np.where(performed.velocity == UNKNOWN_VELOCITY, from_level, performed.velocity)
    return np.clip(np.rint(chosen), 1, 127).astype(np.int64)


def note_columns(performance: Performance) -> dict[str, FloatArray | IntArray]:
    """Return columns [N] of the notes in the order of the score; parts count from 1."""
    performed = performance.performed
    part = np.zeros(len(performed), np.int64) if performance.part is None else performance.part
    return {
        "onset_sec": performed.onset_sec,
        "offset_sec": performed.offset_sec,
        "pitch": performed.pitch,
        "velocity": compute_velocities(performance),
        "level_db": performance.level_db,
        "part": part + 1,
    }


def write_notes_csv(path: Path, performance: Performance) -> None:
    """Write one row per note, with the columns of `note_columns`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    columns = [column.tolist() for column in note_columns(performance).values()]
    for onset_sec, offset_sec, pitch, velocity, level_db, part in zip(*columns, strict=True):
        writer.writerow((f"{onset_sec:.4f}", f"{offset_sec:.4f}", pitch, velocity, f"{level_db:.2f}", part))
    write_whole(path, buffer.getvalue().encode())


def write_midi(
    path: Path,
    performance: Performance,
    part: IntArray,
    part_names: tuple[str, ...],
    programs: Mapping[int, int] | None = None,
) -> None:
    """Write one track per part; times are exact to a millisecond.

    The file has one tempo, the performance's mean: what departs from it is in the notes. A note ends at the latest
    where its part strikes the same pitch again, since MIDI cannot tell the two releases apart.

    Args:
        path: MIDI file to write.
        performance: N notes.
        part: [N] index of each note's part.
        part_names: by that index.
        programs: General MIDI, from 0, by that index; where there is none, the part's name suggests one.
    """
    import pretty_midi

    performed = performance.performed
    end_sec = float(performed.offset_sec.max())
    tempo_qpm = float(np.clip(performance.tempo_map.compute_mean_tempo_qpm(0.0, end_sec), 4.0, 1000.0))
    ticks_per_sec = min(TICKS_PER_SEC, MAX_TICK / end_sec)
    resolution = int(np.clip(round(ticks_per_sec * 60.0 / tempo_qpm), 1, 2**15 - 1))
    midi = pretty_midi.PrettyMIDI(resolution=resolution, initial_tempo=tempo_qpm)
    offset_sec = _end_before_restruck(performance, part)
    velocity = compute_velocities(performance)
    for index in np.unique(part).tolist():
        name = part_names[index] if index < len(part_names) else ""
        program = programs[index] if programs and index in programs else choose_program(name)
        instrument = pretty_midi.Instrument(program, name=name.encode("latin-1", "replace").decode("latin-1"))
        for note in np.flatnonzero(part == index).tolist():
            instrument.notes.append(
                pretty_midi.Note(
                    int(velocity[note]),
                    int(performed.pitch[note]),
                    float(performed.onset_sec[note]),
                    float(offset_sec[note]),
                )
            )
        midi.instruments.append(instrument)
    with open_whole_file(path) as temporary:
        midi.write(str(temporary))


def choose_program(part_name: str) -> int:
    """Choose the General MIDI program, counted from 0, that the name of a part suggests."""
    name = part_name.casefold()
    return next((program for word, program in PROGRAMS.items() if word in name), PIANO)


def _end_before_restruck(performance: Performance, part: IntArray) -> FloatArray:
    """End each note where its part strikes the same pitch again, at the latest; return the ends [N] in seconds."""
    performed = performance.performed
    order = np.lexsort((performed.onset_sec, performed.pitch, part))
    key = np.stack([part[order], performed.pitch[order]])
    same = (np.diff(key) == 0).all(axis=0)
    ends = performed.offset_sec[order].copy()
    onset_sec = performed.onset_sec[order]
    ends[:-1] = np.where(same, np.minimum(ends[:-1], onset_sec[1:]), ends[:-1])
    clipped = np.empty_like(ends)
    clipped[order] = np.maximum(ends, onset_sec + MIN_NOTE_SEC)
    return clipped
