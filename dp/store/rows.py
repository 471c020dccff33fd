"""The rows of the feature store's datasets pass through the library as these dataclasses."""

from dataclasses import dataclass

import numpy as np

from dp.types import PerformedNotes, Recording


@dataclass(frozen=True)
class StoredRecording:
    """A recording that ingest took in."""

    recording: Recording  # paths absolute, end_sec set
    audio_sha256: str
    score_sha256: str


@dataclass(frozen=True)
class AlignmentRow:
    """What alignment said about one recording; the columns of ALIGNMENT_REPORT."""

    recording_id: str
    accepted: bool
    reason: str  # why not; empty where accepted
    note_count: int
    score_fit: float
    mean_confidence: float
    tuning_cent: float
    audio_sec: float
    structure: str  # which repeats are played otherwise than written; empty where none is
    doubts: str  # bars, by their numbers as played, that are not heard or played otherwise; empty where none is


@dataclass(frozen=True)
class StoredPerformance:
    """When the notes of one recording sound, in the order played; M notes."""

    note_id: np.ndarray  # [M] which note of the score each of them is
    onset_quarter: np.ndarray  # [M] as written, counting on through repeats as they were played
    performed: PerformedNotes


@dataclass(frozen=True)
class PublishedPerformance:
    """A performance whose alignment its corpus publishes; of its audio the store knows nothing."""

    recording_id: str
    piece_id: str
    performer: str
    instrument: str
    licence: str
    played: StoredPerformance


@dataclass(frozen=True)
class ClipRow:
    """One clip of an accepted recording; the columns of CLIPS."""

    clip_id: str
    recording_id: str
    piece_id: str
    performer: str
    clip_index: int
    start_frame: int  # from the start of the recording's slice
    end_frame: int  # one past the last; mostly 312 or 313 frames, the last clip of a recording may be shorter
    valid_by_clip: bool  # held out in the publication's `clip` split
    valid_by_recording: bool  # held out in the `recording` split


@dataclass(frozen=True)
class StageRow:
    """What one stage did for one recording; the columns of STAGE_REPORT."""

    recording_id: str
    outcome: str  # one of dp.schema.OUTCOMES
    reason: str
