"""What a voice is told of its note: features of the note among its neighbours, and points in time along it.

A voice is a row of points at which its pitch, its partials and its noise are stated; between them they move linearly.
The points stand at fixed times from the note's onset, close together at first, so that an attack is as sharp as it is.
N notes by onset, P points, F features of a note, K of a point.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dp.types import PerformedNotes
from dp.units import FloatArray, IntArray

Float32Array = npt.NDArray[np.float32]

LEAD_SEC = 0.024  # before its onset a voice may begin to sound: a bow is heard before the pitch speaks
_ATTACK_SEC = (-0.012, -0.006, -0.003, 0, 0.002, 0.004, 0.006, 0.009, 0.012, 0.016, 0.02, 0.025, 0.03, 0.036, 0.043)
_STEPS_SEC = {"bowed": ((0.05, 0.01),), "struck": ((0.05, 0.01), (0.25, 0.02), (0.6, 0.04))}  # from when, how far apart
TAIL_SEC = {"bowed": 0.16, "struck": 0.6}  # after its end, for what rings on
_SCALES_SEC = (0.004, 0.012, 0.035, 0.1, 0.3, 1.0, 3.0)  # at which the time since onset and until the end are told
_NEIGHBOURS = 8  # to either side, that features look at
_TOGETHER_SEC = 0.04  # onsets of one chord lie this close together
_REGISTER = np.arange(24, 106, 4.0)  # centres of soft registers, MIDI pitches
OPEN_STRINGS = (55, 62, 69, 76)  # of the violin; they sound without a finger
NOTE_FEATURE_COUNT = 4 + len(_REGISTER) + len(OPEN_STRINGS) + 13
TIME_FEATURE_COUNT = 2 * len(_SCALES_SEC) + 2


@dataclass(frozen=True)
class Points:
    """The points of N notes, one note after another."""

    first: IntArray  # [N + 1] where each note's points begin, and where the last one's end
    time_sec: FloatArray  # [P] from the start of the piece

    def count_by_note(self) -> IntArray:
        """How many points each note has, [N]."""
        return np.diff(self.first)


def choose_points(notes: PerformedNotes, kind: str) -> Points:
    """Choose the points of notes: from LEAD_SEC before the onset to the tail's end after the offset.

    Args:
        notes: N, by onset.
        kind: "bowed" or "struck"; what is struck only decays, so its points grow apart.
    """
    longest_sec = float((notes.offset_sec - notes.onset_sec).max(initial=0.0)) + TAIL_SEC[kind]
    grid = [np.array([-LEAD_SEC, *_ATTACK_SEC])]
    steps = (*_STEPS_SEC[kind], (longest_sec + 1.0, 1.0))
    for (begin_sec, step_sec), (end_sec, _) in itertools.pairwise(steps):
        grid.append(np.arange(begin_sec, end_sec - step_sec / 2, step_sec))
    offsets = np.concatenate(grid)
    last_sec = notes.offset_sec - notes.onset_sec + TAIL_SEC[kind]
    count = np.searchsorted(offsets, last_sec - 0.002)  # the last point stands at the tail's end itself
    first = np.concatenate([[0], np.cumsum(count + 1)]).astype(np.int64)
    place = np.arange(first[-1]) - np.repeat(first[:-1], count + 1)
    times = offsets[np.minimum(place, len(offsets) - 1)]
    times[first[1:] - 1] = last_sec
    return Points(first, times + np.repeat(notes.onset_sec, count + 1))


def make_time_features(since_onset_sec: Tensor, until_end_sec: Tensor) -> Tensor:
    """Make the features [P, K] of points: where in its note each stands, at several scales."""
    columns = [torch.tanh(since_onset_sec / scale) for scale in _SCALES_SEC]
    columns += [torch.tanh(until_end_sec / scale) for scale in _SCALES_SEC]
    duration_sec = since_onset_sec + until_end_sec
    columns += [(since_onset_sec / duration_sec).clamp(-0.2, 1.5), torch.exp(-0.5 * (since_onset_sec / 0.008) ** 2)]
    return torch.stack(columns, dim=1)


def make_note_features(notes: PerformedNotes) -> Float32Array:
    """Make the features [N, F] of notes: pitch, length, what comes before and after and sounds at the same time."""
    pitch, onset, offset = notes.pitch.astype(np.float64), notes.onset_sec, notes.offset_sec
    duration = np.maximum(offset - onset, 0.02)
    columns = [(pitch - 64) / 12, ((pitch - 64) / 12) ** 2, np.log(duration + 0.02), notes.velocity / 127.0]
    columns += [np.exp(-0.5 * ((pitch - centre) / 3.0) ** 2) for centre in _REGISTER]
    columns += [(pitch == string).astype(np.float64) for string in OPEN_STRINGS]
    before, after = _find_neighbours(pitch, onset, -1), _find_neighbours(pitch, onset, 1)
    for found, sign in ((before, 1.0), (after, -1.0)):
        there = found >= 0
        other = np.where(there, found, 0)
        interval = np.where(there, np.clip(pitch - pitch[other], -12, 12), 0.0)
        between = np.where(there, np.abs(onset - onset[other]), 3.0)
        # A gap is silence between two notes, or, where negative, how long they sound together.
        end, begin = (offset[other], onset) if sign > 0 else (offset, onset[other])
        gap = np.where(there, np.clip(begin - end, -0.3, 0.5), 0.5)
        columns += [interval / 6, np.abs(interval) / 6, np.log(np.clip(between, 0.03, 3.0)), 4 * gap]
        columns += [(there & (interval == 0)).astype(np.float64)]
    columns += _describe_chords(pitch, onset, offset, duration)
    return np.stack(columns, axis=1).astype(np.float32)


def _find_neighbours(pitch: FloatArray, onset: FloatArray, side: int) -> IntArray:
    """Find for each note the nearest in pitch of those that begin last before it, or first after it; -1 = none."""
    count = len(pitch)
    found, best_time, best_step = np.full(count, -1), np.full(count, np.inf), np.full(count, np.inf)
    for distance in range(1, _NEIGHBOURS + 1):
        other = np.arange(count) + side * distance
        inside = (other >= 0) & (other < count)
        other = np.clip(other, 0, max(count - 1, 0))
        time, step = np.abs(onset - onset[other]), np.abs(pitch - pitch[other])
        together = np.abs(time - best_time) <= _TOGETHER_SEC
        better = (time > _TOGETHER_SEC) & inside & ((found < 0) | (together & (step < best_step)))
        found = np.where(better, other, found)
        best_time, best_step = np.where(better, time, best_time), np.where(better, step, best_step)
    return found


def _describe_chords(
    pitch: FloatArray, onset: FloatArray, offset: FloatArray, duration: FloatArray
) -> list[FloatArray]:
    """Say of each note how large its chord is, whether it is its top or bottom alone, and how much sounds beside it."""
    count = len(pitch)
    size, beside = np.zeros(count), np.zeros(count)
    lower, higher = np.zeros(count), np.zeros(count)
    for distance in (*range(-_NEIGHBOURS, 0), *range(1, _NEIGHBOURS + 1)):
        other = np.arange(count) + distance
        inside = (other >= 0) & (other < count)
        other = np.clip(other, 0, max(count - 1, 0))
        together = inside & (np.abs(onset - onset[other]) <= _TOGETHER_SEC)
        size += together
        lower = np.maximum(lower, together & (pitch[other] < pitch))
        higher = np.maximum(higher, together & (pitch[other] > pitch))
        beside += np.where(
            inside, np.maximum(np.minimum(offset, offset[other]) - np.maximum(onset, onset[other]), 0), 0
        )
    return [np.minimum(size, 6) / 2 + lower - higher * 0.5, np.minimum(beside / duration, 6) / 2, lower - higher]


def compute_stiffness(pitch: IntArray | FloatArray) -> FloatArray:
    """Compute the inharmonicity B of a piano's string, f_n = n f_1 sqrt(1 + B n^2), by pitch.

    Bass and treble bridge as Rigaud, David and Daudet (2013) parametrise it; the treble with their mean values, the
    bass as partials of the packaged piano's training recordings lie (keys 36 to 69, within a factor of 1.5).
    """
    pitch = np.asarray(pitch, dtype=np.float64)
    return np.asarray(np.exp(-0.0847 * pitch - 7.3) + np.exp(0.0926 * pitch - 13.64))
