"""Noise that real log-mels have around what a model predicts of them; see `SynthesisModel.describe`."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

BLOCK_FRAME = 256  # noise is drawn by so many frames at a time


def draw_texture_noise(seed: int, first_frame: int, frame_count: int, band_count: int) -> Tensor:
    """Draw standard normal noise [T, M] for some frames of a piece; however it is cut, a frame's noise is the same.

    Args:
        seed: any integer; another one, another noise.
        first_frame: of the piece, >= 0.
        frame_count: T.
        band_count: M.
    """
    end = first_frame + frame_count
    drawn = [
        _draw_block(seed, index, band_count) for index in range(first_frame // BLOCK_FRAME, -(-end // BLOCK_FRAME))
    ]
    start = first_frame % BLOCK_FRAME
    noise = np.concatenate([*drawn, np.empty((0, band_count), np.float32)])
    return torch.from_numpy(noise[start : start + frame_count])


def _draw_block(seed: int, index: int, band_count: int) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng((seed % 2**64, index))
    return rng.standard_normal((BLOCK_FRAME, band_count), np.float32)
