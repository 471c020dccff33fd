"""Train the offset net of dp.align: `python -m dp.train_aligner.offset_net -o WEIGHTS.npz`.

Without options it learns from invented pieces played with the soundfont that pretty_midi brings along. The packaged
weights also saw human timing and other soundfonts; `dp/align/offset_net.md` has the command.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.net_weights import write_layers
from dp.align.offsets.bands import HOP_SAMPLE
from dp.align.offsets.curves import CHANNEL_COUNT, batches_of, curves, observe
from dp.align.offsets.net import DILATION, OffsetNet, end_frames, layer_shapes
from dp.align.spectrum import F32, at_level
from dp.align.tuning import estimate_tuning
from dp.audio.synth import bundled_soundfont
from dp.train_aligner.command import about_training, log_epoch, parsed
from dp.train_aligner.offset_performances import (
    Played,
    invented_played,
    keyboard_played,
    piano_choices,
    piano_played,
    violin_choices,
    violin_played,
)
from dp.train_aligner.sounds import record, render
from dp.units import FloatArray, IntArray

F16 = npt.NDArray[np.float16]
PERFORMANCES = (130, 90, 60)  # invented, violin, piano
RECORDINGS = 2  # rooms, microphones and noises per performance
EPOCHS = 8
VIOLIN_SEC = 40.0
_MODULE = "dp.train_aligner.offset_net"
_DROWNED_SHARE, _DROWNED_DB = 0.08, (-15.0, 10.0)  # of recordings; signal against noise
_BATCH_FRAME = 24000
_SEC_PER_FRAME = HOP_SAMPLE / ALIGN_SAMPLE_RATE_HZ
_HIGHEST_RATE = 6e-3
_DISTANCE_SCALE_FRAME = 4.0  # an expected error so large counts as much as a nat of likelihood
_TARGET_WIDTH_FRAME = 0.7  # of the Gaussian that stands for the true end


@dataclass(frozen=True)
class Examples:
    """Curves around notes and where they end; N notes, their frames one after the other."""

    channels: F16  # [sum of length, CHANNEL_COUNT]
    length: IntArray  # [N]
    end_frame: FloatArray  # [N] fractional, counted from a note's first frame, below its length
    written_frame: FloatArray  # [N] where they would end by the score


def gather(
    counts: Sequence[int], bach_violin: Path | None, vienna: Path | None, rng: np.random.Generator
) -> list[Played]:
    """So many performances of every source that is at hand, mixed; counts as in PERFORMANCES."""
    invented, violin, piano = counts
    found = [invented_played(i, rng) if i % 2 else keyboard_played(i, rng) for i in range(invented)]
    if bach_violin is not None:
        names = violin_choices(bach_violin)
        chosen = [names[int(i)] for i in rng.permutation(violin) % len(names)]
        found += [violin_played(bach_violin, *name, rng, VIOLIN_SEC) for name in chosen]
    if vienna is not None:
        files = piano_choices(vienna)
        found += [piano_played(files[int(i)], rng) for i in rng.permutation(piano) % len(files)]
    return [found[int(i)] for i in rng.permutation(len(found))]


def examples_of(played: Played, dry: F32, rng: np.random.Generator) -> Examples:
    """Record a performance and look at its notes from onsets that are off by as much as aligned ones are."""
    recorded = record(dry, ALIGN_SAMPLE_RATE_HZ, rng)
    if rng.random() < _DROWNED_SHARE:  # where nothing is heard, what the score says is left
        loudness = np.sqrt((recorded**2).mean()) * 10 ** (-rng.uniform(*_DROWNED_DB) / 20)
        recorded = recorded + (loudness * rng.standard_normal(len(recorded))).astype(np.float32)
    samples = at_level(recorded)
    known = np.flatnonzero(np.isfinite(played.written_sec))
    performance = played.performance
    _, event = np.unique(performance.event[known], return_inverse=True)
    event_sec = np.bincount(event, performance.onset_sec[known]) / np.bincount(event)
    moved = rng.normal(0.0, 0.006, len(event_sec))
    moved += (rng.random(len(moved)) < 0.05) * rng.normal(0.0, 0.06, len(moved))
    onset_sec = performance.onset_sec[known] + moved[event] + rng.normal(0.0, 0.003, len(known))
    written_sec = played.written_sec[known] + np.interp(played.written_sec[known], event_sec, moved)
    onset_sec = np.clip(onset_sec, 0.0, len(samples) / ALIGN_SAMPLE_RATE_HZ - 0.05)
    tuning = estimate_tuning(samples, ALIGN_SAMPLE_RATE_HZ)
    seen = observe(samples, ALIGN_SAMPLE_RATE_HZ, performance.pitch[known], onset_sec, written_sec, tuning)
    first = np.floor(seen.onset)
    end = np.clip(played.sound_end_sec[known] / _SEC_PER_FRAME - first, 0.0, seen.length - 0.51)
    rows = [curves(seen, np.array([n]))[0].astype(np.float16) for n in range(len(known))]
    return Examples(np.concatenate(rows), seen.length, end, seen.written - first)


def build_examples(all_played: list[Played], soundfonts: list[Path], rng: np.random.Generator) -> list[Examples]:
    """Examples of every performance: each is played with one of the soundfonts and recorded in RECORDINGS rooms."""
    made: list[Examples | None] = [None] * len(all_played)
    for number, soundfont in enumerate(soundfonts):
        chosen = list(range(number, len(all_played), len(soundfonts)))
        detune = [float(d) for d in rng.uniform(-0.2, 0.2, len(chosen))]
        performances = [all_played[i].performance for i in chosen]
        if soundfont == bundled_soundfont():  # played by tinysoundfont, which knows no pedal
            performances = [
                replace(p, offset_sec=all_played[i].sound_end_sec, pedal=())
                for i, p in zip(chosen, performances, strict=True)
            ]
        sounds = render(performances, soundfont, detune, ALIGN_SAMPLE_RATE_HZ)
        for i, dry in zip(chosen, sounds, strict=True):
            made[i] = joined([examples_of(all_played[i], dry, rng) for _ in range(RECORDINGS)])
    return [m for m in made if m is not None]


def joined(parts: list[Examples]) -> Examples:
    """All examples, one after the other."""
    return Examples(
        np.concatenate([p.channels for p in parts]),
        np.concatenate([p.length for p in parts]),
        np.concatenate([p.end_frame for p in parts]),
        np.concatenate([p.written_frame for p in parts]),
    )


def batches(examples: Examples, rng: np.random.Generator | None) -> Iterator[tuple[IntArray, F32]]:
    """Notes of about the same length together, as (indices [n], channels [n, T, CHANNEL_COUNT], 0 beyond a length).

    With a generator the order, and who is with whom, are random.
    """
    begin = np.cumsum(examples.length) - examples.length
    jitter = 1.0 if rng is None else rng.uniform(0.8, 1.25, len(begin))
    order = np.argsort(examples.length * jitter, kind="stable")
    groups = list(batches_of(order, examples.length, _BATCH_FRAME))
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
        dilation = (*DILATION, 1)
        self.layers = nn.ModuleList(
            nn.Conv1d(shape[1], shape[0], shape[2], dilation=d, padding="same")
            for shape, d in zip(layer_shapes(), dilation, strict=True)
        )

    def forward(self, channels: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """Logits [n, T] of channels [n, T, CHANNEL_COUNT]; `inside` [n, T] says which frames are a note's."""
        hidden = channels.transpose(1, 2)
        for number, layer in enumerate(self.layers):
            if number > 0:
                hidden = torch.relu(hidden) * inside[:, None]
            hidden = layer(hidden)
        return hidden[:, 0].masked_fill(~inside, -1e9)

    def as_net(self) -> OffsetNet:
        """The same for numpy."""
        state = {name: value.numpy().copy() for name, value in self.layers.state_dict().items()}
        count = len(self.layers)
        return OffsetNet(
            tuple(state[f"{i}.weight"] for i in range(count)), tuple(state[f"{i}.bias"] for i in range(count))
        )


