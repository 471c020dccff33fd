"""Selects the notes of one clip, for the timing model and for the synthesis model, in training and in rendering.

A note belongs to every clip in which it sounds. Where it began before the clip, its onset is negative, so that its
relative position stays true.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.data.tempo_map import TempoMap
from dp.types import FULL_PEAK, UNKNOWN, PerformedNotes, ScoreNotes
from dp.units import IntArray, frame_to_sec, quarter_to_tick, sec_to_frame, sec_to_frame_fraction

GRACE_SEC = 0.08  # a grace note's nominal length, taken from before the note it adorns: the score gives it none
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """A stretch of one recording: frames start_frame to end_frame from the start of its slice."""

    clip_id: str
    recording_id: str
    instrument: str
    performer: str
    start_frame: int
    end_frame: int
    valid_by_clip: bool = False  # held out in the `clip` split
    valid_by_recording: bool = False  # held out in the `recording` split
    peak: float = FULL_PEAK  # largest sample, the recording being at full level
    licence: str = UNKNOWN  # of the recording

    @property
    def log_gain(self) -> float:
        """The offset of the log-mel that brings the clip itself to full level; 0 for silence."""
        return math.log(FULL_PEAK / self.peak) if self.peak > 0 else 0.0

    @property
    def is_for_training(self) -> bool:
        """Whether neither split holds the clip out. So one training serves the evaluation of both."""
        return not (self.valid_by_clip or self.valid_by_recording)


@dataclass(frozen=True)
class TunedNotes:
    """The notes of a recording, and how it is tuned."""

    performed: PerformedNotes
    tuning_cent: float  # against A = 440 Hz


@dataclass(frozen=True)
class WrittenNotes:
    """N notes of a clip as written: what the timing model reads."""

    note_id: IntArray  # [N] index in the score
    pitch: IntArray  # [N]
    velocity: IntArray  # [N] 0 = unknown
    onset_tick: IntArray  # [N] from the clip's start
    duration_tick: IntArray  # [N]
    nominal_onset_frame: Float32Array  # [N] from the clip's start, at the tempo of the score or of the performance
    nominal_duration_frame: Float32Array  # [N]
    tempo_qpm: float  # mean tempo of the clip at that tempo


@dataclass(frozen=True)
class SoundingNotes:
    """N notes of a clip as performed: what the synthesis model reads."""

    pitch: IntArray  # [N]
    velocity: IntArray  # [N] 0 = unknown
    onset_frame: IntArray  # [N] from the clip's start
    duration_frame: IntArray  # [N] >= 1
    tempo_qpm: float  # mean tempo of the clip; NaN = unknown


def compute_nominal_times_sec(
    notes: ScoreNotes, tempo_map: TempoMap
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Compute onset and duration [N] of a score's notes played exactly by `tempo_map`; grace notes come before."""
    onset_sec = tempo_map.find_sec(notes.onset_quarter)
    duration_sec = tempo_map.find_sec(notes.onset_quarter + notes.duration_quarter) - onset_sec
    grace = notes.is_grace
    return np.where(grace, onset_sec - GRACE_SEC, onset_sec), np.where(grace, GRACE_SEC, duration_sec)


def select_written_notes(
    notes: ScoreNotes, note_id: IntArray, tempo_map: TempoMap, start_sec: float, end_sec: float, frame_rate_hz: float
) -> WrittenNotes:
    """Return what the timing model reads of the notes `note_id` in the clip between two times of `tempo_map`."""
    chosen = notes.take(note_id)
    onset_sec, duration_sec = compute_nominal_times_sec(chosen, tempo_map)
    start_quarter = tempo_map.find_quarter(start_sec)
    return WrittenNotes(
        note_id=note_id,
        pitch=chosen.pitch,
        velocity=chosen.velocity,
        onset_tick=quarter_to_tick(chosen.onset_quarter - start_quarter),
        duration_tick=quarter_to_tick(chosen.duration_quarter),
        nominal_onset_frame=sec_to_frame_fraction(onset_sec - start_sec, frame_rate_hz).astype(np.float32),
        nominal_duration_frame=sec_to_frame_fraction(duration_sec, frame_rate_hz).astype(np.float32),
        tempo_qpm=tempo_map.compute_mean_tempo_qpm(start_sec, end_sec),
    )


def make_constant_tempo_map(start_sec: float, start_quarter: float, tempo_qpm: float) -> TempoMap:
    """Make the map of a constant tempo that reaches `start_quarter` at `start_sec`."""
    position = np.array([start_quarter, start_quarter + tempo_qpm / 60.0])
    return TempoMap(np.array([start_sec, start_sec + 1.0]), position, (tempo_qpm, tempo_qpm))


def select_sounding_notes(
    performed: PerformedNotes,
    start_frame: int,
    end_frame: int,
    tempo_qpm: float,
    frame_rate_hz: float,
    margin_frame: int = 0,
) -> SoundingNotes:
    """Select the notes that sound in frames start_frame to end_frame, or at most `margin_frame` outside them.

    Every note lasts at least one frame.
    """
    onset = sec_to_frame(performed.onset_sec, frame_rate_hz)
    duration = np.maximum(sec_to_frame(performed.offset_sec, frame_rate_hz) - onset, 1)
    inside = (onset < end_frame + margin_frame) & (onset + duration > start_frame - margin_frame)
    return SoundingNotes(
        pitch=performed.pitch[inside],
        velocity=performed.velocity[inside],
        onset_frame=onset[inside] - start_frame,
        duration_frame=duration[inside],
        tempo_qpm=tempo_qpm,
    )


def find_notes_between(
    onset_sec: npt.ArrayLike, offset_sec: npt.ArrayLike, start_sec: float, end_sec: float
) -> IntArray:
    """Return the indices of the notes that sound between two times."""
    return np.flatnonzero((np.asarray(onset_sec) < end_sec) & (np.asarray(offset_sec) > start_sec))


def compute_clip_span_sec(clip: Clip, frame_rate_hz: float) -> tuple[float, float]:
    """Return start and end of a clip, in seconds from the start of its slice."""
    start_sec, end_sec = frame_to_sec([clip.start_frame, clip.end_frame], frame_rate_hz).tolist()
    return start_sec, end_sec
