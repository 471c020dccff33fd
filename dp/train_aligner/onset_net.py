"""Train the onset filter of dp.align: `python -m dp.train_aligner.onset_net -o WEIGHTS.npz`.

Without options it learns from invented pieces played with the soundfont that pretty_midi brings along. The packaged
weights also saw human timing and a second soundfont; `dp/align/onset_net.md` has the command.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.net_weights import write_layers
from dp.align.onsets.net import DILATION, KERNEL_FRAME, LAYER_COUNT, WIDTHS
from dp.align.onsets.patches import HOP_SAMPLE, OnsetQuery, onset_patches
from dp.align.score_events import note_context
from dp.align.spectrum import F32, at_level
from dp.align.tuning import estimate_tuning
from dp.train_aligner.command import about_training, log_epoch, parsed
from dp.train_aligner.performances import (
    Performance,
    invented_performance,
    piano_files,
    piano_performance,
    violin_names,
    violin_performance,
)
from dp.train_aligner.sounds import record, render
from dp.train_aligner.tones import play
from dp.units import IntArray

PERFORMANCES = (48, 96, 36)  # invented, violin, piano
EPOCHS = 9
RECORDINGS = 2  # rooms, microphones and noises per performance on a soundfont
REACH_FRAME = 56  # candidates of a training example: +-280 ms
TARGET_WIDTH_FRAME = 1.0  # of the Gaussian that stands for the true onset
DISTURBANCE, MISSING_SHARE = 0.7, 0.08  # of channels in training: unseen instruments need it
LEVEL_EXAMPLES = 6000
_MODULE = "dp.train_aligner.onset_net"
_BATCH_SIZE = 256
_CLEAR_FRAME = 10  # onsets of the same pitch so near the candidates may still be heard among them
_RINGING_SEC = 0.15
_SEC_PER_FRAME = HOP_SAMPLE / ALIGN_SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Examples:
    """Patches around notes and where in them the onset lies; N notes."""

    patches: F32  # [N, CHANNEL_COUNT, T]
    onset_frame: F32  # [N] fractional, counted from the first candidate; may lie outside of them


def gather(
    counts: Sequence[int], bach_violin: Path | None, vienna: Path | None, rng: np.random.Generator
) -> list[Performance]:
    """So many performances of every source that is at hand, mixed; counts as in PERFORMANCES."""
    invented, violin, piano = counts
    found = [invented_performance(i, rng) for i in range(invented)]
    if bach_violin is not None:
        names = violin_names(bach_violin)
        chosen = rng.choice(len(names), min(violin, len(names)), replace=False)
        found += [violin_performance(bach_violin, *names[int(i)], rng, 45.0) for i in chosen]
    if vienna is not None:
        files = piano_files(vienna)
        chosen = rng.choice(len(files), min(piano, len(files)), replace=False)
        found += [piano_performance(files[int(i)], rng, 60.0) for i in chosen]
    return [found[int(i)] for i in rng.permutation(len(found))]


def examples_of(performance: Performance, dry: F32, rng: np.random.Generator) -> Examples:
    """Record a performance and look at its notes from times that are off by as much as coarse alignment is."""
    samples = at_level(record(dry, ALIGN_SAMPLE_RATE_HZ, rng))
    event_count = int(performance.event.max()) + 1
    sums = np.bincount(performance.event, performance.onset_sec, event_count)
    event_sec = sums / np.maximum(np.bincount(performance.event, minlength=event_count), 1)
    near = rng.normal(0.0, 0.03, event_count)
    far = rng.choice([-1.0, 1.0], event_count) * rng.uniform(0.35, 2.5, event_count)
    kind = rng.random(event_count)
    guess = event_sec + np.where(kind < 0.5, near, np.where(kind < 0.85, rng.uniform(-0.25, 0.25, event_count), far))
    context = note_context(
        performance.pitch, performance.event, performance.onset_sec, performance.offset_sec, _RINGING_SEC
    )
    center = np.rint(guess[performance.event] / _SEC_PER_FRAME).astype(np.int64)
    query = OnsetQuery(performance.pitch, center, context)
    tuning = estimate_tuning(samples, ALIGN_SAMPLE_RATE_HZ)
    place = (performance.onset_sec / _SEC_PER_FRAME - center + REACH_FRAME).astype(np.float32)
    patches, onsets = [], []
    for index, found in onset_patches(samples, ALIGN_SAMPLE_RATE_HZ, query, tuning, REACH_FRAME):
        kept = _unambiguous(performance, center, place)[index]
        patches.append(found[kept])
        onsets.append(place[index][kept])
    return Examples(np.concatenate(patches), np.concatenate(onsets))


def _unambiguous(performance: Performance, center: IntArray, place: F32) -> npt.NDArray[np.bool_]:
    """[N] whether a note's onset is among its candidates, or no other note of its pitch begins there instead."""
    inside = _is_inside(place)
    onset_frame = performance.onset_sec / _SEC_PER_FRAME
    for i in np.flatnonzero(~inside):
        same = np.abs(onset_frame[performance.pitch == performance.pitch[i]] - center[i])
        inside[i] = same.min() > REACH_FRAME + _CLEAR_FRAME
    return inside


