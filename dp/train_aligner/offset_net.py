"""Train the offset net of dp.align: `python -m dp.train_aligner.offset_net -o WEIGHTS.npz`.

Without options it learns from invented pieces played with the soundfont that pretty_midi brings along. The packaged
weights also saw human timing and other soundfonts; `dp/align/offsets/offset_net.md` has the command.

Letters: N notes, n of a batch, C channels, T frames from a note's onset on.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.offsets.bands import HOP_SAMPLE
from dp.align.offsets.curves import CHANNEL_COUNT, compute_curves, observe, split_batches
from dp.align.offsets.net import OFFSET_NET, end_frames
from dp.align.spectrum import F32, bring_to_level
from dp.align.tuning import estimate_tuning
from dp.audio.synth import find_bundled_soundfont
from dp.train_aligner import fit as shared
from dp.train_aligner.command import Training, run
from dp.train_aligner.offset_performances import (
    Played,
    choose_pianos,
    choose_violins,
    invent_played,
    play_keyboard,
    play_piano,
    play_violin,
)
from dp.train_aligner.performances import Performance
from dp.train_aligner.sounds import record
from dp.units import FloatArray, IntArray

F16 = npt.NDArray[np.float16]
PERFORMANCES = (130, 90, 60)  # invented, violin, piano
EPOCHS = 8  # of the packaged weights, too
VIOLIN_SEC = 40.0  # of a performance; own choice
_DROWNED_SHARE, _DROWNED_DB = 0.08, (-15.0, 10.0)  # of recordings; signal against noise
_MOVED_SIGMA_SEC, _NOTE_SIGMA_SEC = 0.006, 0.003  # how far aligned events are off, and notes from their event
_FAR_SHARE, _FAR_SIGMA_SEC = 0.05, 0.06  # events that are off by more
_BATCH_FRAME = 24000  # of a batch's notes together; own choice
_SEC_PER_FRAME = HOP_SAMPLE / ALIGN_SAMPLE_RATE_HZ
_HIGHEST_RATE, _WEIGHT_DECAY, _MAX_GRADIENT = 6e-3, 1e-3, 1.0  # own choice
_NOISE = 0.03  # standard deviation of what is added to the curves
_DISTANCE_SCALE_FRAME = 4.0  # an expected error so large counts as much as a nat of likelihood
_TARGET_WIDTH_FRAME = 0.7  # of the Gaussian that stands for the true end


@dataclass(frozen=True)
class Examples:
    """Curves around notes and where they end; N notes, their frames one after the other."""

    channels: F16  # [sum of length, CHANNEL_COUNT]
    length: IntArray  # [N]
    end_frame: FloatArray  # [N] fractional, counted from a note's first frame, below its length
    written_frame: FloatArray  # [N] where they would end by the score

    def __len__(self) -> int:
        return len(self.length)


def gather(
    counts: Sequence[int], bach_violin: Path | None, vienna: Path | None, rng: np.random.Generator
) -> list[Played]:
    """Gather as many performances as asked of every source at hand, some more than once; counts as in PERFORMANCES."""
    invented, violin, piano = counts
    human = []
    if bach_violin is not None:
        names = choose_violins(bach_violin)
        human.append((violin, [partial(play_violin, bach_violin, *n, length_sec=VIOLIN_SEC) for n in names]))
    if vienna is not None:
        human.append((piano, [partial(play_piano, file) for file in choose_pianos(vienna)]))
    made_up = [partial(invent_played if i % 2 else play_keyboard, i) for i in range(invented)]
    return shared.gather(made_up, human, _draw, rng)


def _draw(available: int, wanted: int, rng: np.random.Generator) -> IntArray:
    return rng.permutation(wanted) % available


def make_examples(played: Played, dry: F32, rng: np.random.Generator) -> Examples:
    """Record a performance and look at its notes from onsets that are off by as much as aligned ones are."""
    recorded = record(dry, ALIGN_SAMPLE_RATE_HZ, rng)
    if rng.random() < _DROWNED_SHARE:  # where nothing is heard, what the score says is left
        loudness = np.sqrt((recorded**2).mean()) * 10 ** (-rng.uniform(*_DROWNED_DB) / 20)
        recorded = recorded + (loudness * rng.standard_normal(len(recorded))).astype(np.float32)
    samples = bring_to_level(recorded)
    # Events [E] of the notes [N] that the score has, and how far each is off
    known = np.flatnonzero(np.isfinite(played.written_sec))
    performance = played.performance
    _, event = np.unique(performance.event[known], return_inverse=True)
    event_sec = np.bincount(event, performance.onset_sec[known]) / np.bincount(event)
    moved = rng.normal(0.0, _MOVED_SIGMA_SEC, len(event_sec))
    moved += (rng.random(len(moved)) < _FAR_SHARE) * rng.normal(0.0, _FAR_SIGMA_SEC, len(moved))
    # Onsets and the score's offsets [N] as an alignment would have them
    onset_sec = performance.onset_sec[known] + moved[event] + rng.normal(0.0, _NOTE_SIGMA_SEC, len(known))
    written_sec = played.written_sec[known] + np.interp(played.written_sec[known], event_sec, moved)
    onset_sec = np.clip(onset_sec, 0.0, len(samples) / ALIGN_SAMPLE_RATE_HZ - 0.05)
    # Curves [length, C] from every onset on, and in them the true ends [N]
    tuning = estimate_tuning(samples, ALIGN_SAMPLE_RATE_HZ)
    seen = observe(samples, ALIGN_SAMPLE_RATE_HZ, performance.pitch[known], onset_sec, written_sec, tuning)
    first = np.floor(seen.onset)
    end = np.clip(played.sound_end_sec[known] / _SEC_PER_FRAME - first, 0.0, seen.length - 0.51)
    rows = [compute_curves(seen, np.array([n]))[0].astype(np.float16) for n in range(len(known))]
    return Examples(np.concatenate(rows), seen.length, end, seen.written - first)


def build_examples(
    all_played: Sequence[Played], soundfonts: Sequence[Path], rng: np.random.Generator
) -> list[Examples]:
    """Build examples of every performance: each is played with one of the soundfonts and recorded in rooms."""
    made = shared.record_on_soundfonts(all_played, soundfonts, _choose_performance, make_examples, rng)
    return [shared.join_examples(examples) for examples in made]


def _choose_performance(played: Played, soundfont: Path) -> Performance:
    """Choose what a soundfont plays: the bundled one is played by tinysoundfont, which knows no pedal."""
    if soundfont == find_bundled_soundfont():
        return replace(played.performance, offset_sec=played.sound_end_sec, pedal=())
    return played.performance


def batches(examples: Examples, rng: np.random.Generator | None) -> Iterator[tuple[IntArray, F32]]:
    """Yield notes of about the same length as (indices [n], channels [n, T, CHANNEL_COUNT], 0 beyond a length).

    With a generator the order, and who is with whom, are random.
    """
    begin = np.cumsum(examples.length) - examples.length
    jitter = 1.0 if rng is None else rng.uniform(0.8, 1.25, len(begin))
    order = np.argsort(examples.length * jitter, kind="stable")
    groups = list(split_batches(order, examples.length, _BATCH_FRAME))
    for g in range(len(groups)) if rng is None else rng.permutation(len(groups)):
        chosen = groups[int(g)]
        channels = np.zeros((len(chosen), int(examples.length[chosen].max()), CHANNEL_COUNT), np.float32)
        for row, n in enumerate(chosen):
            channels[row, : examples.length[n]] = examples.channels[begin[n] : begin[n] + examples.length[n]]
        yield chosen, channels


class Network(nn.Module):
    """The layers of dp.align.offsets.net."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(shared.make_convolutions(OFFSET_NET, padding="same"))

    def forward(self, channels: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """Compute logits [n, T] of channels [n, T, CHANNEL_COUNT]; `inside` [n, T] says which frames are a note's."""
        hidden = channels.transpose(1, 2)
        for number, layer in enumerate(self.layers):
            if number > 0:
                hidden = torch.relu(hidden) * inside[:, None]
            hidden = layer(hidden)
        return hidden[:, 0].masked_fill(~inside, -1e9)


def compute_loss(logits: torch.Tensor, end_frame: torch.Tensor) -> torch.Tensor:
    """Compute how unlikely the true ends [n] are, and how far from them the likely ones lie, by logits [n, T]."""
    frame = torch.arange(logits.shape[1], dtype=torch.float32)
    away = (frame - end_frame[:, None]).abs()
    log_likely = torch.log_softmax(logits, dim=1)
    target = torch.softmax((-0.5 * (away / _TARGET_WIDTH_FRAME) ** 2).masked_fill(log_likely < -1e8, -1e9), dim=1)
    unlikely = -(target * log_likely).sum(dim=1)
    distance = (log_likely.exp() * away).sum(dim=1)
    return (unlikely + distance / _DISTANCE_SCALE_FRAME).mean()


def _compute_rate(done: float) -> float:
    """Compute the learning rate, as a share of the highest: up for a tenth of the way, then down to nothing."""
    return float(min(done / 0.1 + 0.01, 0.5 + 0.5 * np.cos(np.pi * min(done, 1.0))))


def fit(train: Examples, epoch_count: int, seed: int, log: shared.Log) -> Network:
    """Train a network."""
    torch.manual_seed(seed)
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), _HIGHEST_RATE, weight_decay=_WEIGHT_DECAY)
    rng = np.random.default_rng(seed)
    step_count = epoch_count * sum(1 for _ in batches(train, np.random.default_rng(seed)))  # about: batches vary
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _compute_rate(step / step_count))

    def losses() -> Iterator[torch.Tensor]:
        for chosen, channels in batches(train, rng):
            inside = torch.from_numpy(np.arange(channels.shape[1]) < train.length[chosen, None])
            signal = torch.from_numpy(channels)
            logits = network(signal + _NOISE * torch.randn_like(signal), inside)
            yield compute_loss(logits, torch.from_numpy(train.end_frame[chosen].astype(np.float32)))

    shared.run_epochs(network, optimizer, schedule, losses, epoch_count, log, _MAX_GRADIENT)
    return network


