"""The training loop that all models share."""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn

from dp.errors import DataError

LOG_EVERY_STEP = 10
VALIDATION_COUNT = 5  # validations in a training, the last one at its end
MAX_GRADIENT_NORM = 1.0

Log = Callable[[dict[str, float], int], None]  # metrics and the number of steps done


class Batch(Protocol):
    """Whatever knows which clips it holds."""

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """Ids of its clips."""
        ...


B = TypeVar("B", bound=Batch)


def noam_rate(step: int, width: int, warmup_step: int, scale: float) -> float:
    """Learning rate at `step` (from 1): linear warm-up, then falling as 1 / sqrt(step) (Vaswani et al. 2017)."""
    return scale * width**-0.5 * min(step**-0.5, step * warmup_step**-1.5)


def transformer_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Adam as in Vaswani et al. 2017."""
    return torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)


@contextlib.contextmanager
def deterministic(seed: int, thread_count: int) -> Iterator[None]:
    """Inside, torch draws from `seed` and uses `thread_count` threads; afterwards both are as they were."""
    threads_before = torch.get_num_threads()
    torch.set_num_threads(thread_count)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads_before)


def fit(
    model: nn.Module,
    batches: Iterator[B],
    loss_of: Callable[[B], Tensor],
    optimizer: torch.optim.Optimizer,
    rate_of_step: Callable[[int], float],
    step_count: int,
    validate: Callable[[], dict[str, float]],
    log: Log,
) -> None:
    """Take `step_count` optimizer steps.

    Args:
        model: trained in place; left in inference mode.
        batches: without end.
        loss_of: loss of a batch, a scalar tensor.
        optimizer: of the model's parameters.
        rate_of_step: learning rate of step 1, 2, ...
        step_count: how many.
        validate: metrics on held-out clips, called with the model in inference mode.
        log: gets `train_loss` (mean since the last time) and `learning_rate` every LOG_EVERY_STEP steps, and what
            `validate` returns VALIDATION_COUNT times.

    Raises:
        DataError: a loss or a gradient is not finite; names the step and the clips of the batch.
    """
    validation_steps = {math.ceil(step_count * part / VALIDATION_COUNT) for part in range(1, VALIDATION_COUNT + 1)}
    losses: list[float] = []
    model.train()
    for step in range(1, step_count + 1):
        batch = next(batches)
        rate = rate_of_step(step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        losses.append(_take_step(model, optimizer, loss_of(batch), batch.clip_ids, step))
        if step % LOG_EVERY_STEP == 0 or step == step_count:
            log({"train_loss": sum(losses) / len(losses), "learning_rate": rate}, step)
            losses.clear()
        if step in validation_steps:
            model.eval()
            with torch.no_grad():
                metrics = validate()
            if metrics:
                log(metrics, step)
            model.train()
    model.eval()


def _take_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, clip_ids: tuple[str, ...], step: int
) -> float:
    """Descend along the loss; returns it."""
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norm = nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
    if not (bool(torch.isfinite(loss)) and bool(torch.isfinite(norm))):
        reason = f"loss {loss.item():g}, gradient norm {norm.item():g} on the clips {', '.join(clip_ids)}"
        raise DataError(
            f"training step {step}", reason, "look at these clips, or lower the learning rate in params.yaml"
        )
    optimizer.step()
    return loss.item()


def mean_valid_loss(losses: Iterable[Tensor]) -> dict[str, float]:
    """`valid_loss` over held-out clips, each counting alike; nothing where none are held out."""
    values = [float(loss) for loss in losses]
    return {"valid_loss": sum(values) / len(values)} if values else {}
