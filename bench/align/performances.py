"""Performances by humans whose every note time is known, as MIDI and as truth about a score.

- piano: Vienna 4x22 (https://github.com/CPJKU/vienna4x22): MIDI of a computer-monitored grand piano and match files;
- Bach: the published note times of the Bach Violin Dataset, moved within their 32 ms grid.
"""

import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.align.match_file import MatchedNotes, read_match_file
from dp.corpora.bach_violin import read_movement_alignment, read_movement_notes
from dp.corpora.table import read_table
from dp.errors import DataError
from dp.score import read_score
from dp.types import ScoreNotes
from dp.units import FloatArray, IntArray, tick_to_quarter

COLUMNS = ("pitch", "onset_quarter", "duration_quarter", "onset_s", "offset_s", "offset_sound_s", "matched")
_HALF_GRID_SEC = 0.016  # of the published alignments
_LEAST_STEP_SEC, _LEAST_NOTE_SEC, _LEAST_SOUND_SEC, _REPEAT_GAP_SEC = 0.040, 0.06, 0.03, 0.005
_SAME_QUARTER = 0.01  # match files round to 0.0001


@dataclass(frozen=True)
class Truth:
    """When each note of a score sounds; N notes."""

    pitch: IntArray  # [N]
    onset_quarter: FloatArray  # [N]
    duration_quarter: FloatArray  # [N]
    onset_sec: FloatArray  # [N] nan = not played
    offset_sec: FloatArray  # [N] the key's release
    sound_end_sec: FloatArray  # [N] the pedal's release, where that is later
    played: np.ndarray  # [N] bool

    def __len__(self) -> int:
        return len(self.pitch)


def write_truth(path: Path, truth: Truth) -> None:
    """As CSV."""
    times = (truth.onset_sec, truth.offset_sec, truth.sound_end_sec)
    table = np.column_stack([truth.pitch, truth.onset_quarter, truth.duration_quarter, *times, truth.played])
    np.savetxt(path, table, ["%d", *["%.6f"] * 5, "%d"], ",", header=",".join(COLUMNS), comments="")


def read_truth(path: Path) -> Truth:
    """What write_truth wrote."""
    table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    onset_quarter, duration_quarter, onset_sec, offset_sec, sound_end_sec = table[:, 1:6].T
    pitch, played = table[:, 0].astype(np.int64), table[:, 6] > 0
    return Truth(pitch, onset_quarter, duration_quarter, onset_sec, offset_sec, sound_end_sec, played)


def piano_truth(score: ScoreNotes, matched: MatchedNotes) -> Truth:
    """The played times of every note of the score, found by pitch, onset and duration."""
    shift_quarter = matched.onset_quarter.min() - score.onset_quarter.min()
    free = np.ones(len(matched), dtype=bool)
    times = np.full((len(score), 3), np.nan)
    for i in range(len(score)):
        same = free & (matched.pitch == score.pitch[i])
        same &= np.abs(matched.onset_quarter - score.onset_quarter[i] - shift_quarter) < _SAME_QUARTER
        same &= np.abs(matched.duration_quarter - score.duration_quarter[i]) < _SAME_QUARTER
        for found in np.flatnonzero(same)[:1]:
            free[found] = False
            times[i] = matched.onset_sec[found], matched.offset_sec[found], matched.sound_end_sec[found]
    onset_sec, offset_sec, sound_end_sec = times.T
    onset_quarter, played = score.onset_quarter + shift_quarter, np.isfinite(onset_sec)
    return Truth(score.pitch, onset_quarter, score.duration_quarter, onset_sec, offset_sec, sound_end_sec, played)


def piano_performance(vienna: Path, piece: str, pianist: int, program: int, lead_sec: float) -> tuple[Any, Truth]:
    """A performance of Vienna 4x22 as MIDI, `lead_sec` later than recorded, and its truth.

    Raises:
        DataError: the data set is not there.
    """
    import pretty_midi

    name = f"{piece}_p{pianist:02d}"
    try:
        recorded = pretty_midi.PrettyMIDI(str(vienna / "midi" / f"{name}.mid"))
    except OSError as error:
        raise DataError(vienna, f"holds no midi/{name}.mid ({error})", "give the folder of Vienna 4x22") from error
    matched = read_match_file(vienna / "match" / f"{name}.match")
    truth = piano_truth(read_score(vienna / "musicxml" / f"{piece}.musicxml").notes, matched)
    first_sec = min(note.start for part in recorded.instruments for note in part.notes)
    shift_sec = first_sec - matched.first_onset_sec + lead_sec
    midi = pretty_midi.PrettyMIDI(resolution=4800, initial_tempo=120.0)
    for part in recorded.instruments:
        late = pretty_midi.Instrument(program)
        late.notes = [pretty_midi.Note(n.velocity, n.pitch, n.start + lead_sec, n.end + lead_sec) for n in part.notes]
        late.control_changes = [
            pretty_midi.ControlChange(c.number, c.value, c.time + lead_sec) for c in part.control_changes
        ]
        midi.instruments.append(late)
    moved = {field: getattr(truth, field) + shift_sec for field in ("onset_sec", "offset_sec", "sound_end_sec")}
    return midi, replace(truth, **moved)


