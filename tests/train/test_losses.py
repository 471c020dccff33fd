import math

import torch

from dp.config import MelConfig
from dp.models.mel import LogMel
from dp.train.losses import SpectralLoss
from tests.train import tiny


def tone(hz, phase=0.0, sample_count=8192):
    time = torch.arange(sample_count) / 16000
    return 0.3 * torch.sin(2 * math.pi * hz * time + phase)[None]


def spectral_loss():
    return SpectralLoss(LogMel(MelConfig(band_count=20), tiny.FILTERBANK))


def test_the_spectral_loss_is_0_alike_and_grows_with_what_is_off():
    loss, true = spectral_loss(), tone(440)
    assert loss(true, true).item() == 0.0
    off = [loss(made, true).item() for made in (tone(440, phase=1.0), tone(442), tone(460), 0 * true)]
    assert off == sorted(off) and off[0] < 0.5 * off[1]


def test_silence_has_finite_gradients():
    for true in (tone(440), 0 * tone(440)):
        made = torch.zeros(1, 8192, requires_grad=True)
        spectral_loss()(made, true).backward()
        assert torch.isfinite(made.grad).all()
