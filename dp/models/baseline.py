"""The publication's baseline: a HiFi-GAN that makes the waveform from piano roll and position roll alone."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from dp.models.hifigan import HifiganDims, HifiganModel
from dp.models.piano_roll import ROLL_COUNT, draw_rolls


@dataclass(frozen=True)
class BaselineDims:
    """Sizes of a baseline."""

    performer_count: int = 0  # known ones
    performer_width: int = 128  # of their embedding
    width: int = 128  # of the generator


class BaselineModel(nn.Module):
    """Generator of `dp.models.hifigan` whose frames are the rolls and the performer's embedding, side by side."""

    kind: ClassVar[str] = "baseline"
    dims_type: ClassVar[type[BaselineDims]] = BaselineDims

    def __init__(self, dims: BaselineDims) -> None:
        super().__init__()
        self.dims = dims
        self.performer = nn.Embedding(dims.performer_count + 1, dims.performer_width)
        self.generator = HifiganModel(HifiganDims(ROLL_COUNT + dims.performer_width, dims.width))

    def forward(
        self, pitch: Tensor, onset_frame: Tensor, duration_frame: Tensor, performer: Tensor, frame_valid: Tensor
    ) -> Tensor:
        """Make samples [B, T * HOP_SAMPLE] from notes.

        Args:
            pitch, onset_frame, duration_frame: [B, N] int64, as the synthesis model takes them.
            performer: [B] int64, 0 = unknown.
            frame_valid: [B, T] bool; its length says how many frames there are.
        """
        return self.generator(self._make_frames(pitch, onset_frame, duration_frame, performer, frame_valid))

    @torch.no_grad()
    def play(
        self, pitch: Tensor, onset_frame: Tensor, duration_frame: Tensor, performer: Tensor, frame_valid: Tensor
    ) -> Tensor:
        """Make the samples [T * HOP_SAMPLE] of a whole piece in chunks; arguments as for `forward`, with B = 1."""
        return self.generator.vocode(self._make_frames(pitch, onset_frame, duration_frame, performer, frame_valid)[0])

    def _make_frames(
        self, pitch: Tensor, onset_frame: Tensor, duration_frame: Tensor, performer: Tensor, frame_valid: Tensor
    ) -> Tensor:
        """Return the generator's input [B, T, ROLL_COUNT + performer_width]."""
        roll = draw_rolls(pitch, onset_frame, duration_frame, frame_valid.shape[1])
        return torch.cat([roll, self.performer(performer)[:, None].expand(-1, roll.shape[1], -1)], dim=-1)
