"""Vienna 4x22's match files: which played note belongs to which note of the score, and when its sound ends.

Lines of the format (version 1.0.0) that are read:

    info(midiClockUnits,480).   info(midiClockRate,500000).   ticks a quarter, microseconds a quarter
    snote(n1,[B,n],3,0:1,0,1/8,-0.5000,0.0000,[v1,staff1])-note(n0,59,0,1160,38,0,0).
        id, name, octave, bar:beat, offset, duration, onset and end in beats, attributes - id, pitch, onset tick,
        release tick, velocity, channel, track; `-deletion.` where the note was not played
    insertion-note(n5,47,1682,2153,16,0,0).   a note that is not in the score
    sustain(0,99).   tick, controller value

Beats are taken for quarters, which they are in x/4 time: all of Vienna 4x22 is.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dp.errors import DataError
from dp.units import FloatArray, IntArray

PEDAL_DOWN = 64  # controller values above it hold the dampers up
_STEP = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_INFO = re.compile(r"info\((midiClockUnits|midiClockRate),(\d+)\)")
_SCORE_NOTE = re.compile(
    r"snote\([^,]*,\[([A-G]),(n|#+|x|b+)\],(-?\d+),[^,]*,[^,]*,[^,]*,([-\d.]+),([-\d.]+),[^]]*\]\)"
)
_ALTER = {"n": 0, "x": 2}
_PLAYED_NOTE = re.compile(r"-note\([^,]*,(\d+),(\d+),(\d+),(\d+)")
_SUSTAIN = re.compile(r"sustain\((\d+),(\d+)\)")


@dataclass(frozen=True)
class MatchedNotes:
    """The notes of the score with the playing that belongs to them; N notes in the order of the file."""

    pitch: IntArray  # [N] as written
    onset_quarter: FloatArray  # [N] 0 = the first full bar
    duration_quarter: FloatArray  # [N] 0 = grace note
    onset_sec: FloatArray  # [N] nan = not played
    offset_sec: FloatArray  # [N] release of the key
    sound_end_sec: FloatArray  # [N] release of the pedal, where it was down at the key's; or the next stroke
    first_onset_sec: float  # of all that was played

    def __len__(self) -> int:
        return len(self.pitch)


def read_match_file(path: Path) -> MatchedNotes:
    """Read a performance of Vienna 4x22.

    Raises:
        DataError: the file cannot be read or is no match file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, f"cannot be read ({error})", "copy Vienna 4x22 again") from error
    info = {name: int(value) for name, value in _INFO.findall(text)}
    if len(info) < 2:
        raise DataError(path, "states no MIDI clock", "give a match file of version 1.0.0")
    sec_per_tick = info["midiClockRate"] / 1e6 / info["midiClockUnits"]
    written: list[tuple[float, ...]] = []
    played: list[tuple[float, ...]] = []
    of_written: list[int] = []  # index into `played`, or -1
    for line in text.splitlines():
        note = _PLAYED_NOTE.search(line)
        if note:
            played.append(tuple(float(value) for value in note.groups()[:3]))
        score_note = _SCORE_NOTE.match(line)
        if score_note:
            written.append(_written(*score_note.groups()))
            of_written.append(len(played) - 1 if note else -1)
        elif line.startswith("snote"):
            raise DataError(path, f"holds a line that is no score note: {line[:60]!r}", "copy Vienna 4x22 again")
    if not written or not played:
        raise DataError(path, "holds no notes", "give a match file of version 1.0.0")
    notes = np.array(played)
    pedal = np.array(_SUSTAIN.findall(text), dtype=np.float64).reshape(-1, 2)
    times_sec = np.column_stack([notes[:, 1:] * sec_per_tick, sound_ends(notes, pedal) * sec_per_tick])
    index = np.array(of_written)
    matched = np.where(index[:, None] >= 0, times_sec[index], np.nan)
    score = np.array(written)
    onset_sec, offset_sec, sound_end_sec = matched.T
    first_onset_sec = float(times_sec[:, 0].min())
    pitch = score[:, 0].astype(np.int64)
    return MatchedNotes(pitch, score[:, 1], score[:, 2], onset_sec, offset_sec, sound_end_sec, first_onset_sec)


def sound_ends(notes: FloatArray, pedal: FloatArray) -> FloatArray:
    """[N] when each note's sound ends, in the time unit of the input.

    That is the key's release or, while the pedal is down, its lifting or the next stroke of the same key.

    Args:
        notes: [N, 3] pitch, key stroke, key release.
        pedal: [K, 2] time and value of controller 64.
    """
    end = notes[:, 2].copy()
    down = pedal[:, 1] > PEDAL_DOWN
    last = np.searchsorted(pedal[:, 0], notes[:, 2], side="left") - 1
    for i in np.flatnonzero(last >= 0):
        if down[last[i]]:
            lifted = np.flatnonzero(~down[last[i] :])
            at_end = max(pedal[-1, 0], notes[:, 2].max())
            end[i] = max(end[i], pedal[last[i] + lifted[0], 0] if len(lifted) else at_end)
    order = np.argsort(notes[:, 1], kind="stable")
    following: dict[float, float] = {}
    for i in order[::-1]:
        pitch = float(notes[i, 0])
        end[i] = max(min(end[i], following.get(pitch, np.inf)), notes[i, 2])
        following[pitch] = notes[i, 1]
    return end


def _written(step: str, alter: str, octave: str, onset: str, end: str) -> tuple[float, float, float]:
    semitone = _ALTER.get(alter, alter.count("#") - alter.count("b"))
    pitch = 12 * (int(octave) + 1) + _STEP[step] + semitone
    return float(pitch), float(onset), float(end) - float(onset)
