"""Batches for training, drawn from arrays in memory. The seed and the step alone decide what a batch holds.

A training that resumes at any step therefore gets the batches of an uninterrupted one, without a stored position.
"""

import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch

from dp.data.arrays import TimingClip
from dp.data.batches import (
    SynthesisBatch,
    TimingBatch,
    make_synthesis_inputs,
    make_timing_inputs,
    pad_mels,
)
from dp.data.stretches import Stretch, SynthesisClip

C = TypeVar("C", TimingClip, SynthesisClip)
B = TypeVar("B")

# Share of the training examples that hide the performer: they teach what "unknown performer" means.
HIDDEN_PERFORMER_SHARE = 0.1

_ORDER, _CHOICE = 0, 1  # what is drawn: the order of a pass, or the details of a step


def draw_indices(step: int, count: int, batch_size: int, seed: int) -> list[int]:
    """Return the indices below `count` of the batch of step 1, 2, ...: each once per pass, in a new order each pass.

    A batch may span two passes, and where there are fewer indices than a batch holds they repeat in it.
    """
    places = range((step - 1) * batch_size, step * batch_size)
    return [int(_draw_order(place // count, count, seed)[place % count]) for place in places]


@functools.lru_cache(maxsize=4)
def _draw_order(number: int, count: int, seed: int) -> np.ndarray:
    """Return the order of the clips in pass `number`."""
    return np.random.default_rng([seed, _ORDER, number]).permutation(count)


def make_step_rng(step: int, seed: int) -> np.random.Generator:
    """Return the random generator of what a step draws beside the order of the clips."""
    return np.random.default_rng([seed, _CHOICE, step])


def make_timing_batch(clips: Sequence[TimingClip], hidden: Sequence[bool] | None = None) -> TimingBatch:
    """Make a batch of timing clips; `hidden` says of which clips the performer is hidden."""
    inputs = make_timing_inputs([clip.written for clip in clips], _hide_performers(clips, hidden))
    shape = inputs["pitch"].shape
    targets = torch.zeros(2, *shape)
    for row, clip in enumerate(clips):
        targets[0, row, : len(clip.onset_frame)] = torch.from_numpy(clip.onset_frame)
        targets[1, row, : len(clip.duration_frame)] = torch.from_numpy(clip.duration_frame)
    return TimingBatch(_list_clip_ids(clips), inputs, targets[0], targets[1])


def make_synthesis_batch(clips: Sequence[SynthesisClip], hidden: Sequence[bool] | None = None) -> SynthesisBatch:
    """Make a batch of synthesis clips; `hidden` says of which clips the performer is hidden."""
    frame_counts = [len(clip.log_mel) for clip in clips]
    inputs = make_synthesis_inputs([clip.sounding for clip in clips], _hide_performers(clips, hidden), frame_counts)
    return SynthesisBatch(_list_clip_ids(clips), inputs, pad_mels([clip.log_mel for clip in clips]))


def make_timing_sampler(clips: Sequence[TimingClip], batch_size: int, seed: int) -> Callable[[int], TimingBatch]:
    """Return the function that draws the batch of each step from the timing model's clips."""
    return _make_sampler(make_timing_batch, clips, batch_size, seed)


def make_synthesis_sampler(
    clips: Sequence[SynthesisClip], batch_size: int, seed: int
) -> Callable[[int], SynthesisBatch]:
    """Return the function that draws the batch of each step from the synthesis model's clips."""
    return _make_sampler(make_synthesis_batch, clips, batch_size, seed)


def make_crop_sampler(
    stretches: Sequence[Stretch], frame_count: int, batch_size: int, seed: int
) -> Callable[[int], SynthesisBatch]:
    """Return the function that draws each step's clips of `frame_count` frames, anywhere in the stretches.

    Shorter stretches are taken whole.
    """
    starts = np.array([max(len(stretch.log_mel) - frame_count, 0) + 1 for stretch in stretches])

    def batch_at(step: int) -> SynthesisBatch:
        rng = make_step_rng(step, seed)
        clips = []
        for place in rng.integers(starts.sum(), size=batch_size):
            chosen = int(np.searchsorted(starts.cumsum(), place, side="right"))
            first = int(place - starts[:chosen].sum())
            stretch = stretches[chosen]
            clips.append(stretch.cut(first, min(frame_count, len(stretch.log_mel))))
        return make_synthesis_batch(clips, (rng.random(batch_size) < HIDDEN_PERFORMER_SHARE).tolist())

    return batch_at


def _make_sampler(
    collate: Callable[[Sequence[C], Sequence[bool]], B], clips: Sequence[C], batch_size: int, seed: int
) -> Callable[[int], B]:
    def batch_at(step: int) -> B:
        drawn = draw_indices(step, len(clips), batch_size, seed)
        hidden = make_step_rng(step, seed).random(batch_size) < HIDDEN_PERFORMER_SHARE
        return collate([clips[index] for index in drawn], hidden.tolist())

    return batch_at


def _hide_performers(clips: Sequence[TimingClip | SynthesisClip], hidden: Sequence[bool] | None) -> list[int]:
    hidden = [False] * len(clips) if hidden is None else hidden
    return [0 if hide else clip.performer_index for clip, hide in zip(clips, hidden, strict=True)]


def _list_clip_ids(clips: Sequence[TimingClip | SynthesisClip]) -> tuple[str, ...]:
    return tuple(clip.clip.clip_id for clip in clips)
