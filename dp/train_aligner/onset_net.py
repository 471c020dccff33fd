"""Train the onset net of dp.align: `python -m dp.train_aligner.onset_net -o WEIGHTS.npz`.

Without options it learns from invented pieces played with the soundfont that pretty_midi brings along. The packaged
weights also saw human timing and a second soundfont; `dp/align/onsets/onset_net.md` has the command.

Letters: N notes, B of a batch, C channels, T frames of a patch, A candidates for the onset.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.onsets.net import CONTEXT_FRAME, ONSET_NET
from dp.align.onsets.patches import HOP_SAMPLE, OnsetQuery, iterate_onset_patches
from dp.align.score_events import note_context
from dp.align.spectrum import F32, bring_to_level
from dp.align.tuning import estimate_tuning
from dp.train_aligner import fit as shared
from dp.train_aligner.command import Training, run
from dp.train_aligner.performances import (
    Performance,
    invent_performance,
    list_piano_files,
    list_violin_names,
    read_piano_performance,
    read_violin_performance,
)
from dp.train_aligner.sounds import record
from dp.train_aligner.tones import play
from dp.units import IntArray

PERFORMANCES = (48, 96, 36)  # invented, violin, piano
EPOCHS = 9  # of the packaged weights, too
VIOLIN_SEC, PIANO_SEC = 45.0, 60.0  # of a performance
REACH_FRAME = 56  # candidates of a training example: +-280 ms
TARGET_WIDTH_FRAME = 1.0  # of the Gaussian that stands for the true onset
DISTURBANCE, MISSING_SHARE = 0.7, 0.08  # of channels in training: unseen instruments need it
LEVEL_EXAMPLES = 6000  # by which the level of "not here" is set; own choice
_BATCH_SIZE = 256  # own choice
_HIGHEST_RATE, _WEIGHT_DECAY = 5e-3, 1e-2  # own choice
_CLEAR_FRAME = 10  # onsets of the same pitch so near the candidates may still be heard among them
_RINGING_SEC = 0.15  # before an event: a note that ended since counts as before it; own choice
_SEC_PER_FRAME = HOP_SAMPLE / ALIGN_SAMPLE_RATE_HZ
_NEAR_SHARE, _AROUND_SHARE = 0.5, 0.35  # of the events, looked at from near them and from around; the rest from afar
_NEAR_SIGMA_SEC, _AROUND_SEC, _FAR_SEC = 0.03, 0.25, (0.35, 2.5)
_LEVEL_LIMIT, _LEVEL_STEP = 10.0, 0.1  # levels of "not here" that are tried, in logits


@dataclass(frozen=True)
class Examples:
    """Patches around notes and where in them the onset lies; N notes."""

    patches: F32  # [N, C, T]
    onset_frame: F32  # [N] fractional, counted from the first candidate; may lie outside of them

    def __len__(self) -> int:
        return len(self.onset_frame)


def gather(
    counts: Sequence[int], bach_violin: Path | None, vienna: Path | None, rng: np.random.Generator
) -> list[Performance]:
    """Gather as many performances as asked of every source at hand, each at most once; counts as in PERFORMANCES."""
    invented, violin, piano = counts
    human = []
    if bach_violin is not None:
        names = list_violin_names(bach_violin)
        human.append(
            (violin, [partial(read_violin_performance, bach_violin, *n, length_sec=VIOLIN_SEC) for n in names])
        )
    if vienna is not None:
        human.append(
            (piano, [partial(read_piano_performance, f, length_sec=PIANO_SEC) for f in list_piano_files(vienna)])
        )
    return shared.gather([partial(invent_performance, i) for i in range(invented)], human, _draw, rng)


def _draw(available: int, wanted: int, rng: np.random.Generator) -> IntArray:
    return rng.choice(available, min(wanted, available), replace=False)


def make_examples(performance: Performance, dry: F32, rng: np.random.Generator) -> Examples:
    """Record a performance and look at its notes from times that are off by as much as coarse alignment is."""
    samples = bring_to_level(record(dry, ALIGN_SAMPLE_RATE_HZ, rng))
    # Where events [E] are, and where they are looked for
    event_count = int(performance.event.max()) + 1
    sums = np.bincount(performance.event, performance.onset_sec, event_count)
    event_sec = sums / np.maximum(np.bincount(performance.event, minlength=event_count), 1)
    near = rng.normal(0.0, _NEAR_SIGMA_SEC, event_count)
    far = rng.choice([-1.0, 1.0], event_count) * rng.uniform(*_FAR_SEC, event_count)
    kind = rng.random(event_count)
    around = rng.uniform(-_AROUND_SEC, _AROUND_SEC, event_count)
    away = np.where(kind < _NEAR_SHARE, near, np.where(kind < _NEAR_SHARE + _AROUND_SHARE, around, far))
    # What is asked about the notes [N], and where among the candidates their onsets lie
    context = note_context(
        performance.pitch, performance.event, performance.onset_sec, performance.offset_sec, _RINGING_SEC
    )
    center = np.rint((event_sec + away)[performance.event] / _SEC_PER_FRAME).astype(np.int64)
    query = OnsetQuery(performance.pitch, center, context)
    place = (performance.onset_sec / _SEC_PER_FRAME - center + REACH_FRAME).astype(np.float32)
    is_kept = _find_unambiguous(performance, center, place)
    # The patches [N, C, T] of those that can be told
    tuning, half = estimate_tuning(samples, ALIGN_SAMPLE_RATE_HZ), REACH_FRAME + CONTEXT_FRAME
    patches, onsets = [], []
    for index, found in iterate_onset_patches(samples, ALIGN_SAMPLE_RATE_HZ, query, tuning, half):
        patches.append(found[is_kept[index]])
        onsets.append(place[index][is_kept[index]])
    return Examples(np.concatenate(patches), np.concatenate(onsets))


def _find_unambiguous(performance: Performance, center: IntArray, place: F32) -> npt.NDArray[np.bool_]:
    """Find the notes [N] whose onset is among the candidates, or where no other note of their pitch begins."""
    inside = _is_inside(place)
    onset_frame = performance.onset_sec / _SEC_PER_FRAME
    for i in np.flatnonzero(~inside):
        same = np.abs(onset_frame[performance.pitch == performance.pitch[i]] - center[i])
        inside[i] = same.min() > REACH_FRAME + _CLEAR_FRAME
    return inside


def build_examples(
    performances: Sequence[Performance], soundfonts: Sequence[Path], rng: np.random.Generator
) -> list[Examples]:
    """Build examples of every performance, played with one of the soundfonts and recorded in rooms.

    Where there is no pedal, it is played on an invented instrument, too.
    """
    made = shared.record_on_soundfonts(performances, soundfonts, lambda p, _: p, make_examples, rng)
    for performance, examples in zip(performances, made, strict=True):
        if not performance.pedal:
            detune = float(rng.uniform(-shared.DETUNE_SEMITONE, shared.DETUNE_SEMITONE))
            dry = play(performance, detune, ALIGN_SAMPLE_RATE_HZ, rng)
            examples.append(make_examples(performance, dry, rng))
    return [shared.join_examples(examples) for examples in made]


def build_network() -> nn.Sequential:
    """Build the layers of dp.align.onsets.net."""
    layers: list[nn.Module] = []
    for layer in shared.make_convolutions(ONSET_NET, padding="valid"):
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def fit(train: Examples, epoch_count: int, seed: int, log: shared.Log) -> nn.Sequential:
    """Train a network; the target is the onset, blurred by TARGET_WIDTH_FRAME, among all candidates.

    Examples whose onset is not among the candidates only set the level of "not here", after training.
    """
    torch.manual_seed(seed)
    network = build_network()
    usable = np.flatnonzero(_is_inside(train.onset_frame))
    batch_size = min(_BATCH_SIZE, len(usable))
    step_count = epoch_count * (len(usable) // batch_size)
    optimizer = torch.optim.AdamW(network.parameters(), _HIGHEST_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _HIGHEST_RATE, total_steps=step_count + 1)
    rng = np.random.default_rng(seed)

    def losses() -> Iterator[torch.Tensor]:
        shuffled = usable[rng.permutation(len(usable))]
        for at in range(0, len(usable) - batch_size + 1, batch_size):
            chosen = shuffled[at : at + batch_size]
            logits = network(_disturb(torch.from_numpy(train.patches[chosen])))[:, 0]
            yield compute_loss(logits, torch.from_numpy(train.onset_frame[chosen]))

    shared.run_epochs(network, optimizer, schedule, losses, epoch_count, log)
    _set_level(network, train)
    return network


def compute_loss(logits: torch.Tensor, onset_frame: torch.Tensor) -> torch.Tensor:
    """Compute how unlikely the true onsets [B] are, by logits [B, A]."""
    candidates = torch.arange(2 * REACH_FRAME + 1, dtype=torch.float32)
    target = torch.softmax(-0.5 * ((candidates - onset_frame[:, None]) / TARGET_WIDTH_FRAME) ** 2, dim=1)
    return -(target * torch.log_softmax(logits, dim=1)).sum(dim=1).mean()


def _disturb(patches: torch.Tensor) -> torch.Tensor:
    """Disturb patches [B, C, T] as other instruments and rooms might: scale, shift or drop channels, add noise."""
    shape = (*patches.shape[:2], 1)
    scale = torch.exp(DISTURBANCE * torch.randn(shape)) * (torch.rand(shape) > MISSING_SHARE)
    noise = 0.25 * DISTURBANCE * torch.randn_like(patches) + 0.15 * DISTURBANCE * torch.randn(shape)
    return patches * scale + noise


def _set_level(network: nn.Sequential, train: Examples) -> None:
    """Shift all logits so that 0 stands for "not here": most likely on examples with and without an onset."""
    chosen = np.random.default_rng(1).permutation(len(train))[:LEVEL_EXAMPLES]
    with torch.no_grad():
        logits = network(torch.from_numpy(train.patches[chosen]))[:, 0]
        total = torch.logsumexp(logits, dim=1)
        inside = torch.from_numpy(_is_inside(train.onset_frame[chosen])).float()
        levels = torch.arange(-_LEVEL_LIMIT, _LEVEL_LIMIT, _LEVEL_STEP)
        odds = total[:, None] - levels  # [n, levels] of "here" against "not here"
        likelihood = (
            inside[:, None] * nn.functional.logsigmoid(odds) + (1 - inside[:, None]) * nn.functional.logsigmoid(-odds)
        ).sum(0)
        last = network[-1]
        assert isinstance(last, nn.Conv1d) and last.bias is not None
        last.bias -= levels[likelihood.argmax()]


def _is_inside(onset_frame: F32) -> npt.NDArray[np.bool_]:
    return (onset_frame > 0.5) & (onset_frame < 2 * REACH_FRAME - 0.5)


def measure_error_ms(network: nn.Sequential, examples: Examples) -> F32:
    """Measure absolute errors, in milliseconds, of the likeliest candidate where the onset is among the candidates."""
    with torch.no_grad():
        parts = [
            network(torch.from_numpy(examples.patches[i : i + 2048]))[:, 0]
            for i in range(0, len(examples.patches), 2048)
        ]
    best = torch.cat(parts).argmax(dim=1).numpy()
    inside = _is_inside(examples.onset_frame)
    return (np.abs(best - examples.onset_frame) * np.float32(1000 * _SEC_PER_FRAME))[inside]


def _describe_errors(network: nn.Sequential, examples: Examples) -> str:
    error = measure_error_ms(network, examples)
    return f"median {np.median(error):.1f} ms, {100 * (error < 25).mean():.1f} % within 25 ms"


TRAINING = Training(
    module="dp.train_aligner.onset_net",
    description=__doc__,
    performances=PERFORMANCES,
    epoch_count=EPOCHS,
    held_out=10,
    gather=gather,
    build_examples=build_examples,
    fit=fit,
    performance_of=lambda performance: performance,
    describe_errors=_describe_errors,
)


def main(arguments: list[str] | None = None) -> int:
    """Train the net that the command line asks for; return the exit code."""
    return run(TRAINING, arguments)


if __name__ == "__main__":
    sys.exit(main())
