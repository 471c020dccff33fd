"""Batches for training, drawn from arrays in memory under a seed: no batch waits for the disk."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch

from dp.data.arrays import SynthesisClip, TimingClip, VocoderClip
from dp.data.batches import (
    SynthesisBatch,
    TimingBatch,
    VocoderBatch,
    padded_mels,
    synthesis_inputs,
    timing_inputs,
)

C = TypeVar("C", TimingClip, SynthesisClip)
B = TypeVar("B")

# How often training hides who plays, so that "unknown performer" has a meaning when one renders without a name.
HIDDEN_PERFORMER_SHARE = 0.1


def shuffled(count: int, batch_size: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Draw batches of indices below `count`, without end: each index once per pass, in a new order each pass.

    A batch may span two passes, and where there are fewer indices than a batch holds they repeat in it.
    """
    waiting: list[int] = []
    while True:
        while len(waiting) < batch_size:
            waiting.extend(rng.permutation(count).tolist())
        yield waiting[:batch_size]
        del waiting[:batch_size]


def drawn_at(count: int, batch_size: int, seed: int, step: int) -> list[int]:
    """Indices below `count` for the batch of step 1, 2, ...: each once per pass, in a new order each pass.

    They depend on the arguments alone, so that a training can be resumed anywhere. A batch may span two passes, and
    where there are fewer indices than a batch holds they repeat in it.
    """
    places = range((step - 1) * batch_size, step * batch_size)
    orders = {turn: np.random.default_rng([seed, 0, turn]).permutation(count) for turn in {p // count for p in places}}
    return [int(orders[place // count][place % count]) for place in places]


def timing_batch(clips: Sequence[TimingClip], hidden: Sequence[bool] | None = None) -> TimingBatch:
    """A batch of these clips; `hidden` says whose performer is hidden."""
    inputs = timing_inputs([clip.written for clip in clips], _performers(clips, hidden))
    shape = inputs["pitch"].shape
    targets = torch.zeros(2, *shape)
    for row, clip in enumerate(clips):
        targets[0, row, : len(clip.onset_frame)] = torch.from_numpy(clip.onset_frame)
        targets[1, row, : len(clip.duration_frame)] = torch.from_numpy(clip.duration_frame)
    return TimingBatch(_ids(clips), inputs, targets[0], targets[1])


def synthesis_batch(clips: Sequence[SynthesisClip], hidden: Sequence[bool] | None = None) -> SynthesisBatch:
    """A batch of these clips; `hidden` says whose performer is hidden."""
    frame_counts = [len(clip.log_mel) for clip in clips]
    inputs = synthesis_inputs([clip.sounding for clip in clips], _performers(clips, hidden), frame_counts)
    return SynthesisBatch(_ids(clips), inputs, padded_mels([clip.log_mel for clip in clips]))


def synthesis_batches(clips: Sequence[SynthesisClip], batch_size: int, seed: int) -> Iterator[SynthesisBatch]:
    """Endless batches of the synthesis model's clips."""
    return _hiding(synthesis_batch, clips, batch_size, seed)


def vocoder_batches(
    clips: Sequence[VocoderClip], batch_size: int, segment_frame: int, hop_sample: int, seed: int
) -> Iterator[VocoderBatch]:
    """Endless batches of random segments; clips shorter than a segment are never drawn, so drop them beforehand."""
    rng = np.random.default_rng(seed)
    for drawn in shuffled(len(clips), batch_size, rng):
        chosen = [clips[index] for index in drawn]
        starts = [int(rng.integers(len(clip.log_mel) - segment_frame + 1)) for clip in chosen]
        pairs = list(zip(chosen, starts, strict=True))
        log_mel = np.stack([clip.log_mel[start : start + segment_frame] for clip, start in pairs])
        samples = [clip.samples[start * hop_sample : (start + segment_frame) * hop_sample] for clip, start in pairs]
        yield VocoderBatch(_ids(chosen), torch.from_numpy(log_mel), torch.from_numpy(np.stack(samples)))


def _hiding(
    collate: Callable[[Sequence[C], Sequence[bool]], B], clips: Sequence[C], batch_size: int, seed: int
) -> Iterator[B]:
    rng = np.random.default_rng(seed)
    for drawn in shuffled(len(clips), batch_size, rng):
        hidden = rng.random(len(drawn)) < HIDDEN_PERFORMER_SHARE
        yield collate([clips[index] for index in drawn], hidden.tolist())


def _performers(clips: Sequence[TimingClip | SynthesisClip], hidden: Sequence[bool] | None) -> list[int]:
    hidden = [False] * len(clips) if hidden is None else hidden
    return [0 if hide else clip.performer_index for clip, hide in zip(clips, hidden, strict=True)]


def _ids(clips: Sequence[TimingClip | SynthesisClip | VocoderClip]) -> tuple[str, ...]:
    return tuple(clip.clip.clip_id for clip in clips)
