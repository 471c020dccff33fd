"""Put a score in the order in which it was played."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from dp.types import Repeat, ScoreNotes
from dp.units import FloatArray, IntArray

_MIN_HELD_QUARTER = 1e-6  # less is rounding


@dataclass(frozen=True)
class Stretch:
    """A part of the unfolded score, played in one go."""

    begin_quarter: float  # in the unfolded score; -inf at its beginning
    end_quarter: float  # inf at its end
    repeat: int | None  # the repeat that it belongs to; None: it is always played


def find_stretches(repeats: Sequence[Repeat], considered: Collection[int] | None = None) -> tuple[Stretch, ...]:
    """List the parts of the score in the fullest order: all that is written, and all repeats that are not.

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


def find_borders(parts: Sequence[Stretch], notes: ScoreNotes) -> FloatArray:
    """Find where the parts of the fullest order begin, and where the last one ends; quarters from the beginning."""
    end_quarter = float(np.max(notes.onset_quarter + notes.duration_quarter))
    lengths = [min(part.end_quarter, end_quarter) - max(part.begin_quarter, 0.0) for part in parts]
    return np.cumsum([0.0, *np.maximum(lengths, 0.0)])


def unfold_played_notes(
    notes: ScoreNotes, parts: Sequence[Stretch], played: Collection[int | None]
) -> tuple[ScoreNotes, IntArray]:
    """Put the notes in an order of playing.

    A note that is held from what is left out into what is played begins where that is played, and keeps the rest of its
    duration, unless its pitch sounds there already: then the two are one.

    Args:
        notes: of the unfolded score; N notes.
        parts: the score in the fullest order.
        played: repeats that are played; None stands for what always is.

    Returns:
        M notes as played, with onsets as played, and which of the N notes each of them is.
    """
    onset, duration, index = [], [], []
    end_quarter = notes.onset_quarter + notes.duration_quarter
    sounding_until: dict[int, float] = {}  # by pitch, as played
    position = 0.0
    for part, length in zip(parts, np.diff(find_borders(parts, notes)), strict=True):
        if part.repeat not in played and part.repeat is not None:
            continue
        # Notes [n] of this part, and those held into it that do not sound there already
        begin = max(part.begin_quarter, 0.0)
        first, last = np.searchsorted(notes.onset_quarter, (part.begin_quarter, part.end_quarter))
        held = np.flatnonzero(end_quarter[:first] > begin + _MIN_HELD_QUARTER)
        is_new = [sounding_until.get(int(notes.pitch[i]), 0.0) <= position + _MIN_HELD_QUARTER for i in held]
        taken = np.concatenate([held[is_new], np.arange(first, last)])
        taken = taken[np.lexsort((notes.pitch[taken], np.maximum(notes.onset_quarter[taken], begin)))]
        # [n] when they begin and how long they last, as played
        own_onset = np.maximum(notes.onset_quarter[taken], begin)
        for pitch, end in zip(notes.pitch[taken].tolist(), end_quarter[taken] - begin, strict=True):
            sounding_until[pitch] = max(sounding_until.get(pitch, 0.0), position + float(end))
        onset.append(own_onset + (position - begin))
        duration.append(np.where(taken < first, end_quarter[taken] - own_onset, notes.duration_quarter[taken]))
        index.append(taken)
        position += float(length)
    # [M] all parts, one after the other
    chosen = np.concatenate(index).astype(np.int64)
    copied = {field.name: getattr(notes, field.name)[chosen] for field in fields(notes)}
    times = {"onset_quarter": np.concatenate(onset), "duration_quarter": np.concatenate(duration)}
    return replace(notes, **{**copied, **times}), chosen


def describe_order(repeats: Sequence[Repeat], played: Collection[int | None]) -> str:
    """Say how an order differs from the written one; "" where it does not."""
    texts = [
        f"{'repeat of ' if repeat.is_declared else ''}bars {repeat.bars} "
        f"{'not played' if repeat.is_written else 'played once more'}"
        for index, repeat in enumerate(repeats)
        if repeat.is_written != (index in played)
    ]
    return "; ".join(texts)
