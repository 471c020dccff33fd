"""The training loop that all models share: exact resume, moving average, early stopping, checks.

Needs torch and numpy alone. What a batch holds depends on the seed and the step alone, so the loop keeps no position.
"""

import contextlib
import math
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Protocol, Self, TypeVar

import torch
from torch import Tensor, nn

from dp.errors import DataError
from dp.train.state import Log, Progress, TrainingState

LOG_EVERY_STEP = 10
MAX_GRADIENT_NORM = 1.0
SAVE_EVERY_SEC = 60.0  # how much of a training a crash may cost
SEED_STRIDE = 1_000_003  # apart enough that trainings with neighbouring seeds share no step's draws


class Batch(Protocol):
    """A batch that knows its clips and can go to a device."""

    @property
    def clip_ids(self) -> tuple[str, ...]:
        """The ids of its clips."""
        ...

    def to(self, device: torch.device) -> Self:
        """Return the same batch on a device."""
        ...


B = TypeVar("B", bound=Batch)
Batch_contra = TypeVar("Batch_contra", bound=Batch, contravariant=True)


class Trainee(Protocol[Batch_contra]):
    """A model in training, with the networks and optimizers that its training needs."""

    networks: Mapping[str, nn.Module]  # "model" is what is kept; the others, as a discriminator, only serve it
    optimizers: Mapping[str, torch.optim.Optimizer]

    def compute_rate(self, step: int) -> float:
        """Return the learning rate of step 1, 2, ..."""
        ...

    def train_step(self, batch: Batch_contra, step: int) -> dict[str, Tensor]:
        """Descend (see `descend`); return finite scalars to log, `train_loss` among them."""
        ...

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return metrics of `model` on held-out clips, `valid_loss` decides; nothing where none are held out."""
        ...


class Budgeted(Protocol):
    """The part of a model's preset that the loop reads."""

    @property
    def step_count(self) -> int:
        """The same as in Budget; so are the others."""
        ...


@dataclass(frozen=True)
class Budget:
    """How long to train, and which weights to keep."""

    step_count: int
    valid_every_step: int
    patience: int = 0  # validations without a better one before it stops early; 0 = never
    ema_decay: float = 0.0  # of the moving average of the weights, which is validated and kept; 0 = no average
    max_minutes: float = 0.0  # 0 = no limit

    @classmethod
    def read_from(cls, config: "Budgeted") -> "Budget":
        """Take the budget from a preset."""
        return cls(**{item.name: getattr(config, item.name) for item in fields(cls)})


