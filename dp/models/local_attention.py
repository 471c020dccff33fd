"""Transformer layers that attend to a fixed number of places on either side, by distance alone.

Their cost is linear in the length, so that a whole piece goes through at once, without seams.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dp.models.layers import VELOCITY_COUNT
from dp.types import PITCH_COUNT

ROTARY_BASE = 10000.0


def rotate(x: Tensor) -> Tensor:
    """Turn queries or keys [..., N, E] by their position, so that products depend on distances (Su et al. 2021)."""
    length, width = x.shape[-2:]
    rate = ROTARY_BASE ** -(torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    angle = torch.arange(length, device=x.device, dtype=torch.float32)[:, None] * rate
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)


def attend_locally(query: Tensor, key: Tensor, value: Tensor, valid: Tensor, reach: int) -> Tensor:
    """Attend from each place to the valid ones at most `reach` away, and to itself.

    It works in blocks of `reach` places, each with itself and both neighbours. The result is exact.

    Args:
        query, key, value: [B, H, N, E].
        valid: [B, N] bool.
        reach: places to either side.

    Returns:
        [B, H, N, E].
    """
    # Blocks of queries [B, H, blocks, reach, E], the last one filled up.
    batch, head_count, length, width = query.shape
    block_count = -(-length // reach)
    fill = block_count * reach - length
    queries = F.pad(query, (0, 0, 0, fill)).view(batch, head_count, block_count, reach, width)

    def gather_surroundings(x: Tensor) -> Tensor:
        """[B, ..., N, E] to [B, ..., blocks, 3 reach, E]."""
        padded = F.pad(x, (0, 0, reach, fill + reach))
        return padded.unfold(-2, 3 * reach, reach).transpose(-1, -2)

    # Which key [3 reach] of its surroundings each query [reach] may attend to.
    place = torch.arange(3 * reach, device=query.device) - reach
    near = (place[None] - torch.arange(reach, device=query.device)[:, None]).abs() <= reach
    itself = place[None] == torch.arange(reach, device=query.device)[:, None]
    there = gather_surroundings(valid[:, None, :, None].to(query.dtype))[..., 0] > 0
    may_attend = (there[:, :, :, None] & near) | itself
    mixed = F.scaled_dot_product_attention(
        queries, gather_surroundings(key), gather_surroundings(value), attn_mask=may_attend
    )
    return mixed.reshape(batch, head_count, block_count * reach, width)[:, :, :length]


class LocalLayer(nn.Module):
    """Local attention, a depthwise convolution and a feed-forward, each after a layer norm, each added to its input."""

    def __init__(
        self, width: int, head_count: int, feed_forward_width: int, kernel: int, reach: int, dropout: float
    ) -> None:
        super().__init__()
        self.head_count = head_count
        self.reach = reach
        self.norm_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.merge_heads = nn.Linear(width, width)
        self.near = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm_feed_forward = nn.LayerNorm(width)
        self.widen = nn.Linear(width, feed_forward_width)
        self.narrow = nn.Linear(feed_forward_width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """Return x [B, N, D] with what each place learned of its surroundings; valid [B, N] bool."""
        batch, length, width = x.shape
        heads = self.query_key_value(self.norm_attention(x)).view(batch, length, 3, self.head_count, -1)
        heads = heads.permute(2, 0, 3, 1, 4)
        query, key = rotate(heads[:2])
        mixed = attend_locally(query, key, heads[2], valid, self.reach)
        x = x + self.dropout(self.merge_heads(mixed.transpose(1, 2).reshape(batch, length, width)))
        y = self.norm_feed_forward(x) * valid[..., None]
        y = y + self.near(y.transpose(1, 2)).transpose(1, 2)
        return x + self.dropout(self.narrow(F.gelu(self.widen(y))))


class LocalStack(nn.Module):
    """Local layers and a closing layer norm."""

    def __init__(
        self,
        layer_count: int,
        width: int,
        head_count: int,
        feed_forward_width: int,
        kernel: int,
        reach: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            LocalLayer(width, head_count, feed_forward_width, kernel, reach, dropout) for _ in range(layer_count)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """Encode x [B, N, D] where valid [B, N] is true; what stands in the padding changes nothing elsewhere."""
        for layer in self.layers:
            x = layer(x, valid)
        return self.norm(x)


class LocalNoteEncoder(nn.Module):
    """Note encoder that depends on a note's neighbours, and not on its place in the clip.

    Instead of the onset from the clip's start (`layers.NoteEncoder`) it reads the time to the notes before and after.
    """

    def __init__(self, width: int, stack: LocalStack) -> None:
        super().__init__()
        self.pitch = nn.Embedding(PITCH_COUNT + 1, width, padding_idx=PITCH_COUNT)
        self.project = nn.Linear(6, width)
        self.stack = stack

    def forward(self, pitch: Tensor, onset: Tensor, duration: Tensor, velocity: Tensor, valid: Tensor) -> Tensor:
        """Encode notes [B, N] as `layers.NoteEncoder` does, to [B, N, D]."""
        step = torch.diff(onset, dim=1)
        since, until = F.pad(step, (1, 0)), F.pad(step, (0, 1))
        # The first and the last note of a clip have no neighbour there; nor has the padding any.
        until = torch.where(F.pad(valid[:, 1:], (0, 1)), until, torch.zeros_like(until))
        times = torch.log1p(torch.stack([duration, since, until], dim=-1).clamp(min=0).float())
        velocity_known = (velocity > 0).float()
        numbers = [
            times,
            velocity[..., None] / VELOCITY_COUNT,
            velocity_known[..., None],
            pitch[..., None] / PITCH_COUNT,
        ]
        x = self.pitch(pitch) + self.project(torch.cat(numbers, dim=-1))
        encoded: Tensor = self.stack(x, valid)
        return encoded
