"""Mixing with learned envelopes: a note's vector changes from its attack to its release, and rings on after it.

Learned curves weight a note over the time since its onset and until its offset, both in frames on a logarithmic scale.
docs/models.md compares it with the publication's note-wise positional encoding, which depends on the relative place.
"""

import math

import torch
from torch import Tensor, nn

LONGEST_FRAME = 512  # the curves stay level beyond it
PAIRS_AT_ONCE = 65536  # of a note and a frame: bounds the memory where thousands of notes sound together
TAIL_FRAME = 48  # a note may ring on for so long: three quarters of a second


def find_sounding_pairs(
    onset_frame: Tensor, duration_frame: Tensor, frame_count: int, tail_frame: int
) -> tuple[Tensor, Tensor]:
    """Return every pair of a note and a frame in which it sounds or rings on.

    Args:
        onset_frame, duration_frame: [B, N] int64 as for `mixer.mix`.
        frame_count: T.
        tail_frame: how long notes ring on.

    Returns:
        note [P] and frame [P] int64, as indices into [B * N] and [B * T].
    """
    end_frame = torch.where(duration_frame > 0, onset_frame + duration_frame + tail_frame, onset_frame)
    first, end = onset_frame.clamp(0, frame_count).reshape(-1), end_frame.clamp(0, frame_count).reshape(-1)
    length = end - first
    note = torch.repeat_interleave(torch.arange(len(first), device=first.device), length)
    within = torch.arange(len(note), device=first.device) - torch.repeat_interleave(length.cumsum(0) - length, length)
    row = note // max(onset_frame.shape[1], 1)
    return note, row * frame_count + first[note] + within


def make_curve_basis(length: int) -> Tensor:
    """Return weights [length, K] that interpolate between knots at 0, 1, 3, 7, ... frames."""
    place = torch.log2(torch.arange(length, dtype=torch.float32) + 1.0)
    knot = torch.arange(math.ceil(float(place[-1])) + 1, dtype=torch.float32)
    return (1.0 - (place[:, None] - knot).abs()).clamp(min=0.0)


class EnvelopeMixer(nn.Module):
    """Sum of the notes' vectors under their envelopes, divided by the square root of how many sound."""

    attack_basis: Tensor
    tail_basis: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("attack_basis", make_curve_basis(LONGEST_FRAME), persistent=False)
        self.register_buffer("tail_basis", make_curve_basis(TAIL_FRAME), persistent=False)
        knots, tail_knots = self.attack_basis.shape[1], self.tail_basis.shape[1]
        self.since_onset = nn.Parameter(torch.zeros(knots, width))
        self.until_offset = nn.Parameter(torch.zeros(knots, width))
        self.since_offset = nn.Parameter(torch.zeros(tail_knots, width))

    def forward(self, embedding: Tensor, onset_frame: Tensor, duration_frame: Tensor, frame_count: int) -> Tensor:
        """Mix notes [B, N, D] to frames [B, T, D]; arguments as for `mixer.mix`."""
        # Pairs [P] of notes and frames, and the curves [frames, D] that weight them.
        batch, _, width = embedding.shape
        note, frame = find_sounding_pairs(onset_frame, duration_frame, frame_count, TAIL_FRAME)
        onset, duration = onset_frame.reshape(-1), duration_frame.reshape(-1)
        inside = self.attack_basis @ self.since_onset + 1.0
        before_end, after_end = self.attack_basis @ self.until_offset, self.tail_basis @ self.since_offset
        # Sum the weighted notes into the frames [B * T, D], some pairs at a time; count the notes that sound [B * T].
        longest = LONGEST_FRAME - 1
        flat = embedding.reshape(-1, width)
        mixed, count = flat.new_zeros(batch * frame_count, width), flat.new_zeros(batch * frame_count)
        for first in range(0, len(note), PAIRS_AT_ONCE):
            n, t = note[first : first + PAIRS_AT_ONCE], frame[first : first + PAIRS_AT_ONCE]
            since = t % frame_count - onset[n]
            left = duration[n] - 1 - since  # 0 in the last frame, negative in the tail
            weight = torch.where(
                left[:, None] >= 0,
                inside[since.clamp(0, longest)] + before_end[left.clamp(0, longest)],
                after_end[(-left - 1).clamp(0, TAIL_FRAME - 1)],
            )
            mixed = mixed.index_add(0, t, weight.to(flat.dtype) * flat[n])
            count = count.index_add(0, t, (left >= 0).to(flat.dtype))
        return (mixed / count.clamp(min=1.0).sqrt()[:, None]).view(batch, frame_count, width)
