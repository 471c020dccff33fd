"""Weight normalization (Salimans & Kingma 2016), for training alone: checkpoints have plain weights."""

from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrizations, parametrize

N = TypeVar("N", bound=nn.Module)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d)


def add_weight_norm(network: N) -> N:
    """Normalize the weights of all convolutions of a network, in place: it computes the same."""
    for module in list(network.modules()):
        if isinstance(module, _CONVOLUTIONS) and not parametrize.is_parametrized(module):
            parametrizations.weight_norm(module)
    return network


def fold_weight_norm(network: N) -> N:
    """Make plain weights of all normalized ones, in place: the network computes the same, faster."""
    for module in list(network.modules()):
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
    return network
