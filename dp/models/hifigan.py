"""HiFi-GAN V2 generator (Kong et al. 2020), for 16 kHz: frames of numbers to waveform by transposed convolutions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dp.models.streaming import iterate_stretches

UPSAMPLING = (8, 8, 2, 2)  # each stage makes so many steps of one, in half as many channels
UPSAMPLING_KERNEL = (16, 16, 4, 4)
HOP_SAMPLE = 256  # their product: samples per frame
RESIDUAL_KERNEL = (3, 7, 11)
DILATION = (1, 3, 5)
OUTER_KERNEL = 7
SLOPE = 0.1  # of the leaky rectifiers
WEIGHT_SCALE = 0.01  # standard deviation of the initial weights
REACH_FRAME = 13  # no sample depends on frames further away than this; measured by a test
CHUNK_FRAME = 256  # made at once: bounds the memory of a long piece


@dataclass(frozen=True)
class HifiganDims:
    """Sizes of a generator; the defaults are V2's."""

    band_count: int = 80  # numbers per frame
    width: int = 128  # channels of the first stage, halved by each


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair added to its input."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=step, padding=kernel // 2 * step) for step in DILATION
        )
        self.plain = nn.ModuleList(nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in DILATION)

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, D, L] for [B, D, L]."""
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            x = x + plain(F.leaky_relu(dilated(F.leaky_relu(x, SLOPE)), SLOPE))
        return x


class Stage(nn.Module):
    """A transposed convolution, then the mean of residual blocks of different reach (multi-receptive field fusion)."""

    def __init__(self, width: int, factor: int, kernel: int) -> None:
        super().__init__()
        self.upsample = nn.ConvTranspose1d(width, width // 2, kernel, factor, padding=(kernel - factor) // 2)
        self.blocks = nn.ModuleList(ResidualBlock(width // 2, size) for size in RESIDUAL_KERNEL)

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, D / 2, L * factor] for [B, D, L]."""
        x = self.upsample(F.leaky_relu(x, SLOPE))
        return torch.stack([block(x) for block in self.blocks]).mean(dim=0)


class HifiganModel(nn.Module):
    """Generator from log-mel to waveform; training normalizes its weights and folds that away after it."""

    kind: ClassVar[str] = "hifigan"
    dims_type: ClassVar[type[HifiganDims]] = HifiganDims

    def __init__(self, dims: HifiganDims) -> None:
        super().__init__()
        self.dims = dims
        self.enter = nn.Conv1d(dims.band_count, dims.width, OUTER_KERNEL, padding=OUTER_KERNEL // 2)
        self.stages = nn.ModuleList(
            Stage(dims.width // 2**depth, factor, kernel)
            for depth, (factor, kernel) in enumerate(zip(UPSAMPLING, UPSAMPLING_KERNEL, strict=True))
        )
        self.leave = nn.Conv1d(dims.width // 2 ** len(UPSAMPLING), 1, OUTER_KERNEL, padding=OUTER_KERNEL // 2)
        for layer in [*self.stages.modules(), self.leave]:
            if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d):
                nn.init.normal_(layer.weight, std=WEIGHT_SCALE)

    def forward(self, log_mel: Tensor) -> Tensor:
        """Return samples [B, T * HOP_SAMPLE] between -1 and 1 for a log-mel [B, T, M]."""
        x = self.enter(log_mel.transpose(1, 2))
        for stage in self.stages:
            x = stage(x)
        with torch.autocast(x.device.type, enabled=False):  # bfloat16 samples would hiss
            return torch.tanh(self.leave(F.leaky_relu(x.to(self.leave.weight.dtype))))[:, 0]

    def vocode(self, log_mel: Tensor) -> Tensor:
        """Return the samples [T * HOP_SAMPLE] of a whole piece's log-mel [T, M], made in chunks."""
        return torch.cat([log_mel.new_zeros(0), *self.stream([log_mel])])

    @torch.no_grad()
    def stream(self, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
        """Yield the samples of a log-mel that comes in pieces [T, M], without seams, in pieces of whole hops."""
        for stretch in iterate_stretches(pieces, REACH_FRAME, CHUNK_FRAME):
            yield self(stretch.frames[None])[0, stretch.begin * HOP_SAMPLE : stretch.end * HOP_SAMPLE]
