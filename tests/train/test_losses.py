import math

import torch

from dp.config import MelConfig
from dp.models.mel import LogMel
from dp.train.losses import SpectralLoss, compute_spread_shortfall, compute_texture_loss
from tests.train import tiny


def tone(hz: float, phase: float = 0.0, sample_count: int = 8192) -> torch.Tensor:
    """A tone in a little noise, always the same."""
    time = torch.arange(sample_count) / 16000
    noise = torch.randn(sample_count, generator=torch.Generator().manual_seed(0))
    return (0.3 * torch.sin(2 * math.pi * hz * time + phase) + 1e-3 * noise)[None]


def spectral_loss() -> SpectralLoss:
    return SpectralLoss(LogMel(MelConfig(band_count=20), tiny.FILTERBANK))


def test_the_spectral_loss_is_0_alike_and_grows_with_what_is_off() -> None:
    loss, true = spectral_loss(), tone(440)
    assert loss(true, true).item() == 0.0
    off = [loss(made, true).item() for made in (tone(442), tone(460), 0 * true)]
    assert 0.1 < off[0] < off[1] < off[2]


def test_the_spectral_loss_hardly_hears_phase() -> None:
    """What it hears of a shifted tone are the ends of the segment."""
    loss, true = spectral_loss(), tone(440)
    assert loss(tone(440, phase=1.0), true) < 0.5 * loss(tone(460), true)


def test_silence_has_finite_gradients() -> None:
    for true in (tone(440), 0 * tone(440)):
        made = torch.zeros(1, 8192, requires_grad=True)
        torch.autograd.backward(spectral_loss()(made, true))
        assert made.grad is not None and torch.isfinite(made.grad).all()


def noisy(spread: list[float], frame_count: int = 4000) -> torch.Tensor:
    """A log-mel [1, T, 2] that stands still but for white noise of the given spread per band."""
    noise = torch.randn(1, frame_count, 2, generator=torch.Generator().manual_seed(0))
    return noise * torch.tensor(spread)


def test_the_texture_loss_is_least_at_the_spread_of_the_noise() -> None:
    true, still = noisy([0.2, 0.6]), torch.zeros(1, 4000, 2)
    valid = torch.ones(1, 4000, dtype=torch.bool)
    log_spread = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.Adam([log_spread], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        torch.autograd.backward(compute_texture_loss(still, log_spread.exp().expand(1, 4000, 2), true, valid))
        optimizer.step()
    assert torch.allclose(log_spread.exp(), torch.tensor([0.2, 0.6]), rtol=0.05)


def test_the_texture_loss_asks_for_what_the_prediction_lacks_and_nothing_of_padding() -> None:
    true, valid = noisy([0.5, 0.5]), torch.ones(1, 4000, dtype=torch.bool)
    steps = torch.tensor([0.0, 0.5]) * torch.tensor([1.0, -1.0]).repeat(2000)[:, None]  # the second moves by 1, always
    losses, still = (
        [
            compute_texture_loss(mel[None], torch.full((1, 4000, 2), spread), true, valid).item()
            for spread in (0.3, 0.5, 0.8)
        ]
        for mel in (steps, 0 * steps)
    )
    assert min(still) == still[1]
    assert losses[0] - losses[2] < still[0] - still[2]  # what moves by itself needs less noise
    spread = torch.full((1, 4000, 2), 0.3, requires_grad=True)
    torch.autograd.backward(compute_texture_loss(0 * true, spread, true, (torch.arange(4000) < 3000)[None]))
    assert spread.grad is not None
    assert (spread.grad[:, 3000:] == 0).all() and (spread.grad[:, :2999] != 0).all()


def test_a_mel_that_moves_too_little_has_a_spread_shortfall() -> None:
    true, valid = noisy([0.2, 0.6]), torch.ones(1, 4000, dtype=torch.bool)
    losses = [compute_spread_shortfall(share * true, true, valid).item() for share in (1.0, 0.5, 0.0)]
    assert losses[0] == 0.0
    # Half the spread sqrt(2) * (0.2, 0.6) is missing, then all of it, but for the floor of 1e-3.
    assert abs(losses[1] - 0.25 * 2 * (0.2**2 + 0.6**2) / 2) < 0.01
    assert losses[1] < losses[2]
