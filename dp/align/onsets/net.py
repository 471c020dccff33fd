"""Compute the onset net: five convolutions over time in numpy, about 10 000 weights.

Its input is what `dp.align.onsets.patches` measures around a note; its output is the logit of "the note begins here"
for every 5 ms frame. `dp.train_aligner.onset_net` trains it; `onset_net.md` says what the packaged weights were
trained on. Letters: N notes, C channels, T frames.
"""

import numpy as np

from dp.align.net_weights import Layer, Net, NetLayout
from dp.align.onsets.patches import CHANNEL_COUNT
from dp.align.spectrum import F32

ONSET_NET = NetLayout(
    "onset net",
    "dp.align.onsets",
    "onset_net.npz",
    (
        Layer(CHANNEL_COUNT, 20, kernel_frame=9),
        Layer(20, 20, kernel_frame=7, dilation=2),
        Layer(20, 20, kernel_frame=7, dilation=4),
        Layer(20, 20, kernel_frame=5, dilation=8),
        Layer(20, 1, kernel_frame=9),
    ),
)
CONTEXT_FRAME = sum(layer.reach_frame for layer in ONSET_NET.layers) // 2  # frames lost at either end
_PATCHES_AT_ONCE = 8  # keeps what the layers pass on in the cache


def convolve(signal: F32, weight: F32, bias: F32, dilation: int) -> F32:
    """Correlate over time: [C, T] with [O, C, K] to [O, T - (K - 1) * dilation]."""
    length = signal.shape[1] - (weight.shape[2] - 1) * dilation
    taps = np.ascontiguousarray(weight.transpose(2, 0, 1))
    out: F32 = taps[0] @ signal[:, :length]
    for number, tap in enumerate(taps[1:], 1):
        out += tap @ signal[:, number * dilation : number * dilation + length]
    out += bias[:, None]
    return out


def compute_onset_logits(net: Net, patches: F32) -> F32:
    """Compute logits [N, T - 2 * CONTEXT_FRAME] of patches [N, CHANNEL_COUNT, T]."""
    length = patches.shape[2]
    out = np.empty((len(patches), length - 2 * CONTEXT_FRAME), np.float32)
    for at in range(0, len(patches), _PATCHES_AT_ONCE):
        # [C, n * T] patches one after the other; what is computed across two of them is dropped
        some = patches[at : at + _PATCHES_AT_ONCE]
        hidden = some.transpose(1, 0, 2).reshape(some.shape[1], -1)
        for number, layer in enumerate(ONSET_NET.layers):
            if number > 0:
                np.maximum(hidden, 0.0, out=hidden)
            hidden = convolve(hidden, net.weights[number], net.biases[number], layer.dilation)
        row = np.append(hidden[0], np.zeros(2 * CONTEXT_FRAME, np.float32)).reshape(len(some), length)
        out[at : at + len(some)] = row[:, : out.shape[1]]
    return out
