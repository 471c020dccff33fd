import pytest
import torch

from dp.models.discriminators import (
    PERIODS_SAMPLE,
    Discriminators,
    PeriodDiscriminator,
    ScaleDiscriminator,
    SpectrumDiscriminator,
    make_hifigan_discriminators,
    make_spectrum_discriminators,
)


def test_the_published_ones_are_eight_of_71_million_weights() -> None:
    discriminators = make_hifigan_discriminators()
    assert len(discriminators.members) == len(PERIODS_SAMPLE) + 3
    assert sum(parameter.numel() for parameter in discriminators.parameters()) == 70_724_591


@pytest.mark.parametrize(
    ("discriminator", "feature_count"),
    [(PeriodDiscriminator(3), 6), (ScaleDiscriminator(0), 8), (ScaleDiscriminator(1), 8)],
)
def test_a_verdict_is_a_score_and_the_features_behind_it(discriminator: torch.nn.Module, feature_count: int) -> None:
    score, features = discriminator(torch.randn(2, 4000))
    assert len(features) == feature_count
    assert score.shape == (2, features[-1][0].numel())
    assert all(feature.shape[0] == 2 for feature in features)


def test_a_period_sees_its_columns_apart() -> None:
    """A change in one sample moves the features of its column alone."""
    discriminator = PeriodDiscriminator(5).eval()
    samples = torch.randn(1, 5 * 300)
    changed = samples.clone()
    changed[0, 5 * 150 + 2] += 1.0
    with torch.no_grad():
        moved = (discriminator(changed)[1][-1] - discriminator(samples)[1][-1]).abs().sum(dim=(0, 1, 2))
    assert (moved > 0).tolist() == [False, False, True, False, False]


def test_a_length_that_the_period_does_not_divide_is_filled_up() -> None:
    score, _ = PeriodDiscriminator(7)(torch.randn(1, 7 * 200 + 3))
    longer, _ = PeriodDiscriminator(7)(torch.randn(1, 7 * 201))
    assert score.shape == longer.shape


def test_coarser_scales_judge_fewer_places() -> None:
    samples = torch.randn(1, 8192)
    places = [ScaleDiscriminator(depth)(samples)[0].shape[1] for depth in (0, 1, 2)]
    assert places == [128, 65, 33]


def test_the_small_ones_hear_phases() -> None:
    """Two waveforms with the same magnitudes everywhere, one of them upside down, get different verdicts."""
    torch.manual_seed(0)
    discriminator = SpectrumDiscriminator(512, 4)
    samples = torch.randn(1, 4096)
    assert not torch.allclose(discriminator(samples)[0], discriminator(-samples)[0])


def test_the_small_ones_are_small_and_judge_several_resolutions() -> None:
    discriminators = make_spectrum_discriminators(8)
    assert isinstance(discriminators, Discriminators)
    assert sum(parameter.numel() for parameter in discriminators.parameters()) < 30_000
    verdicts = discriminators(0.1 * torch.randn(2, 8192))
    assert len({features[0].shape[2:] for _, features in verdicts}) == len(verdicts) == 2


def test_silence_has_finite_gradients() -> None:
    samples = torch.zeros(1, 8192, requires_grad=True)
    torch.autograd.backward([score.sum() for score, _ in make_spectrum_discriminators(4)(samples)])
    assert samples.grad is not None and torch.isfinite(samples.grad).all()