@dataclass(frozen=True)
class Course:
    """Where a training runs, and where it writes what it needs to go on."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    state_path: Path | None = None
    resume: bool = False  # go on from state_path, if it is there
    on_valid: Callable[[nn.Module, int], None] | None = None  # gets the model that was validated, and the step


def use_mixed_precision(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Compute in bfloat16 on a GPU; change nothing elsewhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def compute_noam_rate(step: int, width: int, warmup_step: int, scale: float) -> float:
    """Return the learning rate at `step` (from 1): linear warm-up, then 1 / sqrt(step) (Vaswani et al. 2017)."""
    return scale * width**-0.5 * min(step**-0.5, step * warmup_step**-1.5)


def make_transformer_optimizer(model: nn.Module) -> torch.optim.Optimizer:
    """Make Adam with the settings of Vaswani et al. 2017."""
    return torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)


def descend(optimizer: torch.optim.Optimizer, network: nn.Module, loss: Tensor) -> Tensor:
    """Take one optimizer step along a loss, the gradient's norm clipped; return the norm before, a scalar.

    A step that is not finite is not taken.
    """
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norm = nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
    if bool(torch.isfinite(norm)):
        optimizer.step()
    return norm.detach()


@contextlib.contextmanager
def keep_deterministic(seed: int, thread_count: int) -> Iterator[None]:
    """Let torch draw from `seed` and use `thread_count` threads inside the block; restore both after it."""
    threads_before = torch.get_num_threads()
    torch.set_num_threads(thread_count)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads_before)


def fit(
    trainee: Trainee[B], batch_at: Callable[[int], B], budget: Budget, log: Log, seed: int, course: Course | None = None
) -> Progress:
    """Train until the budget is spent, or validation stops getting better.

    Afterwards the trainee's "model" has the weights that validated best (the last ones where nothing is held out) and
    is in inference mode. The same seed, budget and number of threads give the same weights on a CPU, also when the
    training was interrupted and resumed in between; a limit in minutes gives that up.

    Args:
        trainee: trained in place; its networks are on the course's device.
        batch_at: the batch of step 1, 2, ...; must depend on its argument alone. Called from another thread.
        budget: when to stop.
        log: gets means of what `train_step` returned since the last time, `learning_rate`, `steps_per_sec`,
            `loader_share` (the share of that time spent waiting for batches), and what `validate` returns.
        seed: of all that the steps draw, as dropout does.
        course: the device, and where the state is saved: every minute, on Ctrl-C and at the end.

    Raises:
        DataError: something `train_step` returned is not finite (names the step and its clips), or the state file does
            not fit.
        KeyboardInterrupt: on Ctrl-C, after the step in progress and saving.
    """
    course = course or Course()
    state = TrainingState(trainee.networks, trainee.optimizers, budget.ema_decay)
    if course.resume and course.state_path is not None and course.state_path.is_file():
        state.load(course.state_path, course.device)
    meter = _Meter(log)
    with _delay_interrupt() as interrupted, ThreadPoolExecutor(1) as pool:
        started = saved = time.monotonic()
        spent_before_sec = state.progress.spent_sec
        waiting = pool.submit(batch_at, state.progress.step + 1)
        while not (_is_over(state.progress, budget) or interrupted.is_set()):
            # Take the batch of this step; the next one is made in another thread meanwhile.
            step, begun = state.progress.step + 1, time.monotonic()
            batch = waiting.result()
            waited_sec = time.monotonic() - begun
            waiting = pool.submit(batch_at, step + 1)
            values = _take_step(trainee, batch.to(course.device), step, seed)
            # Record the step; then log, validate and save where they are due.
            state.advance(step, spent_before_sec + time.monotonic() - started)
            meter.add(values, time.monotonic() - begun, waited_sec)
            is_last = _is_over(state.progress, budget) or interrupted.is_set()
            if step % LOG_EVERY_STEP == 0 or is_last:
                meter.flush(step, trainee.compute_rate(step))
            if step % budget.valid_every_step == 0 or _is_over(state.progress, budget):
                state.judge(_validate(trainee, state, course), log)
            if course.state_path is not None and (is_last or time.monotonic() - saved > SAVE_EVERY_SEC):
                state.save(course.state_path)
                saved = time.monotonic()
        waiting.cancel()
    if interrupted.is_set():
        raise KeyboardInterrupt
    state.keep_best()
    return state.progress


def _is_over(progress: Progress, budget: Budget) -> bool:
    """Return whether steps, patience or minutes are used up."""
    return (
        progress.step >= budget.step_count
        or (0 < budget.patience <= progress.worse_count)
        or 0 < budget.max_minutes * 60 <= progress.spent_sec
    )


def _take_step(trainee: Trainee[B], batch: B, step: int, seed: int) -> dict[str, float]:
    """Take one step of all the trainee's networks; return its scalars, checked."""
    torch.manual_seed(seed * SEED_STRIDE + step)  # of dropout: a resumed training draws the same
    for optimizer in trainee.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = trainee.compute_rate(step)
    for network in trainee.networks.values():
        network.train()
    values = {name: value.item() for name, value in trainee.train_step(batch, step).items()}
    if not all(math.isfinite(value) for value in values.values()):
        seen = ", ".join(f"{name} {value:g}" for name, value in values.items())
        where = f"{seen} on the clips {', '.join(batch.clip_ids)}"
        raise DataError(
            f"training step {step}", where, "look at these clips, or lower the learning rate in params.yaml"
        )
    return values


@torch.no_grad()
def _validate(trainee: Trainee[B], state: TrainingState, course: Course) -> dict[str, float]:
    """Return the metrics of the model with averaged weights."""
    with state.use_average() as model:
        model.eval()
        metrics = trainee.validate(model)
        if course.on_valid is not None:
            course.on_valid(model, state.progress.step)
        return metrics


class _Meter:
    """Means of the steps' scalars since the last time."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._clear()

    def add(self, values: dict[str, float], step_sec: float, waited_sec: float) -> None:
        for name, value in values.items():
            self.values[name].append(value)
        self.step_sec += step_sec
        self.waited_sec += waited_sec
        self.count += 1

    def flush(self, step: int, rate: float) -> None:
        means = {name: sum(values) / len(values) for name, values in self.values.items()}
        speed = {"steps_per_sec": self.count / self.step_sec, "loader_share": self.waited_sec / self.step_sec}
        self.log({**means, "learning_rate": rate, **speed}, step)
        self._clear()

    def _clear(self) -> None:
        self.values: dict[str, list[float]] = defaultdict(list)
        self.step_sec = self.waited_sec = 0.0
        self.count = 0


@contextlib.contextmanager
def _delay_interrupt() -> Iterator[threading.Event]:
    """Let Ctrl-C or SIGTERM only set the event inside the block; a second one acts at once."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread alone
        yield interrupted
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: object) -> None:
        interrupted.set()
        restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield interrupted
    finally:
        restore()
