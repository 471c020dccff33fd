"""One training of any model, from arrays to a checkpoint. Needs torch and numpy alone; voices need numba too."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dp.data.arrays import Arrays
from dp.errors import DataError
from dp.models.checkpoint import Checkpoint
from dp.presets import DEVICES, BaselineConfig, ModelConfig, SynthesisConfig, TimingConfig, VoicesConfig
from dp.train.baseline import train_baseline
from dp.train.loop import Course
from dp.train.state import Log
from dp.train.synthesis import train_synthesis
from dp.train.timing import train_timing
from dp.train.vocoder import train_vocoder


@dataclass(frozen=True)
class Task:
    """Everything that one training needs."""

    preset: str
    model: str
    config: ModelConfig
    arrays: Arrays[Any]
    filterbank: npt.NDArray[np.float32]  # [M, window / 2 + 1] of the arrays' log-mel

    @property
    def name(self) -> str:
        """The folder of its checkpoint among all models."""
        return f"{self.preset}/{self.model}"


def run(task: Task, log: Log, course: Course, thread_count: int) -> Checkpoint[Any]:
    """Train the model of a task.

    Raises:
        DataError: there is nothing to train on, or the training diverged.
    """
    arrays, filterbank, config = task.arrays, task.filterbank, task.config
    if isinstance(config, TimingConfig):
        return train_timing(arrays, config, log, thread_count, course=course)
    if isinstance(config, SynthesisConfig):
        return train_synthesis(arrays, filterbank, config, log, thread_count, course=course)
    if isinstance(config, BaselineConfig):
        return train_baseline(arrays, filterbank, config, log, thread_count, course=course)
    if isinstance(config, VoicesConfig):
        from dp.train.voices import train_voices

        return train_voices(arrays, config, log, thread_count, course)
    return train_vocoder(arrays, filterbank, config, log, thread_count, course=course)


def choose_device(name: str) -> torch.device:
    """Return the device to train on; "auto" takes a GPU where there is one.

    Raises:
        DataError: the name is unknown, or there is no such device.
    """
    if name not in DEVICES:
        raise DataError("--device", f"{name!r} is no device", f"choose {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise DataError("--device", "cuda: torch finds no GPU", "choose auto or cpu, or install a CUDA build of torch")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")
