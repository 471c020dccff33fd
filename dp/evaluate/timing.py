"""Measures timing models on held-out clips, beside constant tempo and other performers of the same movement.

All get the true first onset and mean tempo. The `clip` split holds out clips whose recording was otherwise learned
from; `recording` holds out whole recordings, and `movement` those among them of movements of which nothing was learned.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np

from dp.data.arrays import Arrays, TimingClip
from dp.data.score_context import compute_local_duration_sec
from dp.data.timing_pieces import TimingPiece
from dp.evaluate.clip_metrics import ClipMetrics
from dp.evaluate.timing_playing import (
    Times,
    compute_onset_errors_frame,
    extract_clip_frame,
    find_starting_notes,
    play_clip_frame,
    play_piece_sec,
)
from dp.models.checkpoint import Checkpoint
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingModel
from dp.units import FloatArray

CONSTANT_TEMPO = "constant-tempo"
OTHER_PERFORMERS = "other-performers"
MIN_COVERED = 0.9  # of a clip's intervals that others must play, too, for their mean to be judged

Summary = dict[str, float]


def measure_timing_models(
    checkpoints: Mapping[str, Checkpoint[TimingModel]], arrays: Arrays[TimingClip]
) -> list[ClipMetrics]:
    """Measure the errors of onsets, durations and the intervals between events, in frames squared.

    Args:
        checkpoints: by the name that the results call them.
        arrays: clips of both splits, with the performances that they are cut from.
    """
    return _measure(arrays, _Players(checkpoints, arrays.mel.frame_rate_hz).play)


def measure_timing_baselines(arrays: Arrays[TimingClip]) -> list[ClipMetrics]:
    """Measure constant tempo, and the mean of how other performers play the same places, where they do."""
    return _measure(arrays, _TimingBaselines(arrays).play)


def _measure(
    arrays: Arrays[TimingClip], play: Callable[[TimingClip, np.ndarray], Mapping[str, Times]]
) -> list[ClipMetrics]:
    """Return metrics of the held-out clips in which at least two events start."""
    unheard, rows = find_unheard_movements(arrays), []
    for clip in arrays.clips:
        splits = _list_splits(clip, unheard)
        chosen = find_starting_notes(clip)
        events = np.unique(clip.piece.context.event_of_note[clip.written.note_id[chosen]])
        if splits and len(events) > 1:
            values = {system: _measure_errors(clip, *times, chosen) for system, times in play(clip, events).items()}
            rows.append(ClipMetrics(clip.clip.clip_id, clip.clip.instrument, splits, values))
    return rows


def find_unheard_movements(arrays: Arrays[TimingClip]) -> frozenset[str]:
    """Return the movements of which no clip is for training."""
    heard = {item.piece.movement for item in arrays.clips if item.clip.is_for_training}
    return frozenset(item.piece.movement for item in arrays.clips) - heard


def _list_splits(clip: TimingClip, unheard: Collection[str]) -> tuple[str, ...]:
    """Return the splits in which a clip is measured."""
    if clip.clip.valid_by_recording:
        return ("recording", "movement") if clip.piece.movement in unheard else ("recording",)
    return ("clip",) if clip.clip.valid_by_clip else ()


class _Players:
    """Timing models that play clips; it keeps what each plays of a whole piece."""

    def __init__(self, checkpoints: Mapping[str, Checkpoint[TimingModel]], rate_hz: float) -> None:
        self.checkpoints = checkpoints
        self.rate_hz = rate_hz
        self.played: dict[tuple[str, str], Times] = {}

    def play(self, clip: TimingClip, events: np.ndarray) -> dict[str, Times]:
        return {name: self._play(name, clip) for name in self.checkpoints}

    def _play(self, name: str, clip: TimingClip) -> Times:
        checkpoint = self.checkpoints[name]
        network, performer = checkpoint.model.network, checkpoint.find_performer_index(clip.clip.performer)
        if not isinstance(network, ScoreTiming):
            return play_clip_frame(network, clip, performer)
        key = (name, clip.piece.recording_id)
        if key not in self.played:
            self.played[key] = play_piece_sec(network, clip.piece.context, performer)
        return extract_clip_frame(clip, self.played[key], self.rate_hz)


class _TimingBaselines:
    """Constant tempo, and the mean of the other performers of the movement."""

    def __init__(self, arrays: Arrays[TimingClip]) -> None:
        self.rate_hz = arrays.mel.frame_rate_hz
        self.others = OtherPerformers(item.piece for item in arrays.clips)

    def play(self, clip: TimingClip, events: np.ndarray) -> dict[str, Times]:
        context = clip.piece.context
        nominal = (context.note_onset_sec, context.note_offset_sec - context.note_onset_sec)
        played = {CONSTANT_TEMPO: extract_clip_frame(clip, nominal, self.rate_hz)}
        stretch = self.others.stretch(clip.piece)
        if np.isfinite(stretch[events[:-1]]).mean() >= MIN_COVERED:
            times = _play_stretched_sec(clip.piece, np.where(np.isfinite(stretch), stretch, 1.0))
            played[OTHER_PERFORMERS] = extract_clip_frame(clip, times, self.rate_hz)
        return played


class OtherPerformers:
    """Mean, over the other performers, of the factor by which they stretch each place."""

    def __init__(self, pieces: Iterable[TimingPiece]) -> None:
        self.known: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for piece in {piece.recording_id: piece for piece in pieces}.values():
            for place, log_stretch in zip(piece.places[:-1].tolist(), piece.log_stretch.tolist(), strict=True):
                self.known[piece.movement, place][piece.performer].append(float(np.exp(log_stretch)))

    def stretch(self, piece: TimingPiece) -> FloatArray:
        """Return the factor [E] of the interval after each event; NaN where nobody else plays it."""
        means = []
        for place in piece.places.tolist():
            players = self.known.get((piece.movement, place), {})
            others = [float(np.mean(values)) for performer, values in players.items() if performer != piece.performer]
            means.append(float(np.mean(others)) if others else np.nan)
        return np.array(means)


def _play_stretched_sec(piece: TimingPiece, stretch: FloatArray) -> Times:
    """Return onset and duration [N] of a piece's notes whose intervals [E] are stretched, held as written."""
    context = piece.context
    border_sec = context.onset_sec[0] + np.concatenate([[0.0], np.cumsum(stretch * context.interval_sec)])
    return border_sec[context.event_of_note], compute_local_duration_sec(context, border_sec)


def _measure_errors(
    clip: TimingClip, onset_frame: FloatArray, duration_frame: FloatArray, chosen: np.ndarray
) -> Summary:
    """Return the squared errors, in frames squared, of the chosen notes [K]."""
    late_frame = compute_onset_errors_frame(clip, onset_frame, chosen)
    event = clip.piece.context.event_of_note[clip.written.note_id[chosen]]
    _, index = np.unique(event, return_inverse=True)
    of_event = np.bincount(index, late_frame) / np.bincount(index)
    errors = {
        "onset_mse_frame2": float(np.mean(late_frame**2)),
        "interval_mse_frame2": float(np.mean(np.diff(of_event) ** 2)),
    }
    if clip.piece.articulation_known:  # published alignments hold nearly every note until the next
        duration_error_frame = duration_frame[chosen] - clip.duration_frame[chosen]
        errors["duration_mse_frame2"] = float(np.mean(duration_error_frame**2))
    return errors
