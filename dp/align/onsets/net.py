"""The learned onset filter: five convolutions over time in numpy, about 10 000 weights.

Its input is what `dp.align.onsets.patches` measures around a note; its output is the logit of "the note begins here"
for every 5 ms frame. `dp.train_aligner.onset_net` trains it; `onset_net.md` says what the packaged weights were
trained on.
"""

import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp.align.net_weights import read_layers
from dp.align.spectrum import F32

CHANNEL_COUNT = 12
HIDDEN_COUNT = 20
KERNEL_FRAME = (9, 7, 7, 5, 9)
DILATION = (1, 2, 4, 8, 1)
LAYER_COUNT = len(KERNEL_FRAME)
WIDTHS = (CHANNEL_COUNT, *[HIDDEN_COUNT] * (LAYER_COUNT - 1), 1)
CONTEXT_FRAME = sum((k - 1) * d for k, d in zip(KERNEL_FRAME, DILATION, strict=True)) // 2  # lost at either end
_PATCHES_AT_ONCE = 16  # keeps what the layers pass on in the cache
_WEIGHTS_FILE = "onset_net.npz"


@dataclass(frozen=True)
class OnsetNet:
    """Weights [out, in, kernel] and biases [out] of the layers."""

    weights: tuple[F32, ...]
    biases: tuple[F32, ...]


@functools.cache
def packaged_net() -> OnsetNet:
    """The weights that come with the package."""
    with resources.as_file(resources.files("dp.align.onsets") / _WEIGHTS_FILE) as path:
        return load_net(path)


def load_net(path: Path) -> OnsetNet:
    """Read weights.

    Raises:
        DataError: the file does not hold the layers that this module computes.
    """
    shapes = [(WIDTHS[i + 1], WIDTHS[i], KERNEL_FRAME[i]) for i in range(LAYER_COUNT)]
    return OnsetNet(*read_layers(path, "onset filter", shapes))


def convolve(signal: F32, weight: F32, bias: F32, dilation: int) -> F32:
    """Valid correlation over time: [N, C, T] with [O, C, K] to [N, O, T - (K - 1) * dilation]."""
    reach = (weight.shape[2] - 1) * dilation + 1
    view = np.lib.stride_tricks.sliding_window_view(signal, reach, axis=2)[..., ::dilation]  # [N, C, T', K]
    count, channels, length, kernel = view.shape
    columns = view.transpose(0, 2, 1, 3).reshape(count * length, channels * kernel)
    out: npt.NDArray[np.float32] = columns @ weight.reshape(len(weight), -1).T + bias
    return out.reshape(count, length, -1).transpose(0, 2, 1)


def onset_logits(net: OnsetNet, patches: F32) -> F32:
    """Logits [N, T - 2 * CONTEXT_FRAME] of patches [N, CHANNEL_COUNT, T]."""
    parts = []
    for at in range(0, len(patches), _PATCHES_AT_ONCE):
        hidden = patches[at : at + _PATCHES_AT_ONCE]
        for layer in range(LAYER_COUNT):
            hidden = convolve(hidden, net.weights[layer], net.biases[layer], DILATION[layer])
            if layer < LAYER_COUNT - 1:
                np.maximum(hidden, 0.0, out=hidden)
        parts.append(hidden[:, 0])
    return np.concatenate(parts)
