from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from dp.data.arrays import build_timing_arrays
from dp.data.piece_batches import PieceBatch, Stretch, make_piece_batch, make_piece_inputs
from dp.data.timing_pieces import TimingPiece
from dp.models.checkpoint import Checkpoint
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingModel
from dp.train.loop import Course
from dp.train.timing import compute_score_losses, train_timing
from tests.train import tiny

DIMS = {
    "ours": replace(tiny.TIMING_DIMS, design="ours", dropout=0.0),
    "publication": replace(tiny.TIMING_DIMS, design="publication", dropout=0.0),
}


class Said(torch.nn.Module):
    """A network that says what it is told."""

    def __init__(self, *said: Tensor) -> None:
        super().__init__()
        self.said = said

    def forward(self, **inputs: Tensor) -> tuple[Tensor, ...]:
        return self.said


def one() -> TimingPiece:
    return next(item.piece for item in tiny.timing().clips if item.piece.recording_id == "one")


def whole(piece: TimingPiece, trained: bool = True) -> PieceBatch:
    batch = make_piece_batch([Stretch(piece, 0, len(piece.event_sec))])
    if trained:
        known = torch.ones(1, 8, dtype=torch.bool)
        batch = replace(batch, interval_trained=known & (torch.arange(8) < 7), note_trained=known)
    return batch


def truth(piece: TimingPiece) -> tuple[Tensor, Tensor, Tensor]:
    log_stretch = torch.from_numpy(np.append(piece.log_stretch, 0.0)[None]).float()
    return log_stretch, torch.from_numpy(piece.spread_sec)[None], torch.from_numpy(piece.log_articulation)[None]


def losses(batch: PieceBatch, *said: Tensor) -> dict[str, float]:
    network = cast(ScoreTiming, Said(*said))
    return {name: float(value) for name, value in compute_score_losses(network, batch, 62.5).items()}


def test_who_says_the_truth_loses_nothing() -> None:
    assert losses(whole(one()), *truth(one())) == pytest.approx(dict.fromkeys(losses(whole(one()), *truth(one())), 0.0))


def test_errors_of_the_tempo_add_up_until_the_window_ends() -> None:
    piece = one()
    log_stretch, spread, articulation = truth(piece)
    late = torch.log(torch.exp(log_stretch) + 1.8 / 62.5 / torch.from_numpy(piece.context.interval_sec).float())
    # Every interval is 1.8 frames too long. Events start at 0, .55, .. 3.55 s after the first.
    found = losses(whole(piece), late, spread, articulation)["onset_loss"]
    assert found == pytest.approx(np.mean((1.8 * np.arange(1, 8)) ** 2) / 18**2, rel=1e-3)
    batch = replace(whole(piece), window_phase_sec=torch.tensor([3.2]))  # a new window from 1.8 s on: at event 4
    expected = np.mean([(1.8 * k) ** 2 for k in (1, 2, 3, 1, 2, 3)]) / 18**2
    assert losses(batch, late, spread, articulation)["onset_loss"] == pytest.approx(expected, rel=1e-3)


def test_what_is_held_out_teaches_nothing() -> None:
    piece = one()  # its events from the fifth on are in a held-out clip
    log_stretch, spread, articulation = truth(piece)
    wrong = [values.clone() for values in (log_stretch, spread, articulation)]
    for values in wrong:
        values[:, 4:] += 1.0
    assert losses(whole(piece, trained=False), *wrong) == pytest.approx(
        dict.fromkeys(("onset_loss", "stretch_loss", "articulation_loss", "spread_loss"), 0.0), abs=1e-9
    )
    wrong[0][:, 3] += 1.0
    assert losses(whole(piece, trained=False), *wrong)["stretch_loss"] > 1.0


@pytest.mark.parametrize("design", ["ours", "publication"])
def test_training_learns_who_is_late(design: str) -> None:
    """Bo is later off the beat than Ann; a model finds that in clips it has seen, a metronome does not."""
    arrays = tiny.timing()
    config = replace(tiny.TIMING, design=design, step_count=200, valid_every_step=200, ema_decay=0.0)
    log = tiny.Log()
    checkpoint = train_timing(arrays, config, log, dims=DIMS[design])
    seen = log.values("train_loss")
    assert seen[-1] < 0.3 * seen[0]
    assert (checkpoint.performer_names, checkpoint.model.dims.performer_count) == (("ann", "bo"), 2)
    assert [sorted(metrics) for _, metrics in log.rows if "valid_loss" in metrics] == [["valid_loss"]]
    if design == "ours":
        piece = one()
        with torch.no_grad():
            log_stretch, _, log_articulation = checkpoint.model.network(**make_piece_inputs(piece.context, 1))
        # What lies in the clip to learn from: four events, late and early by turns.
        np.testing.assert_allclose(log_stretch[0, :4], piece.log_stretch[:4], atol=0.05)
        np.testing.assert_allclose(log_articulation[0, :4], piece.log_articulation[:4], atol=0.15)


@pytest.mark.parametrize("design", ["ours", "publication"])
def test_a_resumed_training_is_the_uninterrupted_one(tmp_path: Path, design: str) -> None:
    config = replace(tiny.TIMING, design=design, step_count=8, valid_every_step=4)
    dims = replace(DIMS[design], dropout=0.2)

    def train(step_count: int, course: Course | None = None) -> Checkpoint[TimingModel]:
        settings = replace(config, step_count=step_count)
        return train_timing(tiny.timing(), settings, tiny.Log(), dims=dims, course=course)

    whole_run = train(8)
    train(4, Course(state_path=tmp_path / "state.pt"))
    resumed = train(8, Course(state_path=tmp_path / "state.pt", resume=True))
    for name, value in whole_run.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_articulation_that_nobody_measured_is_not_learned() -> None:
    performances = [replace(item, articulation_known=False) for item in tiny.PERFORMANCES]
    arrays = build_timing_arrays(performances, tiny.CLIPS, tiny.MEL)
    config = replace(tiny.TIMING, design="ours", step_count=5, valid_every_step=5)
    network = train_timing(arrays, config, tiny.Log(), dims=DIMS["ours"]).model.network
    assert isinstance(network, ScoreTiming)
    assert network.note.weight.abs().max() < 1e-3  # nothing but weight decay touched it
    assert network.stretch.weight.abs().max() > 1e-3