def measure_error_ms(network: Network, examples: Examples) -> FloatArray:
    """Measure absolute errors [N] in milliseconds, as the aligner would make them."""
    net = shared.copy_weights(network)
    found = np.empty(len(examples))
    for chosen, channels in batches(examples, None):
        found[chosen] = end_frames(net, channels, examples.length[chosen])
    return np.abs(found - examples.end_frame) * 1000.0 * _SEC_PER_FRAME


def _describe_errors(network: Network, examples: Examples) -> str:
    written_ms = 1000 * _SEC_PER_FRAME * np.abs(examples.written_frame - examples.end_frame).mean()
    return f"mean {measure_error_ms(network, examples).mean():.1f} ms, the score's offsets {written_ms:.1f} ms"


TRAINING = Training(
    module="dp.train_aligner.offset_net",
    description=__doc__,
    performances=PERFORMANCES,
    epoch_count=EPOCHS,
    held_out=20,
    gather=gather,
    build_examples=build_examples,
    fit=fit,
    performance_of=lambda played: played.performance,
    describe_errors=_describe_errors,
)


def main(arguments: list[str] | None = None) -> int:
    """Train the net that the command line asks for; return the exit code."""
    return run(TRAINING, arguments)


if __name__ == "__main__":
    sys.exit(main())
