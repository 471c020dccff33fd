"""Work out once what the aligner needs to know about a score: events, grace notes, what sounds about each note.

An event is everything that begins at one score time. Letters: N notes, E events.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.types import ScoreNotes
from dp.units import FloatArray, IntArray

# All values are own choices; no comparison is recorded. The onset net was trained with MAX_CONTEXT.
GRACE_QUARTER = 0.12  # quarters before its main note at which a grace note is assumed
RINGING_QUARTER = 0.26  # quarters: a note that ended so shortly before still rings or, on a violin, has just been left
MAX_CONTEXT = 4  # of other pitches the highest
NO_PITCH = -1000  # in a context; stays below any pitch when shifted
MIN_NOTE_SEC = 0.03  # no note is taken to sound for less
WRONG_SHIFTS_SEMITONE = (-4, -1, 1, 3)  # transpositions that share few harmonics with a score: wrong ones to compare
_DECIMALS = 6  # decimals of quarters: onsets that agree so far are one event


@dataclass(frozen=True)
class NoteContext:
    """The pitches about each of N notes, padded with NO_PITCH; its own pitch is in none of them."""

    before: IntArray  # [N, MAX_CONTEXT] sounding just before its event
    chord: IntArray  # [N, MAX_CONTEXT] of its event
    after: IntArray  # [N, MAX_CONTEXT] of the next event

    def parts(self) -> tuple[IntArray, IntArray, IntArray]:
        """Give the three contexts [N, MAX_CONTEXT] in order: before, chord, after."""
        return self.before, self.chord, self.after

    def of(self, note: IntArray) -> "NoteContext":
        """Pick the contexts of the notes with the indices [n]."""
        return NoteContext(*(part[note] for part in self.parts()))

    def shifted(self, semitone: int) -> "NoteContext":
        """Move all pitches up by so many semitones; NO_PITCH stays."""
        return NoteContext(*(np.where(p == NO_PITCH, NO_PITCH, p + semitone) for p in self.parts()))


@dataclass(frozen=True)
class ScorePlan:
    """A score as the aligner sees it; time starts at its first onset."""

    first_quarter: float  # the score's time of the plan's 0
    pitch: IntArray  # [N]
    onset_quarter: FloatArray  # [N] with grace notes before their main note
    end_quarter: FloatArray  # [N] > onset_quarter
    event: IntArray  # [N] which event a note belongs to
    event_quarter: FloatArray  # [E] strictly increasing
    event_size: IntArray  # [E] how many notes
    event_loose: npt.NDArray[np.bool_]  # [E] whether grace notes are at or just before it: its notes need not coincide

    @functools.cached_property
    def context(self) -> NoteContext:
        """What sounds about the notes: worked out only where it is asked for, since in dense music it takes time."""
        return note_context(self.pitch, self.event, self.onset_quarter, self.end_quarter, RINGING_QUARTER)


def plan_score(notes: ScoreNotes) -> ScorePlan:
    """Work out the plan of a score with at least one note."""
    onset, duration = _give_graces_time(notes)
    grace_quarter = notes.onset_quarter[notes.is_grace]
    near_grace = np.isin(np.round(notes.onset_quarter, _DECIMALS), np.round(grace_quarter, _DECIMALS))
    first = float(onset.min())
    return _plan(first, notes.pitch, onset - first, onset + duration - first, near_grace)


def backwards(plan: ScorePlan) -> ScorePlan | None:
    """Turn the score round, from its end to its beginning; None where its chords are the same in that order."""
    order = np.lexsort((plan.pitch, plan.event))
    chords = [tuple(c) for c in np.split(plan.pitch[order], np.cumsum(plan.event_size)[:-1])]
    if chords == chords[::-1]:
        return None
    last = plan.end_quarter.max()
    return _plan(0.0, plan.pitch, last - plan.end_quarter, last - plan.onset_quarter, plan.event_loose[plan.event])


def _plan(
    first_quarter: float, pitch: IntArray, onset: FloatArray, end: FloatArray, near_grace: npt.NDArray[np.bool_]
) -> ScorePlan:
    """Group notes [N] into events [E]; onsets and ends in quarters from the first onset, `near_grace` [N]."""
    event_quarter, event = np.unique(np.round(onset, _DECIMALS), return_inverse=True)
    loose = np.zeros(len(event_quarter), bool)
    loose[event[near_grace]] = True
    return ScorePlan(
        first_quarter=first_quarter,
        pitch=pitch,
        onset_quarter=onset,
        end_quarter=end,
        event=event.astype(np.int64),
        event_quarter=event_quarter,
        event_size=np.bincount(event).astype(np.int64),
        event_loose=loose,
    )


def note_context(pitch: IntArray, event: IntArray, onset: FloatArray, end: FloatArray, ringing: float) -> NoteContext:
    """List the pitches that sound about each note [N].

    Args:
        pitch, event: [N] notes of one event share it; events count from 0 in order of time.
        onset, end: [N] quarters or seconds, all alike.
        ringing: in the same unit, how long before an event a note may have ended and still count as before it.
    """
    before, chord, after = (np.full((len(pitch), MAX_CONTEXT), NO_PITCH) for _ in range(3))
    order = np.argsort(event, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(event[order])) + 1)
    sounding: list[int] = []
    for members, following in zip(groups, [*groups[1:], order[:0]], strict=True):
        start = onset[members].min()
        sounding = [i for i in sounding if end[i] > start - ringing]
        own = {int(pitch[i]) for i in members}
        _note(before, members, {int(pitch[i]) for i in sounding} - own)
        _note(after, members, {int(p) for p in pitch[following]} - own)
        if len(own) > 1:
            for i in members:
                _note(chord, np.array([i]), own - {int(pitch[i])})
        sounding.extend(int(i) for i in members)
    return NoteContext(before, chord, after)


def _note(context: IntArray, rows: IntArray, pitches: set[int]) -> None:
    """Write the highest of the pitches into rows of a context [N, MAX_CONTEXT]."""
    highest = sorted(pitches)[-MAX_CONTEXT:]
    context[rows, : len(highest)] = highest


def _give_graces_time(notes: ScoreNotes) -> tuple[FloatArray, FloatArray]:
    """Compute onsets and durations [N] in quarters, with grace notes given a short time before their main note.

    A grace note never moves past half way to the event before it.
    """
    onset, duration = notes.onset_quarter.astype(np.float64), notes.duration_quarter.astype(np.float64)
    grace = notes.is_grace
    if not grace.any():
        return onset, duration
    onset, duration = onset.copy(), duration.copy()
    main = np.unique(onset)
    before = np.searchsorted(main, onset[grace]) - 1
    room = np.where(before >= 0, (onset[grace] - main[np.maximum(before, 0)]) / 2, GRACE_QUARTER)
    lead = np.minimum(GRACE_QUARTER, room)
    onset[grace] -= lead
    duration[grace] = lead
    return onset, duration
