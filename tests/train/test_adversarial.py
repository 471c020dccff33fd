from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from dp.config import MelConfig
from dp.data.segments import SegmentBatch
from dp.errors import DataError
from dp.models.discriminators import Verdict
from dp.models.mel import LogMel
from dp.train.adversarial import (
    AdversarialTrainee,
    Recipe,
    compute_adversarial_loss,
    compute_discriminator_loss,
    compute_feature_loss,
    make_discriminators,
    make_hifigan_recipe,
)
from tests.train import tiny


def verdict(score: list[float], *features: list[float]) -> Verdict:
    return torch.tensor([score]), [torch.tensor([feature]) for feature in features]


def test_least_squares() -> None:
    """Two discriminators; each counts the mean over its places."""
    real = [verdict([1.0, 0.5]), verdict([1.0])]
    made = [verdict([0.0, 1.0]), verdict([0.5])]
    assert compute_discriminator_loss(real, made).item() == pytest.approx((0.125 + 0.5) + (0.0 + 0.25))
    assert compute_adversarial_loss(made).item() == pytest.approx(0.5 + 0.25)
    perfect = [verdict([1.0, 1.0]), verdict([1.0])]
    assert compute_adversarial_loss(perfect).item() == 0.0
    assert compute_discriminator_loss(perfect, [verdict([0.0, 0.0]), verdict([0.0])]).item() == 0.0


def test_features_are_compared_layer_by_layer() -> None:
    real = [verdict([0.0], [1.0, 2.0], [0.0]), verdict([0.0], [4.0])]
    made = [verdict([9.0], [1.0, 4.0], [3.0]), verdict([9.0], [3.0])]
    assert compute_feature_loss(real, made).item() == pytest.approx(1.0 + 3.0 + 1.0)


class Gain(nn.Module):
    """A generator of one weight."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, log_mel: Tensor) -> Tensor:
        return self.gain * log_mel


class Loudness(nn.Module):
    """A discriminator that knows nothing but a weighted mean."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.1))

    def forward(self, samples: Tensor) -> list[Verdict]:
        feature = self.weight * samples
        return [(feature.mean(dim=1, keepdim=True), [feature])]


class Distance(nn.Module):
    def forward(self, predicted: Tensor, true: Tensor) -> Tensor:
        return (predicted - true).abs().mean()


@dataclass(frozen=True)
class Trained:
    """A generator and its discriminator after some steps, and what each step told."""

    trainee: AdversarialTrainee
    generator: Gain
    discriminator: Loudness
    values: list[dict[str, Tensor]]


def no_metrics(_: nn.Module) -> dict[str, float]:
    return {}


def trained_steps(adversarial_from_step: int, spectral_weight: float = 1.0, count: int = 3) -> Trained:
    generator, discriminator = Gain(0.2), Loudness()
    recipe = Recipe(Distance(), spectral_weight, adversarial_from_step, lambda step: 0.01, no_metrics)
    trainee = AdversarialTrainee(generator, discriminator, recipe)
    batch = SegmentBatch(("a",), {"log_mel": torch.ones(2, 8)}, torch.ones(2, 8))
    values = []
    for step in range(1, count + 1):
        for optimizer in trainee.optimizers.values():
            optimizer.param_groups[0]["lr"] = trainee.compute_rate(step)
        values.append(trainee.train_step(batch, step))
    return Trained(trainee, generator, discriminator, values)


def test_before_its_step_the_discriminator_neither_learns_nor_judges() -> None:
    made = trained_steps(adversarial_from_step=3)
    assert [set(step) & {"adversarial_loss", "discriminator_loss"} for step in made.values[:2]] == [set(), set()]
    expected = {"train_loss", "spectral_loss", "adversarial_loss", "feature_loss", "discriminator_loss"}
    assert expected <= set(made.values[2])
    assert not any(value.requires_grad for step in made.values for value in step.values())
    assert trained_steps(adversarial_from_step=3, count=2).discriminator.weight.item() == pytest.approx(0.1)
    assert made.discriminator.weight.item() != pytest.approx(0.1)


def test_both_learn_their_own_part() -> None:
    """Real samples are loud and made ones soft: the discriminator turns its weight up, the generator its gain."""
    made = trained_steps(adversarial_from_step=1, spectral_weight=0.0)
    assert made.discriminator.weight.item() > 0.1
    assert made.generator.gain.item() > 0.2
    assert made.values[2]["discriminator_loss"] < made.values[0]["discriminator_loss"]
    # (1 - .2 * .1) ** 2 + 2 * .8 * .1 before the first discriminator step, which moves its weight by .01
    expected = (1 - 0.2 * 0.11) ** 2 + 2 * 0.8 * 0.11
    assert made.values[0]["train_loss"].item() == pytest.approx(expected, abs=2e-3)


def test_the_generators_step_leaves_no_gradient_in_the_discriminator() -> None:
    trained = trained_steps(adversarial_from_step=1, count=1)
    weight = trained.discriminator.weight
    assert weight.grad is not None
    after_its_own = weight.grad.clone()
    real, made = torch.ones(2, 8), (torch.ones(2, 8) * 0.3).requires_grad_()
    adversarial, feature = trained.trainee._judge(real, made)
    torch.autograd.backward(adversarial + feature)
    assert made.grad is not None and made.grad.abs().sum() > 0
    assert torch.equal(weight.grad, after_its_own)
    assert weight.requires_grad


def test_hifigans_recipe_is_mel_l1_under_a_rate_that_falls_by_the_epoch() -> None:
    log_mel = LogMel(MelConfig(band_count=20), tiny.FILTERBANK)
    recipe = make_hifigan_recipe(2e-4, 1, log_mel, no_metrics)
    rates = [recipe.compute_rate(step) for step in (1, 1000, 1001, 100_001)]
    assert rates == pytest.approx([2e-4, 2e-4, 2e-4 * 0.999, 2e-4 * 0.999**100])
    ours, theirs = torch.randn(1, 4096), torch.randn(1, 4096)
    expected = (log_mel(ours) - log_mel(theirs)).abs().mean()
    assert (recipe.spectral_weight, recipe.spectral_loss(ours, theirs).item()) == (45.0, pytest.approx(expected.item()))


def test_an_unknown_discriminator() -> None:
    with pytest.raises(DataError, match=r"params.yaml: vocoder.discriminator: is 'big', expected spectrum or hifigan"):
        make_discriminators("big", "params.yaml: vocoder.discriminator")