def loss_of(logits: torch.Tensor, end_frame: torch.Tensor) -> torch.Tensor:
    """How unlikely the true ends [n] are, and how far from them the likely ones lie on average."""
    frame = torch.arange(logits.shape[1], dtype=torch.float32)
    away = (frame - end_frame[:, None]).abs()
    log_likely = torch.log_softmax(logits, dim=1)
    target = torch.softmax((-0.5 * (away / _TARGET_WIDTH_FRAME) ** 2).masked_fill(log_likely < -1e8, -1e9), dim=1)
    unlikely = -(target * log_likely).sum(dim=1)
    distance = (log_likely.exp() * away).sum(dim=1)
    return (unlikely + distance / _DISTANCE_SCALE_FRAME).mean()


def _rate_at(done: float) -> float:
    """The learning rate as a share of the highest one: up for a tenth of the way, then down to nothing."""
    return float(min(done / 0.1 + 0.01, 0.5 + 0.5 * np.cos(np.pi * min(done, 1.0))))


def fit(train: Examples, epoch_count: int, seed: int, log: Callable[[dict[str, float], int], None]) -> Network:
    """Train a network."""
    torch.manual_seed(seed)
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), _HIGHEST_RATE, weight_decay=1e-3)
    rng = np.random.default_rng(seed)
    step_count = epoch_count * sum(1 for _ in batches(train, np.random.default_rng(seed)))  # about: batches vary
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate_at(step / step_count))
    for epoch in range(epoch_count):
        losses = []
        for chosen, channels in batches(train, rng):
            inside = torch.from_numpy(np.arange(channels.shape[1]) < train.length[chosen, None])
            signal = torch.from_numpy(channels)
            logits = network(signal + 0.03 * torch.randn_like(signal), inside)
            loss = loss_of(logits, torch.from_numpy(train.end_frame[chosen].astype(np.float32)))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        log({"loss": float(np.mean(losses))}, epoch)
    return network


