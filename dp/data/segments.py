"""Short random segments of clips, for the models that make waveforms. Seed and step alone decide which."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from dp.data.arrays import BaselineClip, VocoderClip
from dp.data.batches import Movable, make_synthesis_inputs
from dp.data.loader import HIDDEN_PERFORMER_SHARE, make_step_rng
from dp.errors import DataError

C = TypeVar("C", VocoderClip, BaselineClip)

BASELINE_INPUTS = ("pitch", "onset_frame", "duration_frame", "performer", "frame_valid")


def select_long_enough(clips: Sequence[C], segment_frame: int, hop_sample: int, subject: str) -> list[C]:
    """Return the clips that are as long as a segment; errors name `subject`.

    Raises:
        DataError: there are none.
    """
    chosen = [clip for clip in clips if len(clip.samples) >= segment_frame * hop_sample]
    if not chosen:
        raise DataError(subject, f"is {segment_frame}, longer than every clip", "lower it")
    return chosen


@dataclass(frozen=True)
class SegmentBatch(Movable):
    """B segments of T frames; `inputs` are named as the arguments of the model's forward."""

    clip_ids: tuple[str, ...]
    inputs: dict[str, Tensor]
    samples: Tensor  # [B, T * hop] float32 target


@dataclass(frozen=True)
class Segmenter:
    """Draws batches of segments; no clip may be shorter than a segment."""

    batch_size: int
    segment_frame: int
    hop_sample: int
    seed: int

    def draw_vocoder_batch(self, clips: Sequence[VocoderClip], step: int) -> SegmentBatch:
        """Draw the batch of a step: log-mels [B, T, M] and their samples."""
        chosen, starts, _ = self._draw(clips, step)
        mels = [clip.log_mel[start : start + self.segment_frame] for clip, start in zip(chosen, starts, strict=True)]
        return self._make_batch(chosen, starts, {"log_mel": torch.from_numpy(np.stack(mels))})

    def draw_baseline_batch(self, clips: Sequence[BaselineClip], step: int) -> SegmentBatch:
        """Draw the batch of a step: notes in frames from the segment's start, also those that sound outside it."""
        chosen, starts, rng = self._draw(clips, step)
        hidden = rng.random(len(chosen)) < HIDDEN_PERFORMER_SHARE
        performers = [0 if hide else clip.performer_index for clip, hide in zip(chosen, hidden, strict=True)]
        notes = [
            replace(clip.sounding, onset_frame=clip.sounding.onset_frame - start)
            for clip, start in zip(chosen, starts, strict=True)
        ]
        inputs = make_synthesis_inputs(notes, performers, [self.segment_frame] * len(chosen))
        return self._make_batch(chosen, starts, {name: inputs[name] for name in BASELINE_INPUTS})

    def _draw(self, clips: Sequence[C], step: int) -> tuple[list[C], list[int], np.random.Generator]:
        """Return clips, the first frame of the segment in each, and the generator that drew them."""
        rng = make_step_rng(step, self.seed)
        chosen = [clips[index] for index in rng.integers(len(clips), size=self.batch_size)]
        last_starts = [len(clip.samples) // self.hop_sample - self.segment_frame for clip in chosen]
        return chosen, [int(rng.integers(last + 1)) for last in last_starts], rng

    def _make_batch(
        self, clips: Sequence[VocoderClip | BaselineClip], starts: Sequence[int], inputs: dict[str, Tensor]
    ) -> SegmentBatch:
        hop, end = self.hop_sample, self.segment_frame
        samples = [clip.samples[start * hop : (start + end) * hop] for clip, start in zip(clips, starts, strict=True)]
        return SegmentBatch(tuple(clip.clip.clip_id for clip in clips), inputs, torch.from_numpy(np.stack(samples)))
