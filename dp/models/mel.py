"""Log-mel in torch, for losses of waveforms. A test holds it to the numpy log-mel (`dp.audio.mel`)."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dp.config import MelConfig


class LogMel(nn.Module):
    """Natural log of the magnitude mel spectrum, as `dp.audio.mel` defines it."""

    filterbank: Tensor
    window: Tensor

    def __init__(self, mel: MelConfig, filterbank: npt.NDArray[np.float32]) -> None:
        """Take the mel's definition and its filters [M, window / 2 + 1]."""
        super().__init__()
        self.mel = mel
        self.register_buffer("filterbank", torch.from_numpy(np.asarray(filterbank, dtype=np.float32)))
        self.register_buffer("window", torch.hann_window(mel.window_sample))

    def forward(self, samples: Tensor) -> Tensor:
        """Return the log-mel [B, T, M] of samples [B, L], T = L // hop; L must exceed (window - hop) / 2."""
        margin = (self.mel.window_sample - self.mel.hop_sample) // 2
        padded = F.pad(samples[:, None], (margin, margin), mode="reflect")[:, 0]
        spectrum = torch.stft(
            padded,
            self.mel.window_sample,
            self.mel.hop_sample,
            window=self.window,
            center=False,
            return_complex=True,
        )
        return torch.log((self.filterbank @ spectrum.abs()).clamp(min=self.mel.floor)).transpose(1, 2)
