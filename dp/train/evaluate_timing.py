"""How good timing models are on held-out clips, beside a metronome and beside other players of the same movement.

First onset and mean tempo are given to all. The `clip` split holds out clips whose recording was otherwise learned
from; `recording` holds out whole recordings, and `movement` those among them of movements of which nothing was learned.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from dp.data.arrays import Arrays, TimingClip
from dp.data.score_context import local_duration_sec
from dp.data.timing_pieces import TimingPiece
from dp.metrics import bootstrap
from dp.models.checkpoint import Checkpoint
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingModel
from dp.train.timing_playing import (
    Times,
    clip_of_piece_frame,
    onset_errors_frame,
    played_clip_frame,
    played_piece_sec,
    starting,
)
from dp.units import FloatArray

CONSTANT_TEMPO = "constant-tempo"
OTHER_PERFORMERS = "other-performers"
MIN_COVERED = 0.9  # of a clip's intervals that others must play, too, for their mean to be judged

Summary = dict[str, float]  # mean, low, high, n
Results = dict[str, dict[str, dict[str, dict[str, Summary]]]]  # {instrument: {split: {system: {metric: summary}}}}
Scores = dict[str, dict[str, float]]  # {system: {metric: value}} of one clip


@dataclass(frozen=True)
class TimingEvaluation:
    """What `evaluate_timing` found."""

    results: Results  # mean squared errors in frames squared, and their roots
    differences: Results  # the same, of each model's error less that of a yardstick, on the clips that both can play


def evaluate_timing(checkpoints: Mapping[str, Checkpoint[TimingModel]], arrays: Arrays[TimingClip]) -> TimingEvaluation:
    """Errors of onsets, durations and the intervals between events, of models and of two yardsticks.

    The yardsticks are constant tempo, and the mean of how others play the same places (only of clips that others play).

    Args:
        checkpoints: by the name that the results call them.
        arrays: clips of both splits, with the performances that they are cut from.
    """
    judge = _Judge(checkpoints, arrays)
    rows: dict[tuple[str, str], list[Scores]] = defaultdict(list)
    for split, clip in _held_out(arrays):
        scores = judge.scores(clip)
        if scores:
            rows[clip.clip.instrument, split].append(scores)
    results: Results = {}
    differences: Results = {}
    for (instrument, split), scored in rows.items():
        results.setdefault(instrument, {})[split] = {
            system: _with_roots(_summaries([scores[system] for scores in scored if system in scores]))
            for system in (*checkpoints, CONSTANT_TEMPO, OTHER_PERFORMERS)
            if any(system in scores for scores in scored)
        }
        differences.setdefault(instrument, {})[split] = {
            f"{model} less {yardstick}": _summaries(
                [_difference(scores[model], scores[yardstick]) for scores in scored if yardstick in scores]
            )
            for model in checkpoints
            for yardstick in (CONSTANT_TEMPO, OTHER_PERFORMERS)
            if any(yardstick in scores for scores in scored)
        }
    return TimingEvaluation(results, differences)


def unheard_movements(arrays: Arrays[TimingClip]) -> frozenset[str]:
    """Movements of which no clip is for training."""
    heard = {item.piece.movement for item in arrays.clips if item.clip.is_for_training}
    return frozenset(item.piece.movement for item in arrays.clips) - heard


def _held_out(arrays: Arrays[TimingClip]) -> Iterable[tuple[str, TimingClip]]:
    unheard = unheard_movements(arrays)
    for clip in arrays.clips:
        if clip.clip.valid_by_recording:
            yield "recording", clip
            if clip.piece.movement in unheard:
                yield "movement", clip
        elif clip.clip.valid_by_clip:
            yield "clip", clip


class _Judge:
    """Scores clips; what a model plays of a whole piece is kept."""

    def __init__(self, checkpoints: Mapping[str, Checkpoint[TimingModel]], arrays: Arrays[TimingClip]) -> None:
        self.checkpoints = checkpoints
        self.rate_hz = arrays.mel.frame_rate_hz
        self.others = OtherPerformers(item.piece for item in arrays.clips)
        self.played: dict[tuple[str, str], Times] = {}

    def scores(self, clip: TimingClip) -> Scores:
        """Errors of all systems; empty where fewer than two events start in the clip, which says nothing."""
        chosen, context = starting(clip), clip.piece.context
        events = np.unique(context.event_of_note[clip.written.note_id[chosen]])
        if len(events) < 2:
            return {}
        played = {name: self._play(name, clip) for name in self.checkpoints}
        nominal = (context.note_onset_sec, context.note_offset_sec - context.note_onset_sec)
        played[CONSTANT_TEMPO] = clip_of_piece_frame(clip, nominal, self.rate_hz)
        stretch = self.others.stretch(clip.piece)
        if np.isfinite(stretch[events[:-1]]).mean() >= MIN_COVERED:
            times = _times_sec(clip.piece, np.where(np.isfinite(stretch), stretch, 1.0))
            played[OTHER_PERFORMERS] = clip_of_piece_frame(clip, times, self.rate_hz)
        return {system: _errors(clip, *times, chosen) for system, times in played.items()}

    def _play(self, name: str, clip: TimingClip) -> Times:
        checkpoint = self.checkpoints[name]
        network, performer = checkpoint.model.network, checkpoint.performer_index(clip.clip.performer)
        if not isinstance(network, ScoreTiming):
            return played_clip_frame(network, clip, performer)
        key = (name, clip.piece.recording_id)
        if key not in self.played:
            self.played[key] = played_piece_sec(network, clip.piece.context, performer)
        return clip_of_piece_frame(clip, self.played[key], self.rate_hz)


class OtherPerformers:
    """How the others play: the mean, over other performers, of by how much they stretch the same place."""

    def __init__(self, pieces: Iterable[TimingPiece]) -> None:
        self.known: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for piece in {piece.recording_id: piece for piece in pieces}.values():
            for place, log_stretch in zip(piece.places[:-1].tolist(), piece.log_stretch.tolist(), strict=True):
                self.known[piece.movement, place][piece.performer].append(float(np.exp(log_stretch)))

    def stretch(self, piece: TimingPiece) -> FloatArray:
        """[E] factor of the interval after each event; NaN where nobody else plays it."""
        means = []
        for place in piece.places.tolist():
            players = self.known.get((piece.movement, place), {})
            others = [float(np.mean(values)) for performer, values in players.items() if performer != piece.performer]
            means.append(float(np.mean(others)) if others else np.nan)
        return np.array(means)


def _times_sec(piece: TimingPiece, stretch: FloatArray) -> Times:
    """Onset and duration [N] of a piece's notes whose intervals [E] are stretched by these factors, held as written."""
    context = piece.context
    border_sec = context.onset_sec[0] + np.concatenate([[0.0], np.cumsum(stretch * context.interval_sec)])
    return border_sec[context.event_of_note], local_duration_sec(context, border_sec)


def _errors(clip: TimingClip, onset_frame: FloatArray, duration_frame: FloatArray, chosen: np.ndarray) -> Summary:
    late_frame = onset_errors_frame(clip, onset_frame, chosen)
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


def _difference(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Summary:
    return {metric: ours[metric] - theirs[metric] for metric in ours}


def _summaries(rows: list[dict[str, float]]) -> dict[str, Summary]:
    return {metric: asdict(bootstrap([row[metric] for row in rows])) for metric in rows[0]}


def _with_roots(summaries: dict[str, Summary]) -> dict[str, Summary]:
    """With the roots of the mean squared errors, which are in frames."""
    roots = {
        metric.replace("_mse_frame2", "_rmse_frame"): {
            key: value if key == "n" else float(np.sqrt(value)) for key, value in summary.items()
        }
        for metric, summary in summaries.items()
    }
    return {**summaries, **roots}
