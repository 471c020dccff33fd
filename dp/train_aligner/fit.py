"""The trainings of the onset net and of the offset net share performances, their sound, examples, and the loop.

Letters: N notes of examples.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.net_weights import Net, NetLayout
from dp.align.spectrum import F32
from dp.train_aligner.performances import Performance
from dp.train_aligner.sounds import render

RECORDING_COUNT = 2  # rooms, microphones and noises per performance on a soundfont
DETUNE_SEMITONE = 0.2  # instruments are at most so far from A = 440 Hz

Log = Callable[[dict[str, float], int], None]  # metrics, epoch


class Examples(Protocol):
    """A dataclass of arrays about N notes, from which a net learns."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __len__(self) -> int:
        """Return the number of notes, N."""


PlayedT = TypeVar("PlayedT")
ExamplesT = TypeVar("ExamplesT", bound=Examples)
Play = Callable[[np.random.Generator], PlayedT]  # makes a performance


def gather(
    invented: Sequence[Play[PlayedT]],
    human: Sequence[tuple[int, Sequence[Play[PlayedT]]]],
    draw: Callable[[int, int, np.random.Generator], Iterable[int]],
    rng: np.random.Generator,
) -> list[PlayedT]:
    """Gather performances of all sources, mixed.

    Args:
        invented: all are played.
        human: of each corpus how many to play, and which there are.
        draw: from how many there are and how many to play, which ones.
        rng: for all that is random.
    """
    found = [play(rng) for play in invented]
    for count, choices in human:
        found += [choices[int(i)](rng) for i in draw(len(choices), count, rng)]
    return [found[int(i)] for i in rng.permutation(len(found))]


def record_on_soundfonts(
    all_played: Sequence[PlayedT],
    soundfonts: Sequence[Path],
    performance_of: Callable[[PlayedT, Path], Performance],
    examples_of: Callable[[PlayedT, F32, np.random.Generator], ExamplesT],
    rng: np.random.Generator,
) -> list[list[ExamplesT]]:
    """Make examples of every performance: play it with one of the soundfonts, in turn, and record it in rooms.

    Args:
        all_played: the performances.
        soundfonts: to play them with.
        performance_of: what a soundfont is given to play.
        examples_of: records dry sound and looks at its notes.
        rng: for all that is random.
    """
    made: list[list[ExamplesT]] = [[] for _ in all_played]
    for number, soundfont in enumerate(soundfonts):
        chosen = range(number, len(all_played), len(soundfonts))
        detune = [float(d) for d in rng.uniform(-DETUNE_SEMITONE, DETUNE_SEMITONE, len(chosen))]
        performances = [performance_of(all_played[i], soundfont) for i in chosen]
        sounds = render(performances, soundfont, detune, ALIGN_SAMPLE_RATE_HZ)
        for i, dry in zip(chosen, sounds, strict=True):
            made[i] += [examples_of(all_played[i], dry, rng) for _ in range(RECORDING_COUNT)]
    return made


def join_examples(parts: Sequence[ExamplesT]) -> ExamplesT:
    """Join all examples, one after the other."""
    arrays = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(parts[0])}
    return replace(parts[0], **arrays)


def make_convolutions(layout: NetLayout, padding: str) -> list[nn.Conv1d]:
    """Make the layers of a net, with weights drawn at random."""
    return [
        nn.Conv1d(layer.in_count, layer.out_count, layer.kernel_frame, dilation=layer.dilation, padding=padding)
        for layer in layout.layers
    ]


def copy_weights(network: nn.Module) -> Net:
    """Copy the weights of a network's convolutions, for numpy."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv1d)]
    return Net(
        tuple(layer.weight.detach().numpy().copy() for layer in layers),
        tuple(layer.bias.detach().numpy().copy() for layer in layers if layer.bias is not None),
    )


def run_epochs(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    losses: Callable[[], Iterable[torch.Tensor]],
    epoch_count: int,
    log: Log,
    max_gradient: float = float("inf"),
) -> None:
    """Train a network.

    Args:
        network: changes.
        optimizer: of its parameters.
        schedule: of the learning rate; moves on with every batch.
        losses: one epoch's, batch by batch.
        epoch_count: how many.
        log: is given the mean loss of every epoch.
        max_gradient: norm to which a longer gradient is shortened.
    """
    for epoch in range(epoch_count):
        seen = []
        for loss in losses():
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            if max_gradient < float("inf"):
                nn.utils.clip_grad_norm_(network.parameters(), max_gradient)
            optimizer.step()
            schedule.step()
            seen.append(loss.item())
        log({"loss": float(np.mean(seen))}, epoch)
