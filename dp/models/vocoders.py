"""The types of vocoders, networks from log-mel to waveform, and what each of them can do."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from torch import Tensor

from dp.models.checkpoint import Model
from dp.models.hifigan import HifiganModel
from dp.models.vocos import VocosModel


class Vocoder(Model, Protocol):
    """Makes a waveform of a log-mel: a torch.nn.Module whose frame t becomes samples t * hop to (t + 1) * hop."""

    def __call__(self, log_mel: Tensor) -> Tensor:
        """Make the samples [B, T * hop] of log-mels [B, T, M], with gradients: training calls it."""

    def vocode(self, log_mel: Tensor) -> Tensor:
        """Make the samples [T * hop] of a whole piece [T, M], without gradients: evaluation calls it."""

    def stream(self, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
        """Make samples of a log-mel that comes in pieces [T, M], without gradients: rendering calls it.

        The samples come in pieces of whole hops, each as soon as the frames are there that it can depend on; together
        they are what `vocode` makes of the whole. The memory must not grow with the length:
        `dp.models.streaming.surrounded` cuts the pieces into stretches with the surroundings that can matter.
        """


VOCODER_TYPES: tuple[type[Vocoder], ...] = (VocosModel, HifiganModel)
