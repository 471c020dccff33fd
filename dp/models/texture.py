"""The noise that real log-mels have around what can be predicted of them; see `SynthesisModel.describe`."""

import torch
from torch import Tensor

BLOCK_FRAME = 256  # noise is drawn by so many frames at a time
STREAM_STRIDE = 1_000_003  # between seeds: more blocks than any piece has


def texture_noise(seed: int, first_frame: int, frame_count: int, band_count: int) -> Tensor:
    """Standard normal noise [T, M] of some frames of a piece: the same however a piece is cut.

    Args:
        seed: another one, another noise.
        first_frame: of the piece, >= 0.
        frame_count: T.
        band_count: M.
    """
    end = first_frame + frame_count
    blocks = range(first_frame // BLOCK_FRAME, max(-(-end // BLOCK_FRAME), first_frame // BLOCK_FRAME + 1))
    noise = torch.cat([_block(seed, index, band_count) for index in blocks])
    skipped = first_frame - blocks.start * BLOCK_FRAME
    return noise[skipped : skipped + frame_count]


def _block(seed: int, index: int, band_count: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed * STREAM_STRIDE + index)
    return torch.randn(BLOCK_FRAME, band_count, generator=generator)
