"""When each note of a whole score sounds: the timing model predicts it, or it is played as written."""

import numpy as np
import numpy.typing as npt
import torch

from dp.data.batches import make_timing_inputs
from dp.data.clips import compute_nominal_times_sec, find_notes_between, select_written_notes
from dp.data.piece_batches import make_piece_inputs
from dp.data.score_context import build_score_context, compute_played_times_sec
from dp.data.tempo_map import TempoMap, build_written_tempo_map
from dp.models.checkpoint import Checkpoint
from dp.models.frame_timing import FrameTiming
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingModel
from dp.types import PerformedNotes, Score, ScoreNotes
from dp.units import CLIP_SEC, FloatArray, frame_to_sec

TIMING_HOP_SEC = CLIP_SEC / 2  # each note is predicted in two windows, which fade into one another


@torch.no_grad()
def perform(
    score: Score,
    timing: Checkpoint[TimingModel],
    performer: str | None,
    tempo_qpm: float | None,
    expression: float = 1.0,
) -> PerformedNotes:
    """Predict when each note of a score sounds.

    Our model plays the piece as a whole. The publication's predicts how far each note departs from its nominal time in
    windows of a clip's length; each note takes the mean of its two windows' departures, weighted by how far inside
    each window it starts. Notes never sound before notes that stand before them in the score, and last at least one
    frame.

    Args:
        score: with notes.
        timing: a model of either design.
        performer: as whom it plays; None = no performer in particular.
        tempo_qpm: of the beginning; None takes the score's.
        expression: factor of what departs from the score; 0 plays exactly as written, 1 as the model says.
    """
    rate_hz = timing.mel.frame_rate_hz
    tempo_map = build_written_tempo_map(score, tempo_qpm)
    network, index = timing.model.network, timing.find_performer_index(performer)
    if isinstance(network, ScoreTiming):
        context = build_score_context(score.notes, tempo_map)
        said = [values[0].numpy() for values in network(**make_piece_inputs(context, index))]
        onset_sec, duration_sec = compute_played_times_sec(context, said[0], said[1], said[2], expression)
    else:
        onset_sec, duration_sec = compute_nominal_times_sec(score.notes, tempo_map)
        departure_sec = expression * frame_to_sec(
            _predict_departures_frame(score, network, index, tempo_map, rate_hz), rate_hz
        )
        onset_sec, duration_sec = onset_sec + departure_sec[0], duration_sec + departure_sec[1]
    return _make_performed(score.notes, onset_sec, duration_sec, rate_hz)


def play_as_written(score: Score, tempo_qpm: float | None, rate_hz: float) -> PerformedNotes:
    """Play a score exactly as its notes and tempo marks say, without a model.

    Args:
        score: with notes.
        tempo_qpm: of the beginning; None takes the score's.
        rate_hz: frames per second; a note lasts a frame at least.
    """
    nominal_sec = compute_nominal_times_sec(score.notes, build_written_tempo_map(score, tempo_qpm))
    return _make_performed(score.notes, *nominal_sec, rate_hz)


def _make_performed(
    notes: ScoreNotes, onset_sec: FloatArray, duration_sec: FloatArray, rate_hz: float
) -> PerformedNotes:
    """Bring onsets and durations [N] into order, from time 0 on."""
    onset_sec = _delay_into_order(notes, onset_sec)
    onset_sec = onset_sec - min(float(onset_sec.min()), 0.0)
    return PerformedNotes(
        pitch=notes.pitch,
        velocity=notes.velocity,
        onset_sec=onset_sec,
        offset_sec=onset_sec + np.maximum(duration_sec, 1.0 / rate_hz),
        confidence=np.ones(len(notes)),
    )


def _predict_departures_frame(
    score: Score, network: FrameTiming, performer_index: int, tempo_map: TempoMap, rate_hz: float
) -> npt.NDArray[np.float64]:
    """Predict how many frames each note's onset and duration depart from nominal; [2, N]."""
    notes = score.notes
    onset_sec, duration_sec = compute_nominal_times_sec(notes, tempo_map)
    total, weights = np.zeros((2, len(notes))), np.zeros(len(notes))
    start_sec = float(onset_sec.min()) - TIMING_HOP_SEC
    while start_sec < float(onset_sec.max()):
        end_sec = start_sec + CLIP_SEC
        inside = find_notes_between(onset_sec, onset_sec + duration_sec, start_sec, end_sec)
        # Triangular, so that the weights of a note's two windows add up to one, and zero where it is carried over.
        weight = np.maximum(1.0 - np.abs(onset_sec[inside] - (start_sec + end_sec) / 2) / TIMING_HOP_SEC, 0.0)
        if weight.any():
            written = select_written_notes(notes, inside, tempo_map, start_sec, end_sec, rate_hz)
            onset_frame, duration_frame = (
                frames[0].numpy() for frames in network(**make_timing_inputs([written], [performer_index]))
            )
            total[0, inside] += weight * (onset_frame - written.nominal_onset_frame)
            total[1, inside] += weight * (duration_frame - written.nominal_duration_frame)
            weights[inside] += weight
        start_sec += TIMING_HOP_SEC
    return total / weights


def _delay_into_order(notes: ScoreNotes, onset_sec: FloatArray) -> FloatArray:
    """Delay onsets [N] where needed, so that none comes before that of an earlier note; grace notes come first."""
    order = np.lexsort((~notes.is_grace, notes.onset_quarter))
    position = np.stack([notes.onset_quarter[order], ~notes.is_grace[order]])
    starts = np.concatenate([[True], (np.diff(position) != 0).any(axis=0)])
    group = np.cumsum(starts) - 1
    latest = np.full(group[-1] + 1, -np.inf)
    np.maximum.at(latest, group, onset_sec[order])
    # The notes of a chord may be spread, but each waits for the last note of the chord before.
    before = np.concatenate([[-np.inf], np.maximum.accumulate(latest)[:-1]])
    ordered = np.empty_like(onset_sec)
    ordered[order] = np.maximum(onset_sec[order], before[group])
    return ordered
