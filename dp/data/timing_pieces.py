"""Whole performances for the training of the timing model: the score's events and notes, and how they were played."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.data.clips import Clip, compute_clip_span_sec
from dp.data.score_context import (
    Float32Array,
    ScoreContext,
    build_score_context,
    compute_local_duration_sec,
    make_steady_tempo_map,
)
from dp.errors import DataError
from dp.types import PerformedNotes, ScoreNotes
from dp.units import FloatArray, IntArray

MIN_STEP_SEC = 5e-3  # events closer than this, or in the wrong order, are taken to be so far apart
MAX_ARTICULATION = 2.0  # longest note against its written length that is believed
MIN_ARTICULATION = 0.1


@dataclass(frozen=True)
class Performance:
    """One aligned recording: its notes in the order played and when each of them sounds."""

    recording_id: str
    notes: ScoreNotes
    performed: PerformedNotes
    articulation_known: bool = True  # whether offsets, and onsets inside a chord, were measured one by one

    def __post_init__(self) -> None:
        if len(self.notes) != len(self.performed):
            counts = f"{len(self.performed)} performed notes for a score of {len(self.notes)}"
            raise DataError(self.recording_id, f"has {counts}", "align it again")


@dataclass(frozen=True)
class TimingPiece:
    """A performance of E events and N notes. The score is read at the performance's mean tempo."""

    recording_id: str
    performer: str
    performer_index: int
    movement: str
    tempo_qpm: float  # mean, from the first event to the last
    context: ScoreContext
    event_sec: FloatArray  # [E] when each event sounds, rising
    interval_trained: npt.NDArray[np.bool_]  # [E] may be learned: the interval from this event to the next
    spread_sec: Float32Array  # [N] by how much each note departs from its event
    log_articulation: Float32Array  # [N] its length against what the tempo around it makes of the written
    articulation_known: bool  # whether spread and articulation were measured
    places: IntArray  # [E] digest of what is written around each event
    note_trained: npt.NDArray[np.bool_]  # [N] spread and articulation may be learned

    @property
    def log_stretch(self) -> FloatArray:
        """The natural log [E - 1] of each interval against its nominal length."""
        return np.asarray(np.log(np.diff(self.event_sec) / self.context.interval_sec[:-1]))


def build_timing_piece(
    performance: Performance,
    clips: Sequence[Clip],
    performer_index: int,
    movement: str,
    places: IntArray,
    rate_hz: float,
) -> TimingPiece:
    """Build what the timing model learns from one performance.

    Args:
        performance: of at least two events.
        clips: all of its clips; what lies in none, or in one that is held out, is not learned from.
        performer_index: 0 = unknown.
        movement: of the performance; see `dp.data.movements`.
        places: [E] digests of what is written around each event; see `dp.data.movements`.
        rate_hz: frames per second.

    Raises:
        DataError: the performance has but one event, so no tempo.
    """
    # Events [E] of the score and when they sound.
    notes, performed = performance.notes, performance.performed
    quarter, event = np.unique(np.round(notes.onset_quarter, 6), return_inverse=True)
    event_sec = _compute_event_times_sec(event, notes.is_grace, performed.onset_sec)
    if len(quarter) < 2:
        raise DataError(
            performance.recording_id, "has notes at one place of the score only, so no tempo", "leave it out"
        )
    # The score at the performance's mean tempo, and the written length of each note [N] at the local tempo.
    tempo_map = make_steady_tempo_map(quarter, event_sec)
    context = build_score_context(notes, tempo_map)
    border_sec = np.append(event_sec, event_sec[-1] + context.interval_sec[-1])
    written_sec = np.maximum(compute_local_duration_sec(context, border_sec), MIN_STEP_SEC)
    length_sec = performed.offset_sec - performed.onset_sec
    # Articulation [N], and what may be learned from.
    ratio = np.clip(length_sec / written_sec, MIN_ARTICULATION, MAX_ARTICULATION)
    learned = _find_learned_events(event_sec, clips, rate_hz)
    return TimingPiece(
        recording_id=performance.recording_id,
        performer=clips[0].performer,
        performer_index=performer_index,
        movement=movement,
        tempo_qpm=tempo_map.outer_tempo_qpm[0],
        context=context,
        event_sec=event_sec,
        interval_trained=learned & np.append(np.ones(len(quarter) - 1, dtype=bool), False),
        spread_sec=(performed.onset_sec - event_sec[event]).astype(np.float32),
        log_articulation=np.log(ratio).astype(np.float32),
        articulation_known=performance.articulation_known,
        places=places,
        note_trained=learned[event] & ~notes.is_grace & performance.articulation_known,
    )


def _compute_event_times_sec(event: IntArray, is_grace: npt.NDArray[np.bool_], onset_sec: FloatArray) -> FloatArray:
    """Return the mean onset [E] of each event's notes, rising; grace notes count only where there are no others."""
    weight = np.where(is_grace, 1e-9, 1.0)
    mean_sec = np.bincount(event, weight * onset_sec) / np.bincount(event, weight)
    steps = MIN_STEP_SEC * np.arange(len(mean_sec))
    return np.asarray(np.maximum.accumulate(mean_sec - steps) + steps)


def _find_learned_events(event_sec: FloatArray, clips: Sequence[Clip], rate_hz: float) -> npt.NDArray[np.bool_]:
    """Return which events [E] lie in clips that are for training."""
    learned = np.zeros(len(event_sec), dtype=bool)
    for clip in clips:
        if clip.is_for_training:
            start_sec, end_sec = compute_clip_span_sec(clip, rate_hz)
            learned |= (event_sec >= start_sec) & (event_sec < end_sec)
    return learned