def error_ms(net: OffsetNet, examples: Examples) -> FloatArray:
    """Absolute errors [N] as the aligner would make them."""
    found = np.empty(len(examples.length))
    for chosen, channels in batches(examples, None):
        found[chosen] = end_frames(net, channels, examples.length[chosen])
    return np.abs(found - examples.end_frame) * 1000.0 * _SEC_PER_FRAME


def save(net: OffsetNet, path: Path, about: dict[str, object]) -> None:
    """Write the weights and what they were trained on, whole or not at all."""
    write_layers(path, net.weights, net.biases, about)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    given = parsed(_MODULE, __doc__, PERFORMANCES, EPOCHS, arguments)
    started = time.monotonic()
    rng = np.random.default_rng(given.seed)
    all_played = gather(given.performances, given.bach_violin, given.vienna, rng)
    made = build_examples(all_played, given.soundfont, rng)
    held_out = max(len(made) // 20, 1)
    train = joined(made[held_out:])
    print(f"{len(made)} performances, {len(train.length)} notes to train on, {time.monotonic() - started:.0f} s")
    net = fit(train, given.epochs, given.seed, log_epoch).as_net()
    for played, examples in zip(all_played[:held_out], made[:held_out], strict=True):
        written_ms = 1000 * _SEC_PER_FRAME * np.abs(examples.written_frame - examples.end_frame).mean()
        print(
            f"held out {played.performance.name}, program {played.performance.program}: "
            f"mean {error_ms(net, examples).mean():.1f} ms, the score's offsets {written_ms:.1f} ms"
        )
    save(net, given.output, about_training(_MODULE, given, [played.performance for played in all_played[held_out:]]))
    weight_count = sum(w.size for w in (*net.weights, *net.biases))
    print(f"{given.output}: {weight_count} weights, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
