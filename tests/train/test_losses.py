import math

import torch

from dp.config import MelConfig
from dp.models.mel import LogMel
from dp.train.losses import SpectralLoss
from tests.train import tiny


def tone(hz, phase=0.0, sample_count=8192):
    """A tone in a little noise, always the same."""
    time = torch.arange(sample_count) / 16000
    noise = torch.randn(sample_count, generator=torch.Generator().manual_seed(0))
    return (0.3 * torch.sin(2 * math.pi * hz * time + phase) + 1e-3 * noise)[None]


def spectral_loss():
    return SpectralLoss(LogMel(MelConfig(band_count=20), tiny.FILTERBANK))


def test_the_spectral_loss_is_0_alike_and_grows_with_what_is_off():
    loss, true = spectral_loss(), tone(440)
    assert loss(true, true).item() == 0.0
    off = [loss(made, true).item() for made in (tone(442), tone(460), 0 * true)]
    assert 0.1 < off[0] < off[1] < off[2]


def test_the_spectral_loss_hardly_hears_phase():
    """What it hears of a shifted tone are the ends of the segment."""
    loss, true = spectral_loss(), tone(440)
    assert loss(tone(440, phase=1.0), true) < 0.5 * loss(tone(460), true)


def test_silence_has_finite_gradients():
    for true in (tone(440), 0 * tone(440)):
        made = torch.zeros(1, 8192, requires_grad=True)
        spectral_loss()(made, true).backward()
        assert torch.isfinite(made.grad).all()
