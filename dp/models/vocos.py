"""Vocoder after Vocos (Siuzdak 2023): log-mel to waveform by ConvNeXt blocks and an inverse Fourier transform."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dp.models.streaming import iterate_stretches

KERNEL_FRAME = 7
MAX_LOG_MAGNITUDE = 7.0  # of an STFT bin: a full-scale sine under a Hann window of 1024 has log(256) = 5.5
CHUNK_FRAME = 2048  # vocoded at once: bounds the memory of a long piece


@dataclass(frozen=True)
class VocosDims:
    """Sizes of a vocoder."""

    band_count: int = 80
    window_sample: int = 1024
    hop_sample: int = 256
    width: int = 192
    inner_width: int = 576
    layer_count: int = 8


class ConvNextBlock(nn.Module):
    """Depthwise convolution over time, then two linear layers per frame (Liu et al. 2022), added to the input."""

    def __init__(self, width: int, inner_width: int, layer_count: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(width, width, KERNEL_FRAME, padding=KERNEL_FRAME // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, inner_width)
        self.narrow = nn.Linear(inner_width, width)
        self.scale = nn.Parameter(torch.full((width,), 1.0 / layer_count))

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, T, D] for [B, T, D]."""
        # As a picture of height 1, whose channels may stay last in memory: no copy there and back.
        picture, weight = x.transpose(1, 2)[:, :, None], self.over_time.weight[:, :, None]
        padding = (0, KERNEL_FRAME // 2)
        y = F.conv2d(picture, weight, self.over_time.bias, padding=padding, groups=x.shape[2])
        y = self.norm(y[:, :, 0].transpose(1, 2))
        return x + self.scale * self.narrow(F.gelu(self.widen(y)))


def overlap_add(spectrum: Tensor, window: Tensor, hop_sample: int) -> Tensor:
    """Invert the short-time Fourier transform with the log-mel's framing: T frames make exactly T * hop samples.

    Frame t covers samples t * hop - (window - hop) / 2 onwards, as in the log-mel, so mel and waveform stay aligned.

    Args:
        spectrum: [B, T, window / 2 + 1] complex.
        window: [window], used for analysis and synthesis.
        hop_sample: samples per frame.

    Returns:
        [B, T * hop].
    """
    size, frame_count = window.shape[0], spectrum.shape[1]
    frames = torch.fft.irfft(spectrum, n=size, dim=-1) * window
    margin = (size - hop_sample) // 2
    inside = slice(margin, margin + frame_count * hop_sample)
    envelope = _add_overlapping((window**2).expand(1, frame_count, size), hop_sample)
    return _add_overlapping(frames, hop_sample)[:, inside] / envelope[:, inside]


def _add_overlapping(frames: Tensor, hop_sample: int) -> Tensor:
    """Sum frames [B, T, size], each laid a hop after the one before; hop by hop, faster than `F.fold`."""
    part_count = -(-frames.shape[2] // hop_sample)
    frames = F.pad(frames, (0, part_count * hop_sample - frames.shape[2]))
    parts = frames.reshape(*frames.shape[:2], part_count, hop_sample).unbind(2)
    summed = F.pad(parts[0], (0, 0, 0, part_count - 1))
    for late, part in enumerate(parts[1:], start=1):
        summed = summed + F.pad(part, (0, 0, late, part_count - 1 - late))
    return summed.flatten(1)


class VocosModel(nn.Module):
    """Vocoder from log-mel to waveform; all layers but the convolutions look at one frame alone.

    Two things differ from Vocos. A linear layer from log-mel to log magnitudes starts as the interpolation between mel
    bands, so that training need not learn the spectrum's outline. And phases add up: the network predicts how far each
    bin turns from frame to frame, beyond what its centre frequency does, plus an offset. See
    docs/decisions/2026-11-28-vocoder-phase.md.
    """

    kind: ClassVar[str] = "vocos"
    dims_type: ClassVar[type[VocosDims]] = VocosDims
    window: Tensor
    bin_advance: Tensor

    def __init__(self, dims: VocosDims) -> None:
        super().__init__()
        self.dims = dims
        self.enter = nn.Conv1d(dims.band_count, dims.width, KERNEL_FRAME, padding=KERNEL_FRAME // 2)
        self.enter_norm = nn.LayerNorm(dims.width)
        self.blocks = nn.ModuleList(
            ConvNextBlock(dims.width, dims.inner_width, dims.layer_count) for _ in range(dims.layer_count)
        )
        self.leave_norm = nn.LayerNorm(dims.width)
        self.leave = nn.Linear(dims.width, 3 * (dims.window_sample // 2 + 1))
        self.outline = nn.Linear(dims.band_count, dims.window_sample // 2 + 1)
        self.register_buffer("window", torch.hann_window(dims.window_sample), persistent=False)
        bins = torch.arange(dims.window_sample // 2 + 1)
        self.register_buffer(
            "bin_advance",
            2 * math.pi * (bins * dims.hop_sample % dims.window_sample) / dims.window_sample,
            persistent=False,
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        """Return samples [B, T * hop] for a log-mel [B, T, M]."""
        magnitude, advance, offset = self._predict_frames(log_mel)
        phase = offset + self._accumulate_phase(advance, self._make_rest_phase(log_mel))
        return overlap_add(torch.polar(magnitude, phase), self.window, self.dims.hop_sample)

    def _predict_frames(self, log_mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return magnitude, phase advance since the frame before, and phase offset, each [B, T, window / 2 + 1]."""
        x = self.enter_norm(self.enter(log_mel.transpose(1, 2)).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        with torch.autocast(x.device.type, enabled=False):  # phases add up, and need all their digits
            log_magnitude, advance, offset = self.leave(self.leave_norm(x.float())).chunk(3, dim=-1)
            log_magnitude = (log_magnitude + self.outline(log_mel)).clamp(max=MAX_LOG_MAGNITUDE)
        return torch.exp(log_magnitude), advance + self.bin_advance, offset

    def _make_rest_phase(self, like: Tensor) -> Tensor:
        """Return the phase before the first frame, [1, 1, window / 2 + 1] float64."""
        return torch.zeros(1, 1, self.dims.window_sample // 2 + 1, dtype=torch.float64, device=like.device)

    def _accumulate_phase(self, advance: Tensor, before: Tensor) -> Tensor:
        """Return the phase at each frame, starting from `before`; double precision keeps long pieces in tune."""
        return ((before + advance.double().cumsum(dim=1)) % (2 * math.pi)).to(advance.dtype)

    @torch.no_grad()
    def set_outline(self, filterbank: Tensor) -> None:
        """Start from the magnitudes that a log-mel made with filters [M, window / 2 + 1] suggests."""
        area = filterbank.sum(dim=1)
        # Bins that no filter covers, at both ends of the spectrum, follow the nearest band.
        share = (filterbank / filterbank.amax(dim=1, keepdim=True)).T
        covered = share.sum(dim=1) > 0
        bins = torch.arange(len(share), device=share.device)
        nearest = (bins[:, None] - bins[covered][None]).abs().argmin(dim=1)
        share = share[covered][nearest]
        share = share / share.sum(dim=1, keepdim=True)
        self.outline.weight.copy_(share)
        self.outline.bias.copy_(-share @ torch.log(area))

    def vocode(self, log_mel: Tensor) -> Tensor:
        """Return the samples [T * hop] of a whole piece's log-mel [T, M], made in chunks."""
        return torch.cat([log_mel.new_zeros(0), *self.stream([log_mel])])

    @torch.no_grad()
    def stream(self, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
        """Yield the samples of a log-mel that comes in pieces [T, M], without seams, in pieces of whole hops.

        A frame's samples come as soon as the frames that they depend on are there. Memory does not grow.
        """
        hop = self.dims.hop_sample
        overlap = -(-self.dims.window_sample // hop)
        turned = self._make_rest_phase(self.window)
        spectrum = torch.zeros(1, 0, turned.shape[2], dtype=torch.complex64, device=turned.device)
        done = 0  # frames of the spectrum whose samples have been given out
        for stretch in iterate_stretches(pieces, (1 + self.dims.layer_count) * (KERNEL_FRAME // 2), CHUNK_FRAME):
            # Magnitude and phase of the stretch; the phase goes on from where the last stretch ended.
            frames = self._predict_frames(stretch.frames[None])
            magnitude, advance, offset = (part[:, stretch.begin : stretch.end] for part in frames)
            phase = offset + self._accumulate_phase(advance, turned)
            turned = turned + advance.double().sum(dim=1, keepdim=True)
            spectrum = torch.cat([spectrum, torch.polar(magnitude, phase)], dim=1)
            # The last frames [overlap] still overlap with those to come.
            finished = spectrum.shape[1] if stretch.is_last else max(spectrum.shape[1] - overlap, done)
            if finished > done:
                yield overlap_add(spectrum, self.window, hop)[0, done * hop : finished * hop]
            kept_first = max(finished - overlap, 0)
            spectrum, done = spectrum[:, kept_first:], finished - kept_first
