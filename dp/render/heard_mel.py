"""The log-mel of sound as it is heard, for what does not come from a log-mel."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dp.audio.mel import compute_log_mel
from dp.config import MelConfig
from dp.types import Samples

_HOP_SEC = 0.012  # about, since hops are powers of two
_MAX_HZ = 16000.0
_CHUNK_FRAME = 4096
_CONTEXT_HOP = 2  # to either side of a frame, which is four hops long


def choose_heard_mel(sample_rate_hz: int) -> MelConfig:
    """Choose a log-mel for sound of any rate."""
    hop = 2 ** round(math.log2(_HOP_SEC * sample_rate_hz))
    return MelConfig(sample_rate_hz, 4 * hop, hop, max_hz=min(_MAX_HZ, sample_rate_hz / 2))


def iterate_heard_mel(samples: Samples, mel: MelConfig) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the log-mel [T, M] of samples [L], or of the mean of two channels [L, 2], in pieces."""
    frame_count = len(samples) // mel.hop_sample
    for first in range(0, frame_count, _CHUNK_FRAME):
        end = min(first + _CHUNK_FRAME, frame_count)
        begin = max(first - _CONTEXT_HOP, 0)
        last_sample = len(samples) if end == frame_count else (end + _CONTEXT_HOP) * mel.hop_sample
        part = samples[begin * mel.hop_sample : last_sample]
        yield compute_log_mel(part.reshape(len(part), -1).mean(axis=1), mel)[first - begin :][: end - first]
