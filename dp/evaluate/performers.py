"""Tests whether a timing model knows its performers apart: is each more like itself than like the others?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from dp.data.arrays import Arrays, TimingClip
from dp.data.piece_batches import make_piece_inputs
from dp.data.score_context import ScoreContext
from dp.data.timing_pieces import TimingPiece
from dp.metrics import Estimate, bootstrap
from dp.models.checkpoint import Checkpoint
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingModel
from dp.units import FloatArray, IntArray

CURVE_SEC = 2.0  # a point of a curve is the mean over so much of the score
PERMUTATION_COUNT = 10_000


@dataclass(frozen=True)
class PerformerTest:
    """Correlations of what a model plays as some performer with how held-out recordings were played."""

    own: Estimate  # the model plays as the performer of the recording
    others: Estimate  # it plays as the other performers of the held-out recordings
    advantage: float  # of the own performer, over what performer and recording alone explain
    p_value: float  # share of permutations of the recordings' performers with as large an advantage


def evaluate_performers(
    checkpoint: Checkpoint[TimingModel], arrays: Arrays[TimingClip]
) -> dict[str, dict[str, object]]:
    """Test tempo curves and articulation on the recordings held out whole: {"tempo": .., "articulation": ..}.

    A curve without enough known recordings (two, by two performers) is left out; only our design has curves.
    """
    network = checkpoint.model.network
    pieces = {item.piece.recording_id: item.piece for item in arrays.clips if item.clip.valid_by_recording}
    known = [piece for piece in pieces.values() if checkpoint.find_performer_index(piece.performer)]
    found: dict[str, dict[str, object]] = {}
    if not isinstance(network, ScoreTiming):
        return found
    for name, chosen in (("tempo", known), ("articulation", [piece for piece in known if piece.articulation_known])):
        performers = sorted({piece.performer for piece in chosen})
        if len(performers) > 1:
            table = correlate_curves(
                name, network, chosen, [checkpoint.find_performer_index(who) for who in performers]
            )
            found[name] = asdict(
                compare_performers(table, np.array([performers.index(piece.performer) for piece in chosen]))
            )
    return found


def compare_performers(
    correlation: FloatArray, performer: IntArray, fold: IntArray | None = None, seed: int = 0
) -> PerformerTest:
    """Test whether performers are like themselves.

    Some recordings are easier to predict than others, and some performers fit all recordings better. So the test is of
    what remains of a correlation without the means of its recording and of its performer.

    Args:
        correlation: [R, P] of recording r played as performer p.
        performer: [R] who plays each recording.
        fold: [R] which model predicts, where several were trained, each without other recordings; means are taken
            and performers permuted within each. Default: one model.
        seed: of the permutations of the recordings' performers.
    """
    # What remains of each correlation [R, P] without the means of its fold's recordings and performers.
    rows = np.arange(len(performer))
    folds = [rows] if fold is None else [np.flatnonzero(fold == number) for number in np.unique(fold)]
    rest = np.concatenate([_remove_means(correlation[own]) for own in folds])
    players = [performer[own] for own in folds]
    advantage = float(rest[rows, np.concatenate(players)].mean())
    # The same advantage with the performers permuted within each fold.
    rng = np.random.default_rng(seed)
    drawn = [
        float(rest[rows, np.concatenate([rng.permutation(own) for own in players])].mean())
        for _ in range(PERMUTATION_COUNT)
    ]
    own = correlation[rows, performer]
    others = (correlation.sum(axis=1) - own) / (correlation.shape[1] - 1)
    as_large = sum(value >= advantage - 1e-12 for value in drawn)
    # The true order counts as one of the permutations, so that the p-value is never 0.
    return PerformerTest(bootstrap(own), bootstrap(others), advantage, (as_large + 1) / (PERMUTATION_COUNT + 1))


def _remove_means(table: FloatArray) -> FloatArray:
    """Return a table [R, P] less the means of its rows and columns."""
    return np.asarray(table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean())


def compute_tempo_curve(context: ScoreContext, log_stretch: FloatArray) -> FloatArray:
    """Compute the log tempo against the mean over each CURVE_SEC of the score, from log stretches [E - 1]."""
    nominal_sec = context.interval_sec[: len(log_stretch)]
    place = ((context.onset_sec[: len(log_stretch)] - context.onset_sec[0]) / CURVE_SEC).astype(np.int64)
    written, played = (np.bincount(place, sec) for sec in (nominal_sec, nominal_sec * np.exp(log_stretch)))
    return np.log(written[written > 0] / played[written > 0])


def compute_articulation_curve(context: ScoreContext, log_articulation: FloatArray) -> FloatArray:
    """Compute the mean log articulation [N] of the notes that start in each CURVE_SEC of the score."""
    place = ((context.note_onset_sec - context.note_onset_sec.min()) / CURVE_SEC).astype(np.int64)
    count = np.bincount(place)
    return (np.bincount(place, log_articulation) / np.maximum(count, 1))[count > 0]


def _correlate(one: FloatArray, other: FloatArray) -> float:
    """Return Pearson's correlation; 0 where one of them does not move."""
    scale = float(one.std() * other.std())
    return float(np.mean((one - one.mean()) * (other - other.mean()))) / scale if scale > 0 else 0.0


@torch.no_grad()
def correlate_curves(
    name: str, network: ScoreTiming, pieces: Sequence[TimingPiece], performers: Sequence[int]
) -> FloatArray:
    """Correlate the curves of pieces as they were played with those that the model plays: [R, P].

    Args:
        name: of the curve, "tempo" or "articulation".
        network: the model.
        pieces: R performances.
        performers: indices of the P performers as whom the model plays each of them.
    """
    device = next(network.parameters()).device
    table = []
    for piece in pieces:
        row = []
        for performer_index in performers:
            inputs = {key: value.to(device) for key, value in make_piece_inputs(piece.context, performer_index).items()}
            log_stretch, _, log_articulation = (said[0].cpu().double().numpy() for said in network(**inputs))
            if name == "tempo":
                curves = [
                    compute_tempo_curve(piece.context, values) for values in (log_stretch[:-1], piece.log_stretch)
                ]
            else:
                curves = [
                    compute_articulation_curve(piece.context, values.astype(np.float64))
                    for values in (log_articulation, piece.log_articulation)
                ]
            row.append(_correlate(*curves))
        table.append(row)
    return np.array(table)
