"""Losses of the trainings."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dp.models.mel import LogMel

STFT_SIZES_SAMPLE = (512, 1024, 2048, 4096)  # windows of the spectral loss; the longest resolves the pitch
MAGNITUDE_FLOOR = 1e-5  # below it a spectral magnitude counts as silence


def compute_masked_mse(predicted: Tensor, true: Tensor, valid: Tensor) -> Tensor:
    """Compute the mean squared error where `valid` is true; `valid` broadcasts from the right, as [..., 1] does."""
    weight = valid.to(predicted.dtype).expand_as(predicted)
    return ((predicted - true) ** 2 * weight).sum() / weight.sum()


def compute_spread_shortfall(predicted: Tensor, true: Tensor, frame_valid: Tensor) -> Tensor:
    """Compute the squared difference of how far log-mels move from frame to frame, band by band.

    A mean squared error alone is least for a blurred log-mel; this loss is least for one that moves as the true one
    (cf. Toda and Tokuda 2007).

    Args:
        predicted, true: [B, T, M].
        frame_valid: [B, T] bool.
    """
    both = (frame_valid[:, 1:] & frame_valid[:, :-1])[..., None]
    count = both.sum(dim=1).clamp(min=1)

    def spread(log_mel: Tensor) -> Tensor:
        return ((log_mel.diff(dim=1) ** 2 * both).sum(dim=1) / count + 1e-6).sqrt()

    return ((spread(predicted) - spread(true)) ** 2).mean()


def compute_texture_loss(predicted: Tensor, spread: Tensor, true: Tensor, frame_valid: Tensor) -> Tensor:
    """Compute the negative log likelihood, a mean, of the true log-mel's moves under the prediction with noise.

    White noise with standard deviation s moves from frame to frame with variance 2 s^2. It supplies the movement that
    the prediction lacks.

    Args:
        predicted, true: [B, T, M].
        spread: [B, T, M] the noise's standard deviation.
        frame_valid: [B, T] bool.
    """
    both = (frame_valid[:, 1:] & frame_valid[:, :-1])[..., None]
    variance = predicted.diff(dim=1) ** 2 + spread[:, 1:] ** 2 + spread[:, :-1] ** 2
    loss = 0.5 * (torch.log(variance) + true.diff(dim=1) ** 2 / variance)
    return (loss * both).sum() / (both.sum() * predicted.shape[2])


class SpectralLoss(nn.Module):
    """Distance of two waveforms, phase apart: L1 of the log-mel, and of spectra at several resolutions.

    Each spectrum has two losses (Yamamoto et al. 2020): L1 of its logarithm is about noise and decay, spectral
    convergence about the loudest partials, and so the pitch.
    """

    def __init__(
        self, log_mel: LogMel, sizes_sample: Sequence[int] = STFT_SIZES_SAMPLE, floor: float = MAGNITUDE_FLOOR
    ) -> None:
        """Take the log-mel, the sizes of the windows (without any, it is the L1 of the log-mel alone) and the magnitude
        that counts as silence."""
        super().__init__()
        self.log_mel = log_mel
        self.floor = floor
        self.sizes_sample = tuple(sizes_sample)
        for size in self.sizes_sample:
            self.register_buffer(f"window_{size}", torch.hann_window(size))

    def forward(self, predicted: Tensor, true: Tensor) -> Tensor:
        """Return the loss, a scalar, of waveforms [B, L]; L must exceed half the longest window."""
        loss = (self.log_mel(predicted) - self.log_mel(true)).abs().mean()
        for size in self.sizes_sample:
            loss = loss + self._compute_spectrum_loss(predicted, true, size) / len(self.sizes_sample)
        return loss

    def _compute_spectrum_loss(self, predicted: Tensor, true: Tensor, size: int) -> Tensor:
        """Return L1 of log magnitudes plus spectral convergence, at one window size."""
        ours, theirs = self._compute_magnitude(predicted, size), self._compute_magnitude(true, size)
        log_distance = (torch.log(ours) - torch.log(theirs)).abs().mean()
        distance = torch.linalg.vector_norm(ours - theirs, dim=(1, 2)) / torch.linalg.vector_norm(theirs, dim=(1, 2))
        return log_distance + distance.mean()

    def _compute_magnitude(self, samples: Tensor, size: int) -> Tensor:
        """Return the magnitude spectrum [B, bins, frames] of samples [B, L]."""
        window = self.get_buffer(f"window_{size}")
        spectrum = torch.stft(samples, size, size // 4, window=window, return_complex=True)
        return spectrum.abs().clamp(min=self.floor)
