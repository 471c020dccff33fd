"""Weight normalization (Salimans & Kingma 2016): a matter of training, folded away where a model is kept or used."""

from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrizations, parametrize

N = TypeVar("N", bound=nn.Module)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d)


def add_weight_norm(network: N) -> N:
    """Normalize all convolutions of a network, in place: it computes the same, and learns length and direction."""
    for module in list(network.modules()):
        if isinstance(module, _CONVOLUTIONS) and not parametrize.is_parametrized(module):
            parametrizations.weight_norm(module)
    return network


def fold_weight_norm(network: N) -> N:
    """Make plain weights of all normalized ones, in place: it computes the same, faster."""
    for module in list(network.modules()):
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight")
    return network
