"""Find the notes in a window that moves on through a piece, at a cost that does not grow with the piece."""

import numpy as np

from dp.data.clips import SoundingNotes
from dp.types import PerformedNotes
from dp.units import IntArray, sec_to_frame


class NoteWindow:
    """The notes of a performance in frames, each at least one frame long, seen through a window that only moves on."""

    def __init__(self, performed: PerformedNotes, rate_hz: float, tail_frame: int = 0) -> None:
        """Start before the first of N notes; they count as sounding for `tail_frame` frames after their end."""
        self._pitch, self._velocity = performed.pitch, performed.velocity
        self._onset_frame = sec_to_frame(performed.onset_sec, rate_hz)
        self._duration_frame = np.maximum(sec_to_frame(performed.offset_sec, rate_hz) - self._onset_frame, 1)
        self._end_frame = self._onset_frame + self._duration_frame + tail_frame
        self._order = np.argsort(self._onset_frame, kind="stable")
        self._ordered_onset = self._onset_frame[self._order]
        self._entered = 0
        self._inside: IntArray = np.empty(0, dtype=np.int64)

    def find_sounding(self, first: int, last: int, reach: int = 0) -> IntArray:
        """Find the notes that sound in frames first to last, and the `reach` notes before and after each of them.

        Args:
            first, last: neither less than in the call before.
            reach: number of notes, in the order of the performance.

        Returns:
            Indices [K] of the notes, ascending.
        """
        entered = int(np.searchsorted(self._ordered_onset, last))
        candidates = np.concatenate([self._inside, self._order[self._entered : entered]])
        self._entered = entered
        self._inside = np.sort(candidates[self._end_frame[candidates] > first])
        if reach == 0 or len(self._inside) == 0:
            return self._inside
        begin = np.maximum(self._inside - reach, 0)
        end = np.minimum(self._inside + reach + 1, len(self._order))
        begin[1:] = np.maximum(begin[1:], end[:-1])  # what the note before has chosen already
        length = np.maximum(end - begin, 0)
        within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        return np.repeat(begin, length) + within

    def take_notes(self, chosen: IntArray, first: int, tempo_qpm: float) -> SoundingNotes:
        """Take the chosen notes [K], by index, as a model reads them in a window that begins at frame `first`."""
        return SoundingNotes(
            pitch=self._pitch[chosen],
            velocity=self._velocity[chosen],
            onset_frame=self._onset_frame[chosen] - first,
            duration_frame=self._duration_frame[chosen],
            tempo_qpm=tempo_qpm,
        )
