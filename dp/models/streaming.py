"""Cuts a stream of frames into stretches, each with the frames around it that a network's output depends on."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Stretch:
    """A stretch of frames, and the frames around it."""

    frames: Tensor  # [T, M] with as many as can matter to either side, where there are so many
    begin: int  # the stretch itself is frames[begin:end]
    end: int
    is_last: bool


def iterate_stretches(pieces: Iterable[Tensor], reach: int, longest: int) -> Iterator[Stretch]:
    """Yield stretches of a stream that follow each other, each as soon as its context is there.

    Args:
        pieces: [T, M] each, at least one of them not empty; their lengths do not matter.
        reach: frames to either side that can matter.
        longest: frames of a stretch.
    """
    frames, begin = None, 0
    for piece in itertools.chain(pieces, [None]):
        if piece is not None:
            frames = piece if frames is None else torch.cat([frames, piece])
        if frames is None:
            return
        known = len(frames) - (0 if piece is None else reach)  # what comes can still matter to the others
        while begin < known:
            end = min(begin + longest, known)
            context = min(begin, reach)
            around = frames[begin - context : end + reach]
            yield Stretch(around, context, context + end - begin, piece is None and end == known)
            begin = end
        kept = max(begin - reach, 0)
        frames, begin = frames[kept:], begin - kept
