"""Layers of both transformers: note embedding, transformer layers, performer and tempo."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dp.types import PITCH_COUNT

TIME_COUNT = 512  # onsets: ticks (timing model) or frames (synthesis model) from the clip's start
DURATION_COUNT = 256
VELOCITY_COUNT = 128  # 0 = unknown
TEMPO_BIN_COUNT = 48  # logarithmic bins; one more stands for "unknown"
MIN_TEMPO_QPM = 20.0
MAX_TEMPO_QPM = 224.0
UNKNOWN_PERFORMER = 0  # known performers count from 1


def make_sinusoid(length: int, width: int, device: torch.device) -> Tensor:
    """Return sinusoidal positions [length, width] (Vaswani et al. 2017), sines in the even columns."""
    position = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, device=device, dtype=torch.float32) * (-math.log(10000.0) / width))
    table = torch.zeros(length, width, device=device)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


def find_tempo_bin(tempo_qpm: Tensor) -> Tensor:
    """Return the bin [B] int64 of a tempo [B] in quarters per minute: 0 = unknown (NaN), then 1 to TEMPO_BIN_COUNT."""
    part = torch.log(tempo_qpm / MIN_TEMPO_QPM) / math.log(MAX_TEMPO_QPM / MIN_TEMPO_QPM)
    index = (part * TEMPO_BIN_COUNT).floor().clamp(0, TEMPO_BIN_COUNT - 1) + 1
    return torch.where(torch.isnan(tempo_qpm), torch.zeros_like(index), index).long()


class Widen(nn.Conv1d):
    """Convolution over places, zeros beyond the ends; with a kernel of one place it is a linear layer."""

    def __init__(self, width: int, wide: int, kernel: int) -> None:
        super().__init__(width, wide, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, N, E] for [B, N, D]."""
        if self.kernel_size == (1,):
            return F.linear(x, self.weight[..., 0], self.bias)  # the same, faster
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class TransformerLayer(nn.Module):
    """Self-attention and a feed-forward, each after a layer norm, which is stable at high learning rates.

    The feed-forward's first layer sees `kernel` places at once, as FastSpeech's does (Ren et al. 2019: 9, then 1).
    """

    def __init__(self, width: int, head_count: int, feed_forward_width: int, dropout: float, kernel: int = 1) -> None:
        super().__init__()
        self.head_count = head_count
        self.norm_attention = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.merge_heads = nn.Linear(width, width)
        self.norm_feed_forward = nn.LayerNorm(width)
        self.widen = Widen(width, feed_forward_width, kernel)
        self.narrow = nn.Linear(feed_forward_width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, may_attend: Tensor, valid: Tensor) -> Tensor:
        """Return x with what each place learned of the others.

        Args:
            x: [B, N, D].
            may_attend: [B, 1, N, N] bool, query by key.
            valid: [B, N] bool; what stands elsewhere is not seen.
        """
        batch, length, width = x.shape
        heads = self.query_key_value(self.norm_attention(x)).view(batch, length, 3, self.head_count, -1)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=may_attend)
        x = x + self.dropout(self.merge_heads(mixed.transpose(1, 2).reshape(batch, length, width)))
        wide = self.widen(self.norm_feed_forward(x) * valid[..., None])
        return x + self.dropout(self.narrow(F.relu(wide)))


class TransformerStack(nn.Module):
    """Transformer layers and a closing layer norm."""

    def __init__(
        self, layer_count: int, width: int, head_count: int, feed_forward_width: int, dropout: float, kernel: int = 1
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TransformerLayer(width, head_count, feed_forward_width, dropout, kernel) for _ in range(layer_count)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, valid: Tensor) -> Tensor:
        """Encode x [B, N, D] where valid [B, N] is true; what stands in the padding changes nothing elsewhere."""
        # Padding attends to itself: a softmax over nothing would give NaN.
        itself = torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
        may_attend = (valid[:, None, :] | itself)[:, None]
        for layer in self.layers:
            x = layer(x, may_attend, valid)
        return self.norm(x)


class NoteEncoder(nn.Module):
    """Sum of four embeddings, a projection of the same numbers and the positional encoding; then a transformer."""

    def __init__(
        self, layer_count: int, width: int, head_count: int, feed_forward_width: int, dropout: float, kernel: int = 1
    ) -> None:
        super().__init__()
        self.pitch = nn.Embedding(PITCH_COUNT + 1, width, padding_idx=PITCH_COUNT)
        self.onset = nn.Embedding(TIME_COUNT, width)
        self.duration = nn.Embedding(DURATION_COUNT, width)
        self.velocity = nn.Embedding(VELOCITY_COUNT, width)
        self.project = nn.Linear(4, width)
        self.stack = TransformerStack(layer_count, width, head_count, feed_forward_width, dropout, kernel)

    def forward(self, pitch: Tensor, onset: Tensor, duration: Tensor, velocity: Tensor, valid: Tensor) -> Tensor:
        """Encode notes.

        Args:
            pitch: [B, N] int64, PITCH_COUNT in the padding.
            onset: [B, N] int64, ticks or frames from the clip's start; negative for a note carried over from before it
                (its embedding is that of 0, the projection sees the true value).
            duration: [B, N] int64, in the same unit.
            velocity: [B, N] int64, 0 = unknown.
            valid: [B, N] bool, false in the padding.

        Returns:
            [B, N, D].
        """
        numbers = torch.stack(
            [pitch / PITCH_COUNT, onset / TIME_COUNT, duration / DURATION_COUNT, velocity / VELOCITY_COUNT], dim=-1
        )
        x = self.pitch(pitch) + self.onset(onset.clamp(0, TIME_COUNT - 1))
        x = x + self.duration(duration.clamp(0, DURATION_COUNT - 1)) + self.velocity(velocity) + self.project(numbers)
        x = x + make_sinusoid(x.shape[1], x.shape[2], x.device)
        return self.stack(x, valid)


class Conditions(nn.Module):
    """Embeddings of performer and tempo: one vector per clip, added to each of its notes."""

    def __init__(self, width: int, performer_count: int) -> None:
        super().__init__()
        self.performer = nn.Embedding(performer_count + 1, width)
        self.tempo = nn.Embedding(TEMPO_BIN_COUNT + 1, width)

    def forward(self, performer: Tensor, tempo_qpm: Tensor) -> Tensor:
        """Return [B, 1, D] for performer [B] int64 (0 = unknown) and tempo [B] float32 (NaN = unknown)."""
        return (self.performer(performer) + self.tempo(find_tempo_bin(tempo_qpm)))[:, None]
