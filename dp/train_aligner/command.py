"""Run the trainings of the aligner's nets: `python -m dp.train_aligner.onset_net`, and the same for `offset_net`."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from torch import nn

from dp.align.net_weights import write_net
from dp.audio.synth import find_bundled_soundfont
from dp.errors import EXIT_BAD_INPUT, DataError
from dp.train_aligner.fit import ExamplesT, Log, PlayedT, copy_weights, join_examples
from dp.train_aligner.performances import Performance

NetworkT = TypeVar("NetworkT", bound=nn.Module)


@dataclass(frozen=True)
class Training(Generic[PlayedT, ExamplesT, NetworkT]):
    """How one net is trained."""

    module: str  # its full name
    description: str | None  # of which the first line is shown
    performances: tuple[int, int, int]  # how many by default: invented, violin, piano
    epoch_count: int  # by default
    held_out: int  # one performance in so many
    gather: Callable[[Sequence[int], Path | None, Path | None, np.random.Generator], list[PlayedT]]
    build_examples: Callable[[Sequence[PlayedT], Sequence[Path], np.random.Generator], list[ExamplesT]]
    fit: Callable[[ExamplesT, int, int, Log], NetworkT]
    performance_of: Callable[[PlayedT], Performance]
    describe_errors: Callable[[NetworkT, ExamplesT], str]  # on a performance that was held out


def run(training: Training[PlayedT, ExamplesT, NetworkT], arguments: list[str] | None) -> int:
    """Train a net, say how it does on performances that were held out, and write its weights.

    Args:
        training: of the net.
        arguments: None: the process's own.

    Returns:
        The exit code. Bad data is one line on standard error.
    """
    given = _parse(training, arguments)
    try:
        _train(training, given)
    except DataError as error:
        print(f"{training.module}: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    return 0


def _train(training: Training[PlayedT, ExamplesT, NetworkT], given: argparse.Namespace) -> None:
    started = time.monotonic()
    rng = np.random.default_rng(given.seed)
    all_played = training.gather(given.performances, given.bach_violin, given.vienna, rng)
    made = training.build_examples(all_played, given.soundfont, rng)
    held_out = max(len(made) // training.held_out, 1)
    train = join_examples(made[held_out:])
    print(f"{len(made)} performances, {len(train)} notes to train on, {time.monotonic() - started:.0f} s")
    network = training.fit(train, given.epochs, given.seed, log_epoch)
    performances = [training.performance_of(played) for played in all_played]
    for performance, examples in zip(performances[:held_out], made[:held_out], strict=True):
        errors = training.describe_errors(network, examples)
        print(f"held out {performance.name}, program {performance.program}: {errors}")
    write_net(given.output, copy_weights(network), _describe(training.module, given, performances[held_out:]))
    weight_count = sum(p.numel() for p in network.parameters())
    print(f"{given.output}: {weight_count} weights, {time.monotonic() - started:.0f} s")


def log_epoch(metrics: dict[str, float], epoch: int) -> None:
    """Print how training goes."""
    print(f"epoch {epoch}: loss {metrics['loss']:.3f}", flush=True)


def _parse(training: Training[PlayedT, ExamplesT, NetworkT], arguments: list[str] | None) -> argparse.Namespace:
    description = (training.description or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog=f"python -m {training.module}", description=description)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the weights, .npz")
    parser.add_argument("--bach-violin", type=Path, help="folder of the Bach Violin Dataset: human violin timing")
    parser.add_argument("--vienna", type=Path, help="folder of Vienna 4x22: human piano playing")
    parser.add_argument("--soundfont", type=Path, action="append", default=[], help="play with these (fluidsynth)")
    counts = ("INVENTED", "VIOLIN", "PIANO")
    parser.add_argument("--performances", type=int, nargs=3, default=training.performances, metavar=counts)
    parser.add_argument("--epochs", type=int, default=training.epoch_count)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    given.soundfont = given.soundfont or [find_bundled_soundfont()]
    return given


def _describe(module: str, given: argparse.Namespace, performances: Sequence[Performance]) -> dict[str, object]:
    """Describe the training for the weights' file: nothing that differs from one run to the next."""
    sources = (("bach-violin", given.bach_violin), ("vienna", given.vienna))
    return {
        "command": f"python -m {module}",
        "sources": [name for name, folder in sources if folder],
        "seed": given.seed,
        "epochs": given.epochs,
        "soundfonts": [soundfont.name for soundfont in given.soundfont],
        "performances": sorted(f"{p.name} program {p.program}" for p in performances),
    }
