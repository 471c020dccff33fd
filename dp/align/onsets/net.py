"""Compute the onset net: five convolutions over time in numpy, about 10 000 weights.

Its input is what `dp.align.onsets.patches` measures around a note; its output is the logit of "the note begins here"
for every 5 ms frame. `dp.train_aligner.onset_net` trains it; `onset_net.md` says what the packaged weights were
trained on. Letters: N notes, C channels, T frames.
"""

import numpy as np
import numpy.typing as npt

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
_PATCHES_AT_ONCE = 16  # keeps what the layers pass on in the cache


def convolve(signal: F32, weight: F32, bias: F32, dilation: int) -> F32:
    """Correlate over time, where the kernel fits: [N, C, T] with [O, C, K] to [N, O, T - (K - 1) * dilation]."""
    reach = (weight.shape[2] - 1) * dilation + 1
    view = np.lib.stride_tricks.sliding_window_view(signal, reach, axis=2)[..., ::dilation]  # [N, C, T', K]
    count, channels, length, kernel = view.shape
    columns = view.transpose(0, 2, 1, 3).reshape(count * length, channels * kernel)
    out: npt.NDArray[np.float32] = columns @ weight.reshape(len(weight), -1).T + bias
    return out.reshape(count, length, -1).transpose(0, 2, 1)


def compute_onset_logits(net: Net, patches: F32) -> F32:
    """Compute the logits [N, T - 2 * CONTEXT_FRAME] of patches [N, CHANNEL_COUNT, T]."""
    parts = []
    for at in range(0, len(patches), _PATCHES_AT_ONCE):
        hidden = patches[at : at + _PATCHES_AT_ONCE]
        for number, layer in enumerate(ONSET_NET.layers):
            if number > 0:
                np.maximum(hidden, 0.0, out=hidden)
            hidden = convolve(hidden, net.weights[number], net.biases[number], layer.dilation)
        parts.append(hidden[:, 0])
    return np.concatenate(parts)
