"""Compute the offset net: convolutions over time in numpy, a few thousand weights.

Its input is what `dp.align.offsets.curves` measures from a note's onset on; its output is how likely the note's sound
ends in every frame. `dp.train_aligner.offset_net` trains it; `offset_net.md` says what the packaged weights were
trained on. Letters: n notes, T frames.
"""

import numpy as np

from dp.align.net_weights import Layer, Net, NetLayout
from dp.align.offsets.curves import CHANNEL_COUNT
from dp.align.spectrum import F32
from dp.units import FloatArray, IntArray

OFFSET_NET = NetLayout(
    "offset net",
    "dp.align.offsets",
    "offset_net.npz",
    (
        Layer(CHANNEL_COUNT, 16, kernel_frame=5),
        Layer(16, 16, kernel_frame=5, dilation=2),
        Layer(16, 16, kernel_frame=5, dilation=4),
        Layer(16, 16, kernel_frame=5, dilation=8),
        Layer(16, 1, kernel_frame=1),  # looks at single frames
    ),
)
_GAP_FRAME = max(layer.reach_frame for layer in OFFSET_NET.layers) // 2  # frames of silence keep notes apart


def end_frames(net: Net, channels: F32, length: IntArray) -> FloatArray:
    """Find where notes end: the median of what the net thinks likely, which keeps absolute errors least.

    Args:
        net: the weights.
        channels: [n, T, CHANNEL_COUNT], 0 beyond each note's length.
        length: [n] frames that may hold the end.

    Returns:
        [n] frames from the first one, fractional.
    """
    # [n, T] the likelihood up to and with every frame, not normalized; [n] the frame in which half of it is reached
    logits = end_logits(net, channels, length)
    logits -= logits.max(axis=1, keepdims=True)
    reached = np.cumsum(np.exp(logits), axis=1)
    half = 0.5 * reached[:, -1:]
    frame = (reached < half).sum(axis=1)
    row = np.arange(len(frame))
    # [n] where in that frame
    before = np.where(frame > 0, reached[row, frame - 1], 0.0)
    within = (half[:, 0] - before) / np.maximum(reached[row, frame] - before, 1e-12)
    return np.asarray(frame - 0.5 + within, np.float64)


def end_logits(net: Net, channels: F32, length: IntArray) -> F32:
    """Compute the logits [n, T] of "the sound ends here"; very low beyond each note's length.

    Args:
        net: the weights.
        channels: [n, T, CHANNEL_COUNT], 0 beyond each note's length.
        length: [n] frames that may hold the end.
    """
    count, longest, width = channels.shape
    # [n * (gap + T) + gap, C] one note after the other, and where there is silence
    room = np.zeros((count, _GAP_FRAME + longest, width), np.float32)
    room[:, _GAP_FRAME:] = channels
    outside = np.ones(room.shape[:2], bool)
    outside[:, _GAP_FRAME:] = np.arange(longest) >= length[:, None]
    silent = np.append(outside, np.ones(_GAP_FRAME, bool))
    hidden = np.concatenate([room.reshape(-1, width), np.zeros((_GAP_FRAME, width), np.float32)])
    # The same frames through the layers; what leaks into the silence is put back to 0
    for number, layer in enumerate(OFFSET_NET.layers[:-1]):
        hidden = _convolve(hidden, net.weights[number], net.biases[number], layer.dilation)
        np.maximum(hidden, 0.0, out=hidden)
        hidden[silent] = 0.0
    out = hidden @ net.weights[-1][0, :, 0] + net.biases[-1]
    out[silent] = -1e9
    return out[:-_GAP_FRAME].reshape(count, -1)[:, _GAP_FRAME:]


def _convolve(signal: F32, weight: F32, bias: F32, dilation: int) -> F32:
    """Correlate [T, in] over time with [out, in, kernel] to [T, out]; the first and last frames mean nothing."""
    reach = (weight.shape[2] - 1) * dilation
    length = len(signal) - reach
    out = np.zeros((len(signal), len(weight)), np.float32)
    total = out[reach // 2 : reach // 2 + length]
    for tap, matrix in enumerate(np.ascontiguousarray(weight.transpose(2, 1, 0))):
        total += signal[tap * dilation : tap * dilation + length] @ matrix
    total += bias
    return out
