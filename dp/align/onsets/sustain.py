"""Measure what sounds between onsets: how much better does a recording fit if an event begins at one time or another?

The onset net hears what begins. Where several places look like an event's onset, what is heard from there on, and
what was heard up to there, tells which one it is. Letters: E events, C candidates, K bands.
"""

import numpy as np

from dp.align.coarse.features import HOP_SAMPLE as FEATURE_HOP_SAMPLE
from dp.align.coarse.features import Frames
from dp.align.onsets.patches import HOP_SAMPLE
from dp.align.spectrum import F32
from dp.units import FloatArray, IntArray

_FEATURE_PER_FRAME = HOP_SAMPLE / FEATURE_HOP_SAMPLE  # frames of the features, 20 ms, per frame of 5 ms


def measure_sounding_gain(audio: Frames, bands: F32, first: int, end: int, candidate: IntArray) -> FloatArray:
    """Measure how well the recording fits if an event begins at a candidate: [end - first, C]; only differences count.

    Every frame of the recording counts how similar it is to the event that sounds there. Sums of these similarities
    over an event's frames are differences of running sums at its onset and the next, so what an event's own place
    decides is the running sum of the event before minus its own.

    Args:
        audio: features of the recording.
        bands: [E, K] of length 1, what sounds at every event.
        first, end: the events wanted, and the one after them.
        candidate: [C] consecutive frames of dp.align.onsets.patches.
    """
    place = candidate * _FEATURE_PER_FRAME
    low = max(int(place[0]), 0)
    heard = audio.part(low, int(place[-1]) + 2).bands
    change = np.diff(bands[max(first - 1, 0) : end], axis=0, prepend=np.zeros((int(first == 0), bands.shape[1])))
    each = -(heard @ change.T)
    total = np.vstack([np.zeros_like(each[:1]), np.cumsum(each, axis=0)])
    at = place - low + 0.5  # a frame of features reaches half a frame to either side
    return np.stack([np.interp(at, np.arange(len(total)), column) for column in total.T])
