"""Takes one training step of every model on a device that is not there; prints as JSON what each of them tells.

    python -m tests.train.one_step

{training: {fault: {scalar: device}, or the error}}: without a fault, and with each of FAULTS in turn.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn
from unittest.mock import patch

import torch
from torch import nn

from dp.data.arrays import build_baseline_arrays
from dp.data.batches import Movable
from dp.models.baseline import BaselineDims
from dp.models.hifigan import HifiganDims
from dp.presets import BaselineConfig, SynthesisDims
from dp.train import baseline, synthesis, timing, vocoder, voices
from dp.train.loop import Course
from tests.train import tiny, tiny_voices
from tests.train.pretended import compute_nothing, find_device

OURS = SynthesisDims(
    width=16,
    encoder_layer_count=1,
    decoder_layer_count=1,
    feed_forward_width=16,
    kernel=3,
    note_position="envelope",
    conditions_frames=True,
    attention="local",
    hears_partials=True,
    texture=True,
)
VOCODER = replace(tiny.VOCODER, adversarial_from_step=1)
BASELINE = BaselineConfig(1, 2, 1e-3, 16, discriminator="hifigan", adversarial_from_step=1)


class Stepped(Exception):
    """A step was taken; holds what it tells."""


def take_one_step(
    trainee: Any, batch_at: Callable[[int], Any], budget: Any, log: Any, seed: int, course: Course
) -> NoReturn:
    """Stand in for `loop.fit`."""
    for network in trainee.networks.values():
        network.train()
    raise Stepped(trainee.train_step(batch_at(1).to(course.device), 1))


def train_timing(course: Course, design: str) -> None:
    config, dims = replace(tiny.TIMING, design=design), replace(tiny.TIMING_DIMS, design=design)
    timing.train_timing(tiny.timing(), config, tiny.Log(), dims=dims, course=course)


def train_synthesis(course: Course, **changes: Any) -> None:
    config = replace(tiny.SYNTHESIS, **changes)
    synthesis.train_synthesis(tiny.synthesis(), tiny.FILTERBANK, config, tiny.Log(), course=course)


def train_vocoder(course: Course, dims: Any, **changes: Any) -> None:
    config = replace(VOCODER, **changes)
    vocoder.train_vocoder(tiny.vocoder(), tiny.FILTERBANK, config, tiny.Log(), dims=dims, course=course)


def train_baseline(course: Course) -> None:
    arrays = build_baseline_arrays(tiny.synthesis(), tiny.vocoder())
    dims = BaselineDims(performer_width=4, width=16)
    baseline.train_baseline(arrays, tiny.FILTERBANK, BASELINE, tiny.Log(), dims=dims, course=course)


def train_voices(course: Course, kind: str) -> None:
    voices.train_voices(tiny_voices.arrays(), replace(tiny_voices.VOICES, kind=kind), tiny.Log(), course=course)


TRAININGS: dict[str, Callable[[Course], None]] = {
    "timing, ours": lambda course: train_timing(course, "ours"),
    "timing, publication": lambda course: train_timing(course, "publication"),
    "synthesis, ours": lambda course: train_synthesis(course, dims=OURS, variance_weight=1.0, l1_weight=1.0),
    "synthesis, publication": train_synthesis,
    "synthesis, piano roll": lambda course: train_synthesis(
        course, dims=replace(tiny.SYNTHESIS_DIMS, source="piano-roll")
    ),
    "vocos": lambda course: train_vocoder(course, tiny.VOCOS_DIMS),
    "hifigan": lambda course: train_vocoder(
        course, HifiganDims(width=16), architecture="hifigan", discriminator="hifigan"
    ),
    "baseline": train_baseline,
    "voices, bowed": lambda course: train_voices(course, "bowed"),
    "voices, struck": lambda course: train_voices(course, "struck"),
}


def count_on_cpu(count: Callable[..., torch.Tensor], *limits: float, **options: Any) -> torch.Tensor:
    """Count as torch.arange does, whatever device it is told."""
    return count(*limits, **(options | {"device": "cpu"}))


def leave_buffers(module: nn.Module, device: torch.device) -> nn.Module:
    """Move nothing but parameters."""
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                part._parameters[name] = nn.Parameter(parameter.detach().to(device))
    return module


FAULTS: dict[str, Callable[[], contextlib.AbstractContextManager[Any]]] = {
    "none": contextlib.nullcontext,
    "the batch stays": lambda: patch.object(Movable, "to", lambda batch, device: batch),
    "buffers stay": lambda: patch.object(nn.Module, "to", leave_buffers),
    "counts begin on the CPU": lambda: patch.object(torch, "arange", partial(count_on_cpu, torch.arange)),
}


def take_step(train: Callable[[Course], None], fault: Callable[[], contextlib.AbstractContextManager[Any]]) -> object:
    """Take one step of a training; return the device of each scalar that it tells, or the error."""
    try:
        with compute_nothing(), fault():
            train(Course(find_device()))
    except Stepped as stepped:
        return {name: str(value.device) for name, value in stepped.args[0].items()}
    except RuntimeError as error:
        return str(error)
    raise AssertionError("no step was taken")


@contextlib.contextmanager
def take_steps_alone() -> Iterator[None]:
    """Let every training take one step instead of being fitted."""
    with contextlib.ExitStack() as stack:
        for module in (timing, synthesis, vocoder, baseline, voices):
            stack.enter_context(patch.object(module, "fit", take_one_step))
        yield


if __name__ == "__main__":
    with take_steps_alone():
        told = {
            name: {fault: take_step(train, make) for fault, make in FAULTS.items()} for name, train in TRAININGS.items()
        }
    print(json.dumps(told))
