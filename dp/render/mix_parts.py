"""Parts that are played one by one become one sound, mono or stereo, block by block.

Every part begins at time 0, so the parts stay together whatever the players' rates and blocks are.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WIDEST_PAN = 0.5  # of the outermost of several parts: half way to the side
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Line:
    """The sound of one part."""

    blocks: Iterator[Samples]  # [L] each
    sample_rate_hz: float
    pan: float = 0.0  # -1 left to 1 right
    gain: float = 1.0


def spread_pans(count: int) -> tuple[float, ...]:
    """Spread parts evenly from the left to the right, half way to either side at most; one part is in the middle."""
    return tuple(np.linspace(-WIDEST_PAN, WIDEST_PAN, count).tolist()) if count > 1 else (0.0,) * count


def mix_parts(lines: Sequence[Line], sample_rate_hz: int, channel_count: int) -> Iterator[Samples]:
    """Add up parts.

    Each is turned down by the root of how many there are, so that many are about as loud as one. A pan moves its power
    from one side to the other and keeps their sum.

    Args:
        lines: at least one; of each no more than a block is kept.
        sample_rate_hz: of what comes out.
        channel_count: 1, where pans do not count, or 2.

    Yields:
        Blocks [L] for one channel, [L, 2] for two, until the last part ends.
    """
    share = 1.0 / math.sqrt(len(lines))
    sources = [_resample(line, sample_rate_hz) for line in lines]
    gains = [line.gain * share * _share_channels(line.pan, channel_count) for line in lines]
    waiting: dict[int, Samples] = {index: np.zeros(0, np.float32) for index in range(len(lines))}
    while waiting:
        for index in list(waiting):
            while len(waiting[index]) == 0:
                block = next(sources[index], None)
                if block is None:
                    del waiting[index]
                    break
                waiting[index] = block
        if not waiting:
            return
        length = min(len(block) for block in waiting.values())
        mixed = np.zeros((length, channel_count), np.float32)
        for index, block in waiting.items():
            mixed += block[:length, None] * gains[index]
            waiting[index] = block[length:]
        yield mixed[:, 0] if channel_count == 1 else mixed


def _share_channels(pan: float, channel_count: int) -> Samples:
    """Compute the gain of each channel; their squares add up to 1."""
    if channel_count == 1:
        return np.ones(1, np.float32)
    angle = (pan + 1.0) * math.pi / 4.0
    return np.array([math.cos(angle), math.sin(angle)], np.float32)


def _resample(line: Line, sample_rate_hz: int) -> Iterator[Samples]:
    """Bring a part to a rate; each note stays at its time."""
    import soxr

    if line.sample_rate_hz == sample_rate_hz:
        yield from line.blocks
        return
    resampler = soxr.ResampleStream(line.sample_rate_hz, sample_rate_hz, 1, dtype="float32", quality="HQ")
    for block in line.blocks:
        yield resampler.resample_chunk(block.astype(np.float32, copy=False))
    yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
