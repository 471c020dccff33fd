"""Batches of stretches of whole performances, for our timing model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dp.data.batches import Movable, mark_valid_places, pad_rows
from dp.data.loader import HIDDEN_PERFORMER_SHARE, make_step_rng
from dp.data.score_context import ScoreContext
from dp.data.timing_pieces import TimingPiece
from dp.units import CLIP_SEC


@dataclass(frozen=True)
class Stretch:
    """Events first to end of a performance."""

    piece: TimingPiece
    first: int
    end: int

    @property
    def stretch_id(self) -> str:
        """The name of the stretch in error messages."""
        return f"{self.piece.recording_id} events {self.first}-{self.end - 1}"


@dataclass(frozen=True)
class PieceBatch(Movable):
    """B stretches of up to E events and N notes. Targets are as played; those not to be learned from are false."""

    clip_ids: tuple[str, ...]
    inputs: dict[str, Tensor]  # as the arguments of ScoreTiming
    nominal_sec: Tensor  # [B, E] float32 interval to the next event as written
    interval_sec: Tensor  # [B, E] float32 as played
    interval_trained: Tensor  # [B, E] bool
    window_phase_sec: Tensor  # [B] where in the first window of the loss a stretch starts
    spread_sec: Tensor  # [B, N] float32
    log_articulation: Tensor  # [B, N] float32
    note_trained: Tensor  # [B, N] bool


def make_piece_inputs(context: ScoreContext, performer_index: int) -> dict[str, Tensor]:
    """Make the inputs of ScoreTiming for one whole score, B = 1."""
    return _make_inputs([context], [(0, len(context.onset_sec))], [performer_index])


def make_piece_batch(
    stretches: Sequence[Stretch], hidden: Sequence[bool] | None = None, phase_sec: Sequence[float] | None = None
) -> PieceBatch:
    """Make a batch of stretches.

    Args:
        stretches: which.
        hidden: whose performer is hidden; None = nobody's.
        phase_sec: see PieceBatch; None = 0.
    """
    hidden = hidden or [False] * len(stretches)
    pieces = [item.piece for item in stretches]
    spans = [(item.first, item.end) for item in stretches]
    performers = [0 if hide else piece.performer_index for piece, hide in zip(pieces, hidden, strict=True)]
    notes = [_find_notes(item.piece.context, item.first, item.end) for item in stretches]

    def pad_events(rows: Sequence[np.ndarray]) -> Tensor:
        return pad_rows([row[first:end] for row, (first, end) in zip(rows, spans, strict=True)], 0)

    def pad_notes(rows: Sequence[np.ndarray]) -> Tensor:
        return pad_rows([row[chosen] for row, chosen in zip(rows, notes, strict=True)], 0)

    return PieceBatch(
        clip_ids=tuple(item.stretch_id for item in stretches),
        inputs=_make_inputs([piece.context for piece in pieces], spans, performers),
        nominal_sec=pad_events([piece.context.interval_sec for piece in pieces]).float(),
        interval_sec=pad_events([np.diff(piece.event_sec, append=piece.event_sec[-1]) for piece in pieces]).float(),
        interval_trained=pad_events([piece.interval_trained for piece in pieces]).bool(),
        window_phase_sec=torch.tensor(phase_sec or [0.0] * len(stretches), dtype=torch.float32),
        spread_sec=pad_notes([piece.spread_sec for piece in pieces]),
        log_articulation=pad_notes([piece.log_articulation for piece in pieces]),
        note_trained=pad_notes([piece.note_trained for piece in pieces]).bool(),
    )


def draw_stretches(
    pieces: Sequence[TimingPiece], batch_size: int, length_event: int, seed: int, step: int
) -> PieceBatch:
    """Draw the batch of a step: stretches begin anywhere, and pieces come as often as they are long.

    Args:
        pieces: to draw from.
        batch_size: stretches.
        length_event: of each; shorter where the piece is.
        seed, step: of the draw.
    """
    rng = make_step_rng(step, seed)
    counts = np.array([len(piece.event_sec) for piece in pieces])
    stretches = []
    for index in rng.choice(len(pieces), batch_size, p=counts / counts.sum()).tolist():
        # As if the piece were longer by half a stretch at both ends: its ends must come as often as its middle.
        start = int(rng.integers(-(length_event // 2), max(int(counts[index]) - length_event // 2, 1)))
        first = max(0, min(start, int(counts[index]) - length_event))
        stretches.append(Stretch(pieces[index], first, min(first + length_event, int(counts[index]))))
    hidden = rng.random(batch_size) < HIDDEN_PERFORMER_SHARE
    return make_piece_batch(stretches, hidden.tolist(), (CLIP_SEC * rng.random(batch_size)).tolist())


def _make_inputs(
    contexts: Sequence[ScoreContext], spans: Sequence[tuple[int, int]], performers: Sequence[int]
) -> dict[str, Tensor]:
    chosen = [
        (context, first, end, _find_notes(context, first, end))
        for context, (first, end) in zip(contexts, spans, strict=True)
    ]
    return {
        "numbers": pad_rows([context.numbers[first:end] for context, first, end, _ in chosen], 0),
        "codes": pad_rows([context.codes[first:end] for context, first, end, _ in chosen], 0),
        "valid": mark_valid_places([end - first for _, first, end, _ in chosen]),
        "note_event": pad_rows([context.event_of_note[notes] - first for context, first, _, notes in chosen], 0),
        "note_numbers": pad_rows([context.note_numbers[notes] for context, _, _, notes in chosen], 0),
        "performer": torch.tensor(performers, dtype=torch.int64),
    }


def _find_notes(context: ScoreContext, first: int, end: int) -> np.ndarray:
    """Return the indices of the notes of the events first to end."""
    return np.flatnonzero((context.event_of_note >= first) & (context.event_of_note < end))
