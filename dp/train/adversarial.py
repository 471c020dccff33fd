"""Adversarial training of models that make waveforms (Kong et al. 2020): a generator against discriminators."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dp.data.segments import SegmentBatch
from dp.errors import DataError
from dp.models.discriminators import (
    Discriminators,
    Verdict,
    make_hifigan_discriminators,
    make_spectrum_discriminators,
)
from dp.models.mel import LogMel
from dp.train.loop import descend, use_mixed_precision
from dp.train.losses import SpectralLoss

FEATURE_WEIGHT = 2.0  # of the feature loss (Kong et al. 2020), beside the adversarial loss with weight 1
BETAS = (0.8, 0.99)  # of AdamW
HIFIGAN_MEL_WEIGHT = 45.0  # of the L1 of the log-mel (Kong et al. 2020)
HIFIGAN_DECAY = 0.999  # of the learning rate, once every HIFIGAN_DECAY_STEP: about an epoch of its authors' data
HIFIGAN_DECAY_STEP = 1000
SPECTRUM_WIDTH = 8  # channels of the small discriminators
DISCRIMINATORS: Mapping[str, Callable[[], Discriminators]] = {
    "spectrum": lambda: make_spectrum_discriminators(SPECTRUM_WIDTH),
    "hifigan": make_hifigan_discriminators,
}


def compute_discriminator_loss(real: Sequence[Verdict], made: Sequence[Verdict]) -> Tensor:
    """Compute the least-squares loss (Mao et al. 2017): real samples should get 1, generated ones 0; summed."""
    return torch.stack(
        [
            (real_value.float() - 1.0).square().mean() + made_value.float().square().mean()
            for (real_value, _), (made_value, _) in zip(real, made, strict=True)
        ]
    ).sum()


def compute_adversarial_loss(made: Sequence[Verdict]) -> Tensor:
    """Compute the least-squares loss of the generator: its samples should get 1; summed over discriminators."""
    return torch.stack([(value.float() - 1.0).square().mean() for value, _ in made]).sum()


def compute_feature_loss(real: Sequence[Verdict], made: Sequence[Verdict]) -> Tensor:
    """Compute the L1 between features of real and generated samples, summed over all layers of all discriminators."""
    return torch.stack(
        [
            (made_feature.float() - real_feature.float().detach()).abs().mean()
            for (_, real_features), (_, made_features) in zip(real, made, strict=True)
            for real_feature, made_feature in zip(real_features, made_features, strict=True)
        ]
    ).sum()


@dataclass(frozen=True)
class Recipe:
    """Losses, weights and learning rate that a generator is trained with."""

    spectral_loss: nn.Module  # of made and real samples [B, L]; a scalar
    spectral_weight: float  # beside the adversarial loss, which has weight 1
    adversarial_from_step: int  # before it the spectral loss is alone
    compute_rate: Callable[[int], float]  # learning rate of step 1, 2, ...
    validate: Callable[[nn.Module], dict[str, float]]


def make_hifigan_recipe(
    learning_rate: float,
    adversarial_from_step: int,
    log_mel: LogMel,
    validate: Callable[[nn.Module], dict[str, float]],
) -> Recipe:
    """Make the recipe of Kong et al. 2020: L1 of the log-mel with weight 45."""
    return Recipe(
        SpectralLoss(log_mel, ()),
        HIFIGAN_MEL_WEIGHT,
        adversarial_from_step,
        lambda step: learning_rate * HIFIGAN_DECAY ** ((step - 1) // HIFIGAN_DECAY_STEP),
        validate,
    )


def make_discriminators(name: str, subject: str) -> Discriminators:
    """Make untrained discriminators by their name in DISCRIMINATORS; errors name `subject`.

    Raises:
        DataError: there are none of that name.
    """
    if name not in DISCRIMINATORS:
        raise DataError(subject, f"is {name!r}, expected {' or '.join(DISCRIMINATORS)}", "correct it")
    return DISCRIMINATORS[name]()


class AdversarialTrainee:
    """A generator and its discriminators, as `loop.fit` trains them; see `loop.Trainee`."""

    def __init__(self, model: nn.Module, discriminators: nn.Module, recipe: Recipe) -> None:
        self.model, self.discriminators, self.recipe = model, discriminators, recipe
        self.networks: Mapping[str, nn.Module] = {"model": model, "discriminator": discriminators}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            name: torch.optim.AdamW(network.parameters(), betas=BETAS) for name, network in self.networks.items()
        }

    def compute_rate(self, step: int) -> float:
        """Return the learning rate of all optimizers."""
        return self.recipe.compute_rate(step)

    def train_step(self, batch: SegmentBatch, step: int) -> dict[str, Tensor]:
        """Train the discriminators on what the generator makes, then the generator."""
        real = batch.samples
        with use_mixed_precision(real.device):
            made = self.model(**batch.inputs)
        made = made.float()
        spectral = self.recipe.spectral_loss(made, real)
        values = {"spectral_loss": spectral.detach()}
        loss = self.recipe.spectral_weight * spectral
        if step >= self.recipe.adversarial_from_step:
            values |= self._train_discriminators(real, made.detach())
            adversarial, feature = self._judge(real, made)
            values |= {"adversarial_loss": adversarial.detach(), "feature_loss": feature.detach()}
            loss = loss + adversarial + FEATURE_WEIGHT * feature
        values["gradient_norm"] = descend(self.optimizers["model"], self.model, loss)
        return {"train_loss": loss.detach(), **values}

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return metrics on held-out clips."""
        return self.recipe.validate(model)

    def _train_discriminators(self, real: Tensor, made: Tensor) -> dict[str, Tensor]:
        """Take one step of the discriminators on real and generated samples [B, L]."""
        with use_mixed_precision(real.device):
            verdicts = self.discriminators(real), self.discriminators(made)
        loss = compute_discriminator_loss(*verdicts)
        norm = descend(self.optimizers["discriminator"], self.discriminators, loss)
        return {"discriminator_loss": loss.detach(), "discriminator_gradient_norm": norm}

    def _judge(self, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Return adversarial and feature loss of the generator, with gradients to it alone."""
        self.discriminators.requires_grad_(False)
        try:
            with use_mixed_precision(real.device):
                real_verdicts, made_verdicts = self.discriminators(real), self.discriminators(made)
        finally:
            self.discriminators.requires_grad_(True)
        return compute_adversarial_loss(made_verdicts), compute_feature_loss(real_verdicts, made_verdicts)
