"""Discriminators: networks that tell real waveforms from generated ones, by several views. Only training needs them.

Each judges samples [B, L]; a verdict is one value per place, high for what looks real, and the features it comes from.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from dp.models.weight_norm import add_weight_norm

Verdict = tuple[Tensor, list[Tensor]]  # realness [B, places], features [B, channels, ...]

PERIODS_SAMPLE = (2, 3, 5, 7, 11)  # without common factors, so that no two see the same
PERIOD_WIDTHS = (32, 128, 512, 1024, 1024)
SCALE_COUNT = 3
# channels, kernel, stride, groups of each layer
SCALE_LAYERS = ((128, 15, 1, 1), (128, 41, 2, 4), (256, 41, 2, 16), (512, 41, 4, 16), (1024, 41, 4, 16))
SCALE_LAST_LAYERS = ((1024, 41, 1, 16), (1024, 5, 1, 1))
SPECTRUM_SIZES_SAMPLE = (512, 2048)
SPECTRUM_POWER = 0.3  # of the magnitudes that are looked at, so that soft partials count beside loud ones
SPECTRUM_FLOOR = 1e-4  # of a full-scale sine; what is softer counts less
SLOPE = 0.1  # of the leaky rectifiers


class Discriminators(nn.Module):
    """Several discriminators that judge the same waveform."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, samples: Tensor) -> list[Verdict]:
        """Return the verdicts on samples [B, L], one of each member."""
        return [member(samples) for member in self.members]


def make_hifigan_discriminators() -> Discriminators:
    """Make the discriminators of Kong et al. 2020: five by period, three by scale; 71 M weights, for a GPU."""
    periods = [PeriodDiscriminator(period) for period in PERIODS_SAMPLE]
    return Discriminators([*periods, *(ScaleDiscriminator(depth) for depth in range(SCALE_COUNT))])


def make_spectrum_discriminators(width: int) -> Discriminators:
    """Make one discriminator for each resolution of the complex spectrum; cheap enough for a CPU."""
    return Discriminators([SpectrumDiscriminator(size, width) for size in SPECTRUM_SIZES_SAMPLE])


class PeriodDiscriminator(nn.Module):
    """Discriminator of the waveform folded into p columns, convolved along them alone (Kong et al. 2020)."""

    def __init__(self, period_sample: int) -> None:
        super().__init__()
        self.period_sample = period_sample
        widths = (1, *PERIOD_WIDTHS)
        strides = [3] * (len(PERIOD_WIDTHS) - 1) + [1]
        self.layers = nn.ModuleList(
            nn.Conv2d(before, after, (5, 1), (stride, 1), padding=(2, 0))
            for before, after, stride in zip(widths, widths[1:], strides, strict=False)
        )
        self.last = nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))
        add_weight_norm(self)

    def forward(self, samples: Tensor) -> Verdict:
        """Return the verdict on samples [B, L]."""
        missing = -samples.shape[1] % self.period_sample
        x = F.pad(samples[:, None], (0, missing), mode="reflect")
        rows = x.shape[2] // self.period_sample
        return _judge(x.view(len(x), 1, rows, self.period_sample), self.layers, self.last)


class ScaleDiscriminator(nn.Module):
    """Discriminator of the waveform averaged down by 2**depth, with grouped convolutions (Kumar et al. 2019)."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.depth = depth
        self.downsample = nn.Sequential(*(nn.AvgPool1d(4, 2, padding=2) for _ in range(depth)))
        layers, before = [], 1
        for after, kernel, stride, groups in SCALE_LAYERS + SCALE_LAST_LAYERS:
            layers.append(nn.Conv1d(before, after, kernel, stride, padding=kernel // 2, groups=groups))
            before = after
        self.layers = nn.ModuleList(layers)
        self.last = nn.Conv1d(before, 1, 3, padding=1)
        if depth > 0:
            add_weight_norm(self)
        else:  # the finest scale is held back by spectral normalization, as published
            for layer in [*self.layers, self.last]:
                parametrizations.spectral_norm(layer)

    def forward(self, samples: Tensor) -> Verdict:
        """Return the verdict on samples [B, L]."""
        if self.depth > 0:
            return _judge(self.downsample(samples[:, None]), self.layers, self.last)
        with torch.autocast(samples.device.type, enabled=False):  # which spectral normalization does not take
            return _judge(samples[:, None].float(), self.layers, self.last)


class SpectrumDiscriminator(nn.Module):
    """Discriminator of the complex spectrum at one resolution, phases included (after Zeghidour et al. 2021)."""

    window: Tensor

    def __init__(self, window_sample: int, width: int) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(window_sample), persistent=False)
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(3, width, (3, 9), (1, 4), padding=(1, 4)),
                nn.Conv2d(width, 2 * width, (3, 5), (1, 2), padding=(1, 2)),
                nn.Conv2d(2 * width, 2 * width, (3, 5), (2, 2), padding=(1, 2)),
                nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            ]
        )
        self.last = nn.Conv2d(2 * width, 1, 3, padding=1)
        add_weight_norm(self)

    def forward(self, samples: Tensor) -> Verdict:
        """Return the verdict on samples [B, L]; L must exceed half the window."""
        return _judge(self._compute_spectrum(samples), self.layers, self.last)

    def _compute_spectrum(self, samples: Tensor) -> Tensor:
        """Return real part, imaginary part and magnitude [B, 3, frames, bins], compressed, always in float32."""
        size = self.window.shape[0]
        spectrum = torch.stft(samples.float(), size, size // 4, window=self.window, return_complex=True)
        parts = torch.view_as_real(spectrum / (size / 4)).permute(0, 3, 2, 1)  # a full-scale sine has magnitude 1
        magnitude = (parts.square().sum(dim=1, keepdim=True) + SPECTRUM_FLOOR**2).sqrt()
        # The magnitude is a channel of its own: so few layers do not compute it from the parts.
        return torch.cat([parts * magnitude ** (SPECTRUM_POWER - 1.0), magnitude**SPECTRUM_POWER], dim=1)


def _judge(x: Tensor, layers: nn.ModuleList, last: nn.Module) -> Verdict:
    """Return the last layer's verdict and the features of all layers."""
    features = []
    for layer in layers:
        x = F.leaky_relu(layer(x), SLOPE)
        features.append(x)
    x = last(x)
    return x.flatten(1), [*features, x]
