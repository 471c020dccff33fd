"""The state of a training, for its resume: weights, optimizers, moving average, the best weights so far."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from dp.errors import DataError
from dp.files import open_whole_file

EMA_WARMUP_STEP = 10  # the moving average follows closely in its first steps, which say little
MODEL = "model"  # the network that is kept

Weights = dict[str, Tensor]
Log = Callable[[dict[str, float], int], None]  # metrics and the number of steps done


@dataclass
class Progress:
    """How far a training is."""

    step: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    worse_count: int = 0  # validations since the best one
    spent_sec: float = 0.0


class TrainingState:
    """Networks and optimizers in training, the moving average of the model's weights, and its best weights so far."""

    def __init__(
        self, networks: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer], ema_decay: float
    ) -> None:
        self.networks = networks
        self.optimizers = optimizers
        self.ema_decay = ema_decay
        self.progress = Progress()
        self.average = _copy_weights(networks[MODEL])
        self.best: Weights | None = None

    @torch.no_grad()
    def advance(self, step: int, spent_sec: float) -> None:
        """Record a step that was taken; the average follows the weights."""
        self.progress.step, self.progress.spent_sec = step, spent_sec
        decay = min(self.ema_decay, step / (step + EMA_WARMUP_STEP))
        for name, value in self.networks[MODEL].state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1.0 - decay)
            else:
                self.average[name].copy_(value)

    @contextlib.contextmanager
    def use_average(self) -> Iterator[nn.Module]:
        """Give the model the averaged weights inside the block."""
        model = self.networks[MODEL]
        now = _copy_weights(model)
        model.load_state_dict(self.average)
        try:
            yield model
        finally:
            model.load_state_dict(now)

    def judge(self, metrics: Mapping[str, float], log: Log) -> None:
        """Log a validation's metrics; keep the average if it is the best so far."""
        if not metrics:
            return
        log(dict(metrics), self.progress.step)
        if metrics["valid_loss"] < self.progress.best_loss:
            self.progress.best_loss, self.progress.best_step = metrics["valid_loss"], self.progress.step
            self.progress.worse_count = 0
            self.best = {name: value.clone() for name, value in self.average.items()}
        else:
            self.progress.worse_count += 1

    def keep_best(self) -> None:
        """Give the model its best weights, or the averaged ones where nothing was validated; for inference."""
        self.networks[MODEL].load_state_dict(self.best if self.best is not None else self.average)
        for network in self.networks.values():
            network.eval()

    def save(self, path: Path) -> None:
        """Write the whole state, whole or not at all."""
        content = {
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "average": self.average,
            "best": self.best,
            "progress": asdict(self.progress),
        }
        with open_whole_file(path) as temporary:
            torch.save(content, temporary)

    def load(self, path: Path, device: torch.device) -> None:
        """Read the state that `save` wrote.

        Raises:
            DataError: the file is damaged, or of another model.
        """
        try:
            content = torch.load(path, map_location=device, weights_only=True)
            for name, network in self.networks.items():
                network.load_state_dict(content["networks"][name])
            for name, optimizer in self.optimizers.items():
                optimizer.load_state_dict(content["optimizers"][name])
            self.average, self.best = content["average"], content["best"]
            self.progress = Progress(**content["progress"])
        except Exception as error:  # torch names no type for what a damaged file does to it
            reason = str(error).splitlines()[0]
            raise DataError(path, f"is no state of this training ({reason})", "train without --resume") from error


def _copy_weights(model: nn.Module) -> Weights:
    """Return a copy of a model's weights."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