def bach_performance(
    root: Path, movement: str, program: int, cents: int, octaves: int, rng: np.random.Generator
) -> tuple[Any, Truth]:
    """A movement at its published times as MIDI, and its truth.

    Raises:
        DataError: the data set is not there, or has no times for this movement.
    """
    import pretty_midi

    notes, times = read_movement_notes(root, movement), read_movement_alignment(root, movement)
    if times is None:
        raise DataError(movement, "has no published times", "name another movement")
    lead_sec = rng.uniform(0.4, 2.0)
    event = np.unique(notes.onset_tick, return_inverse=True)[1]
    count = int(event.max()) + 1
    start = np.array([times.onset_sec[event == e].min() for e in range(count)])
    start += rng.uniform(-_HALF_GRID_SEC, _HALF_GRID_SEC, count)
    for e in range(1, count):  # the published path has steps of length zero
        start[e] = max(start[e], start[e - 1] + _LEAST_STEP_SEC)
    shift_sec = lead_sec - start[0]
    onset = start[event] + shift_sec
    offset = times.offset_sec + shift_sec + rng.uniform(-_HALF_GRID_SEC, _HALF_GRID_SEC, len(onset))
    pitch = notes.pitch + 12 * octaves
    offset = _stopped_before_repeats(pitch, onset, np.maximum(offset, onset + _LEAST_NOTE_SEC))
    velocity = rng.integers(55, 95, count)[event]
    instrument = pretty_midi.Instrument(program)
    instrument.notes = [
        pretty_midi.Note(int(velocity[i]), int(pitch[i]), onset[i], max(offset[i], onset[i] + _LEAST_SOUND_SEC))
        for i in range(len(onset))
    ]
    if cents:
        instrument.pitch_bends = [pretty_midi.PitchBend(round(cents / 200 * 8192), 0.0)]
    midi = pretty_midi.PrettyMIDI(resolution=4800, initial_tempo=120.0)
    midi.instruments.append(instrument)
    onset_quarter = tick_to_quarter(notes.onset_tick)
    duration_quarter = tick_to_quarter(notes.offset_tick - notes.onset_tick)
    played = np.ones(len(pitch), dtype=bool)
    return midi, Truth(pitch, onset_quarter, duration_quarter, onset, offset, offset, played)


def bach_score(root: Path, movement: str) -> Path:
    """The movement's MusicXML.

    Raises:
        DataError: the data set or the movement is not there.
    """
    for row in read_table(root / "info.csv", ("filename", "work", "score_filename")):
        if row.cells["filename"] == movement:
            return root / "scores" / row.text("work").lower() / f"{row.text('score_filename')}.mxl"
    raise DataError(movement, f"is not in {root / 'info.csv'}", "name another movement")


def transposed_score(mxl: Path, octaves: int) -> bytes:
    """A compressed score as plain MusicXML, all pitches some octaves higher."""
    with zipfile.ZipFile(mxl) as archive:
        names = [n for n in archive.namelist() if n.endswith(("xml", "musicxml")) and not n.startswith("META-INF")]
        text = archive.read(names[0]).decode("utf-8")
    return re.sub(r"<octave>(-?\d+)</octave>", lambda m: f"<octave>{int(m[1]) + octaves}</octave>", text).encode()


def _stopped_before_repeats(pitch: IntArray, onset: FloatArray, offset: FloatArray) -> FloatArray:
    """Ends [N] moved before the next stroke of the same pitch."""
    end = offset.copy()
    last: dict[int, int] = {}
    for i in np.argsort(onset, kind="stable"):
        before = last.get(int(pitch[i]))
        if before is not None and onset[before] < onset[i]:
            end[before] = min(end[before], onset[i] - _REPEAT_GAP_SEC)
        last[int(pitch[i])] = int(i)
    return end