def build_examples(performances: list[Performance], soundfonts: list[Path], rng: np.random.Generator) -> list[Examples]:
    """Examples of every performance, recorded in rooms: played with one of the soundfonts, and on an invented
    instrument."""
    made: list[list[Examples]] = [[] for _ in performances]
    for number, soundfont in enumerate(soundfonts):
        chosen = list(range(number, len(performances), len(soundfonts)))
        detune = [float(d) for d in rng.uniform(-0.2, 0.2, len(chosen))]
        sounds = render([performances[i] for i in chosen], soundfont, detune, ALIGN_SAMPLE_RATE_HZ)
        for i, dry in zip(chosen, sounds, strict=True):
            made[i] += [examples_of(performances[i], dry, rng) for _ in range(RECORDINGS)]
    for performance, examples in zip(performances, made, strict=True):
        if not performance.pedal:
            dry = play(performance, float(rng.uniform(-0.2, 0.2)), ALIGN_SAMPLE_RATE_HZ, rng)
            examples.append(examples_of(performance, dry, rng))
    return [_joined(examples) for examples in made]


def _joined(parts: list[Examples]) -> Examples:
    return Examples(np.concatenate([p.patches for p in parts]), np.concatenate([p.onset_frame for p in parts]))


def build_network() -> nn.Sequential:
    """The layers of dp.align.onsets.net."""
    layers: list[nn.Module] = []
    for i in range(LAYER_COUNT):
        layers += [nn.Conv1d(WIDTHS[i], WIDTHS[i + 1], KERNEL_FRAME[i], dilation=DILATION[i]), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def fit(train: Examples, epoch_count: int, seed: int, log: Callable[[dict[str, float], int], None]) -> nn.Sequential:
    """Train a network; the target is the onset, blurred by TARGET_WIDTH_FRAME, among all candidates.

    Examples whose onset is not among the candidates only set the level of "not here", after training.
    """
    torch.manual_seed(seed)
    network = build_network()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    usable = np.flatnonzero(_is_inside(train.onset_frame))
    count = len(usable)
    batch_size = min(_BATCH_SIZE, count)
    step_count = epoch_count * (count // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=step_count + 1)
    order = np.random.default_rng(seed)
    candidates = torch.arange(2 * REACH_FRAME + 1, dtype=torch.float32)
    for epoch in range(epoch_count):
        total = 0.0
        shuffled = usable[order.permutation(count)]
        for at in range(0, count - batch_size + 1, batch_size):
            chosen = shuffled[at : at + batch_size]
            patches = torch.from_numpy(train.patches[chosen])
            onset = torch.from_numpy(train.onset_frame[chosen])[:, None]
            target = torch.softmax(-0.5 * ((candidates - onset) / TARGET_WIDTH_FRAME) ** 2, dim=1)
            logits = network(_disturbed(patches))[:, 0]
            loss = -(target * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += loss.item()
        log({"loss": total / (count // batch_size)}, epoch)
    _set_level(network, train)
    return network


def _disturbed(patches: torch.Tensor) -> torch.Tensor:
    """Patches as other instruments and rooms might make them: channels scaled, shifted, noisy, or missing."""
    shape = (*patches.shape[:2], 1)
    scale = torch.exp(DISTURBANCE * torch.randn(shape)) * (torch.rand(shape) > MISSING_SHARE)
    noise = 0.25 * DISTURBANCE * torch.randn_like(patches) + 0.15 * DISTURBANCE * torch.randn(shape)
    return patches * scale + noise


def _set_level(network: nn.Sequential, train: Examples) -> None:
    """Shift all logits so that 0 stands for "not here": most likely on examples with and without an onset."""
    chosen = np.random.default_rng(1).permutation(len(train.onset_frame))[:LEVEL_EXAMPLES]
    with torch.no_grad():
        logits = network(torch.from_numpy(train.patches[chosen]))[:, 0]
        total = torch.logsumexp(logits, dim=1)
        inside = torch.from_numpy(_is_inside(train.onset_frame[chosen])).float()
        levels = torch.arange(-10.0, 10.0, 0.1)
        odds = total[:, None] - levels  # of "here" against "not here"
        fit = (
            inside[:, None] * nn.functional.logsigmoid(odds) + (1 - inside[:, None]) * nn.functional.logsigmoid(-odds)
        ).sum(0)
        last = network[-1]
        assert isinstance(last, nn.Conv1d) and last.bias is not None
        last.bias -= levels[fit.argmax()]


def _is_inside(onset_frame: F32) -> npt.NDArray[np.bool_]:
    return (onset_frame > 0.5) & (onset_frame < 2 * REACH_FRAME - 0.5)


def error_ms(network: nn.Sequential, examples: Examples) -> F32:
    """Absolute errors of the likeliest candidate, where the onset is among the candidates."""
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(examples.patches[i : i + 2048]))[:, 0]
            for i in range(0, len(examples.patches), 2048)
        ]
    best = torch.cat(parts).argmax(dim=1).numpy()
    inside = _is_inside(examples.onset_frame)
    return (np.abs(best - examples.onset_frame) * np.float32(1000 * _SEC_PER_FRAME))[inside]


def save(network: nn.Sequential, path: Path, about: dict[str, object]) -> None:
    """Write the weights and what they were trained on, whole or not at all."""
    layers = [layer for layer in network if isinstance(layer, nn.Conv1d)]
    weights = [layer.weight.detach().numpy() for layer in layers]
    biases = [layer.bias.detach().numpy() for layer in layers if layer.bias is not None]
    write_layers(path, weights, biases, about)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    given = parsed(_MODULE, __doc__, PERFORMANCES, EPOCHS, arguments)
    started = time.monotonic()
    rng = np.random.default_rng(given.seed)
    performances = gather(given.performances, given.bach_violin, given.vienna, rng)
    made = build_examples(performances, given.soundfont, rng)
    held_out = max(len(made) // 10, 1)
    train = _joined(made[held_out:])
    print(f"{len(made)} performances, {len(train.onset_frame)} notes to train on, {time.monotonic() - started:.0f} s")
    network = fit(train, given.epochs, given.seed, log_epoch)
    for performance, examples in zip(performances[:held_out], made[:held_out], strict=True):
        error = error_ms(network, examples)
        print(
            f"held out {performance.name}, program {performance.program}: median {np.median(error):.1f} ms, "
            f"{100 * (error < 25).mean():.1f} % within 25 ms"
        )
    save(network, given.output, about_training(_MODULE, given, performances[held_out:]))
    print(f"{given.output}: {sum(p.numel() for p in network.parameters())} weights, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
