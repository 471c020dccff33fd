"""A score in the order in which it was played."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from dp.types import Repeat, ScoreNotes
from dp.units import FloatArray, IntArray


@dataclass(frozen=True)
class Stretch:
    """A part of the unfolded score, played in one go."""

    begin_quarter: float  # in the unfolded score; -inf at its beginning
    end_quarter: float  # inf at its end
    repeat: int | None  # the repeat that it belongs to; None: it is always played


def stretches(repeats: Sequence[Repeat], considered: Collection[int] | None = None) -> tuple[Stretch, ...]:
    """The score in the fullest order: all that is written, and all repeats that are not.

    Args:
        repeats: of the score.
        considered: which of them may be played otherwise than written; None: all.
    """
    found: list[Stretch] = []
    position = -np.inf
    for index, repeat in enumerate(repeats):
        is_considered = considered is None or index in considered
        if repeat.at_quarter < position or not is_considered:  # passes do not overlap
            continue
        if repeat.at_quarter > max(position, 0.0):
            found.append(Stretch(position, repeat.at_quarter, None))
        elif position == -np.inf:
            position = 0.0
        begin = -np.inf if repeat.begin_quarter == 0.0 else repeat.begin_quarter
        found.append(Stretch(begin, repeat.end_quarter, index))
        position = repeat.end_quarter if repeat.is_written else repeat.at_quarter
    return (*found, Stretch(position, np.inf, None))


def borders(parts: Sequence[Stretch], notes: ScoreNotes) -> FloatArray:
    """Where the parts of the fullest order begin, and where the last one ends; quarters from the beginning."""
    end_quarter = float(np.max(notes.onset_quarter + notes.duration_quarter))
    lengths = [min(part.end_quarter, end_quarter) - max(part.begin_quarter, 0.0) for part in parts]
    return np.cumsum([0.0, *np.maximum(lengths, 0.0)])


def played_notes(
    notes: ScoreNotes, parts: Sequence[Stretch], played: Collection[int | None]
) -> tuple[ScoreNotes, IntArray]:
    """The notes in an order of playing.

    Args:
        notes: of the unfolded score; N notes.
        parts: the score in the fullest order.
        played: repeats that are played; None stands for what always is.

    Returns:
        M notes as played, with onsets as played, and which of the N notes each of them is.
    """
    onset, index = [], []
    position = 0.0
    for part, length in zip(parts, np.diff(borders(parts, notes)), strict=True):
        if part.repeat not in played and part.repeat is not None:
            continue
        first, last = np.searchsorted(notes.onset_quarter, (part.begin_quarter, part.end_quarter))
        index.append(np.arange(first, last))
        onset.append(notes.onset_quarter[first:last] + (position - max(part.begin_quarter, 0.0)))
        position += float(length)
    chosen = np.concatenate(index).astype(np.int64)
    taken = {field.name: getattr(notes, field.name)[chosen] for field in fields(notes)}
    return replace(notes, **{**taken, "onset_quarter": np.concatenate(onset)}), chosen


def described(repeats: Sequence[Repeat], played: Collection[int | None]) -> str:
    """How an order differs from the written one; "" where it does not."""
    texts = [
        f"{'repeat of ' if repeat.is_declared else ''}bars {repeat.bars} "
        f"{'not played' if repeat.is_written else 'played once more'}"
        for index, repeat in enumerate(repeats)
        if repeat.is_written != (index in played)
    ]
    return "; ".join(texts)
