import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import pytest
import torch

from dp.errors import DataError
from dp.train.loop import Budget, Course, compute_noam_rate, fit, keep_deterministic
from dp.train.losses import compute_masked_mse
from dp.train.state import Progress
from tests.train import tiny

Rows = list[tuple[int, dict[str, float]]]
BUDGET = Budget(step_count=30, valid_every_step=10)


class Batch:
    def __init__(self, value: float) -> None:
        self.value = torch.tensor(value)
        self.clip_ids: tuple[str, ...] = ("a/1", "b/2")

    def to(self, device: torch.device) -> Self:
        return self


class Line:
    """One weight, which starts at 1, with dropout on its input so that the torch generator matters."""

    def __init__(
        self, valid_losses: list[float] | None = None, on_step: Callable[[int], None] = lambda step: None
    ) -> None:
        self.model = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.ones_(self.model.weight)
        self.networks: Mapping[str, torch.nn.Module] = {"model": self.model}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {"model": torch.optim.Adam(self.model.parameters())}
        self.valid_losses = valid_losses
        self.validated: list[float] = []
        self.on_step = on_step

    def compute_rate(self, step: int) -> float:
        return 0.01 / step

    def train_step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        self.on_step(step)
        drawn = torch.nn.functional.dropout(batch.value.expand(1, 8), 0.5)
        loss = (self.model.weight * drawn).sum() ** 2
        self.optimizers["model"].zero_grad()
        torch.autograd.backward(loss)
        self.optimizers["model"].step()
        return {"train_loss": loss.detach(), "twice": 2 * loss.detach()}

    def validate(self, model: torch.nn.Module) -> dict[str, float]:
        assert not model.training
        self.validated.append(model.get_parameter("weight").item())
        if self.valid_losses is None:
            return {}
        return {"valid_loss": self.valid_losses[len(self.validated) - 1]}


def run(
    trainee: Line,
    budget: Budget = BUDGET,
    course: Course | None = None,
    batch_at: Callable[[int], Batch] = lambda step: Batch(0.1 * (step % 7)),
    seed: int = 1,
) -> tuple[Progress, Rows]:
    log = tiny.Log()
    return fit(trainee, batch_at, budget, log, seed, course), log.rows


def losses(rows: Rows) -> list[tuple[int, float]]:
    return [(step, metrics["train_loss"]) for step, metrics in rows if "train_loss" in metrics]


def test_noam_rate_rises_to_the_warmup_then_falls_with_the_root() -> None:
    assert compute_noam_rate(100, 64, 100, 1.0) == pytest.approx(0.125 * 0.1)
    assert compute_noam_rate(50, 64, 100, 1.0) == pytest.approx(0.125 * 0.05)
    assert compute_noam_rate(400, 64, 100, 2.0) == pytest.approx(0.125 * 0.1)


def test_what_is_logged_and_when() -> None:
    trainee = Line(valid_losses=[3.0, 2.0, 1.0])
    progress, rows = run(trainee, Budget(step_count=25, valid_every_step=10))
    assert [step for step, metrics in rows if "train_loss" in metrics] == [10, 20, 25]
    assert [step for step, metrics in rows if "valid_loss" in metrics] == [10, 20, 25]
    assert [metrics["learning_rate"] for _, metrics in rows if "learning_rate" in metrics] == [0.001, 0.0005, 0.0004]
    first = rows[0][1]
    assert first["twice"] == pytest.approx(2 * first["train_loss"])
    assert 0.0 <= first["loader_share"] <= 1.0
    assert first["steps_per_sec"] > 0
    assert not trainee.model.training
    assert (progress.step, progress.best_step, progress.best_loss) == (25, 25, 1.0)


def test_the_weights_that_validated_best_are_kept() -> None:
    trainee = Line(valid_losses=[2.0, 1.0, 3.0])
    run(trainee)
    assert trainee.model.weight.item() == trainee.validated[1] != trainee.validated[2]


def test_it_stops_when_validation_gets_no_better() -> None:
    progress, _ = run(Line(valid_losses=[2.0, 1.0, 3.0, 3.0, 0.0]), Budget(100, 10, patience=2))
    assert (progress.step, progress.best_step) == (40, 20)


def test_the_average_is_validated_and_kept() -> None:
    plain, averaged = Line(), Line()
    run(plain)
    run(averaged, Budget(30, 10, ema_decay=0.9))
    # The weight only falls, so its average is behind.
    assert plain.model.weight.item() < averaged.model.weight.item() < 1.0
    assert averaged.validated[-1] == averaged.model.weight.item()


def test_a_resumed_training_is_the_uninterrupted_one(tmp_path: Path) -> None:
    whole, first, second = (Line(valid_losses=[3.0, 1.0, 2.0]) for _ in range(3))
    budget = Budget(30, 10, ema_decay=0.9)
    _, rows = run(whole, budget)
    course = Course(state_path=tmp_path / "state.pt")
    _, rows_first = run(first, Budget(20, 10, ema_decay=0.9), course)
    torch.rand(5)  # whatever else draws in between
    second.validated = first.validated
    _, rows_second = run(second, budget, Course(state_path=tmp_path / "state.pt", resume=True))
    assert losses(rows) == losses(rows_first) + losses(rows_second)
    assert torch.equal(whole.model.weight, second.model.weight)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_after_the_step_and_saves(number: int, tmp_path: Path) -> None:
    trainee = Line(on_step=lambda step: os.kill(os.getpid(), number) if step == 13 else None)
    course = Course(state_path=tmp_path / "state.pt")
    with pytest.raises(KeyboardInterrupt):
        run(trainee, course=course)
    resumed, whole = Line(), Line()
    _, rows = run(resumed, course=Course(state_path=tmp_path / "state.pt", resume=True))
    _, rows_whole = run(whole)
    assert [step for step, _ in losses(rows)] == [20, 30]
    assert losses(rows)[-1] == losses(rows_whole)[-1]
    assert torch.equal(resumed.model.weight, whole.model.weight)


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    path.write_bytes(b"no state")
    with pytest.raises(DataError, match=r"state.pt: is no state of this training.*train without --resume"):
        run(Line(), course=Course(state_path=path, resume=True))


def test_a_limit_in_minutes() -> None:
    progress, _ = run(Line(), Budget(step_count=10**9, valid_every_step=10**9, max_minutes=1e-3))
    assert 0 < progress.step < 10**9


def test_nan_names_the_step_and_the_clips() -> None:
    values = [0.1, 0.1, float("nan"), 0.1, 0.1]
    with pytest.raises(DataError, match="training step 3: train_loss nan, twice nan on the clips a/1, b/2;"):
        run(Line(), batch_at=lambda step: Batch(values[step - 1]))


def test_masked_mse_counts_what_is_valid() -> None:
    predicted, true = torch.tensor([[1.0, 5.0]]), torch.tensor([[3.0, 9.0]])
    assert float(compute_masked_mse(predicted, true, torch.tensor([[True, False]]))) == 4.0
    both = torch.ones(1, 2, 3)
    assert float(compute_masked_mse(both, 0 * both, torch.tensor([[[True], [False]]]))) == 1.0


def test_deterministic_leaves_torch_as_it_was() -> None:
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    with keep_deterministic(1, 1):
        first = torch.rand(1)
    with keep_deterministic(1, 1):
        assert torch.equal(torch.rand(1), first)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), after)
    assert torch.get_num_threads() == threads
