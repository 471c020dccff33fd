"""The learned offset net: convolutions over time in numpy, a few thousand weights.

Its input is what `dp.align.offsets.curves` measures from a note's onset on; its output is how likely the note's sound
ends in every frame. `dp.train_aligner.offset_net` trains it; `offset_net.md` says what the packaged weights were
trained on.
"""

import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from dp.align.net_weights import read_layers
from dp.align.offsets.curves import CHANNEL_COUNT
from dp.align.spectrum import F32
from dp.units import FloatArray, IntArray

HIDDEN_COUNT = 16
KERNEL_FRAME = 5
DILATION = (1, 2, 4, 8)
_GAP_FRAME = (KERNEL_FRAME - 1) * max(DILATION) // 2
LAYER_COUNT = len(DILATION) + 1  # the last one looks at single frames
_WEIGHTS_FILE = "offset_net.npz"


@dataclass(frozen=True)
class OffsetNet:
    """Weights [out, in, kernel] and biases [out] of the layers."""

    weights: tuple[F32, ...]
    biases: tuple[F32, ...]


def layer_shapes() -> list[tuple[int, int, int]]:
    """(out, in, kernel) of every layer."""
    inputs = [CHANNEL_COUNT] + [HIDDEN_COUNT] * (len(DILATION) - 1)
    return [(HIDDEN_COUNT, i, KERNEL_FRAME) for i in inputs] + [(1, HIDDEN_COUNT, 1)]


@functools.cache
def packaged_net() -> OffsetNet:
    """The weights that come with the package."""
    with resources.as_file(resources.files("dp.align.offsets") / _WEIGHTS_FILE) as path:
        return load_net(path)


def load_net(path: Path) -> OffsetNet:
    """Read weights.

    Raises:
        DataError: the file does not hold the layers that this module computes.
    """
    return OffsetNet(*read_layers(path, "offset net", layer_shapes()))


def end_frames(net: OffsetNet, channels: F32, length: IntArray) -> FloatArray:
    """Where notes end: the median of what the net thinks likely, which keeps absolute errors least.

    Args:
        net: the weights.
        channels: [n, T, CHANNEL_COUNT], 0 beyond each note's length.
        length: [n] frames that may hold the end.

    Returns:
        [n] frames from the first one, fractional.
    """
    logits = end_logits(net, channels, length)
    logits -= logits.max(axis=1, keepdims=True)
    reached = np.cumsum(np.exp(logits), axis=1)
    half = 0.5 * reached[:, -1:]
    frame = (reached < half).sum(axis=1)
    row = np.arange(len(frame))
    before = np.where(frame > 0, reached[row, frame - 1], 0.0)
    within = (half[:, 0] - before) / np.maximum(reached[row, frame] - before, 1e-12)
    return np.asarray(frame - 0.5 + within, np.float64)


def end_logits(net: OffsetNet, channels: F32, length: IntArray) -> F32:
    """Logits [n, T] of "the sound ends here"; very low beyond each note's length."""
    count, longest, width = channels.shape
    room = np.zeros((count, _GAP_FRAME + longest, width), np.float32)  # one note after the other, silence between them
    room[:, _GAP_FRAME:] = channels
    outside = np.ones(room.shape[:2], bool)
    outside[:, _GAP_FRAME:] = np.arange(longest) >= length[:, None]
    silent = np.append(outside, np.ones(_GAP_FRAME, bool))
    hidden = np.concatenate([room.reshape(-1, width), np.zeros((_GAP_FRAME, width), np.float32)])
    for layer, dilation in enumerate(DILATION):
        hidden = _convolve(hidden, net.weights[layer], net.biases[layer], dilation)
        np.maximum(hidden, 0.0, out=hidden)
        hidden[silent] = 0.0
    out = hidden @ net.weights[-1][0, :, 0] + net.biases[-1]
    out[silent] = -1e9
    return out[:-_GAP_FRAME].reshape(count, -1)[:, _GAP_FRAME:]


def _convolve(signal: F32, weight: F32, bias: F32, dilation: int) -> F32:
    """Correlation over time of [T, in] with [out, in, kernel] to [T, out]; its first and last frames mean nothing."""
    reach = (weight.shape[2] - 1) * dilation
    length = len(signal) - reach
    out = np.zeros((len(signal), len(weight)), np.float32)
    total = out[reach // 2 : reach // 2 + length]
    for tap, matrix in enumerate(np.ascontiguousarray(weight.transpose(2, 1, 0))):
        total += signal[tap * dilation : tap * dilation + length] @ matrix
    total += bias
    return out
