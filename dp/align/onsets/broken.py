"""Find slowly broken chords: their notes become events of their own, one after the other in order of pitch.

A chord is broken where its notes, upwards or downwards, and the events around it find better places one by one than
where the chord is one event. Letters: N notes, n of a chord, E events of the score, S events as played, C candidates;
all times in frames of dp.align.onsets.patches.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dp.align.onsets.events import (
    FRAME_RATE_HZ,
    SEARCH_FLOOR,
    compute_gap_cost,
    find_best_path,
    gather_event_evidence,
    log_density,
    predict_frames,
)
from dp.align.onsets.listener import Listener
from dp.align.score_events import ScorePlan
from dp.align.spectrum import F32
from dp.units import FloatArray, IntArray

# Chosen on the half `tuning` of `python -m bench.align.broken`
_LEAST_NOTES = 3  # of a chord: two notes are followed one by one as they are
_NEAR_FRAME = 8  # what counts as at the chord
_WEAK_SHARE = 0.2  # of a chord's notes, which would rather begin elsewhere than at the chord: it may be broken
_LEAST_GAIN = 4.5  # natural logarithm: less may be gained by chance
_MOST_STEP_SHARE = 0.7  # of the time that a chord takes, from one note to the next: else one note alone is elsewhere
_BEFORE_FRAME, _AFTER_FRAME = 320, 440  # 1.6 s and 2.2 s: a chord is looked for this far about where it was found
_STEP_FRAME = 100.0  # 0.5 s: notes of a broken chord that are no further apart cost nothing
_MOST_AROUND = 12  # events to either side that may give way
_NOTES_AT_ONCE = 2048  # bounds what is computed for each note and candidate
_CHORDS_PER_MIN = 15  # that are looked for, the least likely ones: together 0.15 CPU seconds


@dataclass(frozen=True)
class PlayedEvents:
    """The events of a score as they are played: each note of a broken chord is one."""

    plan: ScorePlan  # with S events
    origin: IntArray  # [S] which event of the score each belongs to
    follows: npt.NDArray[np.bool_]  # [S] whether it is a later note of a broken chord

    def expect_gaps(self, frame: IntArray) -> tuple[FloatArray, FloatArray]:
        """Expect how far each event [S] is from the one before, and how much shorter that may be at no cost: [S] each.

        Args:
            frame: [S] of the events.
        """
        first = np.flatnonzero(~self.follows)
        expected = predict_frames(frame[first], self.plan.event_quarter[first])[self.origin]
        after = np.append(False, self.follows[:-1]) & ~self.follows  # what comes after a broken chord may not wait
        return np.where(self.follows, _STEP_FRAME, expected), _allow_early(expected, self.follows, after)


def _allow_early(expected: FloatArray, follows: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]) -> FloatArray:
    """Allow gaps [S] to be shorter: within broken chords, and after them, where they may begin before their time."""
    return np.where(follows, _STEP_FRAME, np.where(after, expected, 0.0))


def split_chords(plan: ScorePlan, direction: IntArray) -> PlayedEvents:
    """Make events of the notes of chords: `direction` [E] is 1 upwards, -1 downwards, 0 for events that stay whole."""
    size = np.where(direction == 0, 1, plan.event_size)
    origin = np.repeat(np.arange(len(size)), size)
    first = np.cumsum(size) - size
    rank = np.arange(len(origin)) - first[origin]
    event = first[plan.event]
    for chord in np.flatnonzero(direction):
        notes = np.flatnonzero(plan.event == chord)
        order = np.argsort(direction[chord] * plan.pitch[notes], kind="stable")
        event[notes[order]] = first[chord] + np.arange(len(notes))
    room = np.diff(plan.event_quarter, append=plan.end_quarter.max() + 1.0)
    played = replace(
        plan,
        event=event,
        event_quarter=plan.event_quarter[origin] + rank * (0.5 * room / size)[origin],
        event_size=np.bincount(event, minlength=len(origin)).astype(np.int64),
        event_loose=plan.event_loose[origin],
    )
    return PlayedEvents(played, origin, rank > 0)


def find_broken_chords(
    listener: Listener, logits: F32, center: IntArray, frame: IntArray, frame_count: int, min_gap: int
) -> tuple[PlayedEvents, IntArray]:
    """Find which chords are broken, and return the events as played with their frames [S].

    Args:
        listener: the onset net.
        logits: [N, 2 * reach + 1] around `center` [N].
        center: [N] frames, the same for all notes of an event.
        frame: [E] where the events were found.
        frame_count: of the recording.
        min_gap: in frames, between events.
    """
    plan = listener.plan
    direction = np.zeros(len(frame), np.int64)
    places = [np.array([f]) for f in frame]  # [E] of arrays: frames of an event, or of the notes of a broken chord
    expected = predict_frames(frame, plan.event_quarter)
    density = (log_density(logits[at : at + _NOTES_AT_ONCE]) for at in range(0, len(logits), _NOTES_AT_ONCE))
    evidence = gather_event_evidence(density, plan.event, plan.event_size, SEARCH_FLOOR)
    event_center = center[np.unique(plan.event, return_index=True)[1]]
    done = 0  # events before it are settled
    for chord in _hear_chords(listener, _choose_chords(plan, logits, center, frame, frame_count), frame):
        window = _make_window(places, chord, done, frame_count, min_gap)
        if window is None:
            continue
        search = _Search(plan, evidence, event_center, expected, window, chord)
        whole, up, down = (search.run(turn, min_gap) for turn in (0, 1, -1))
        turn, best = (1, up) if up[1] >= down[1] else (-1, down)
        at = chord.event - window.first
        step = np.diff(best[0][at : at + len(chord.note)])
        if best[1] - whole[1] < _LEAST_GAIN or step.max() > _MOST_STEP_SHARE * step.sum():
            continue
        direction[chord.event] = turn
        size = np.where(np.arange(window.first, window.end) == chord.event, len(chord.note), 1)
        places[window.first : window.end] = np.split(window.low + best[0], np.cumsum(size)[:-1])
        done = chord.event + 1
    return split_chords(plan, direction), np.concatenate(places)


def _choose_chords(plan: ScorePlan, logits: F32, center: IntArray, frame: IntArray, frame_count: int) -> IntArray:
    """Choose the chords that may be broken, the least likely ones where there are too many; in order of time."""
    reach = logits.shape[1] // 2
    columns = (frame[plan.event] - center)[:, None] + reach + np.arange(-_NEAR_FRAME, _NEAR_FRAME + 1)
    near = np.take_along_axis(logits, np.clip(columns, 0, 2 * reach), axis=1).max(axis=1)
    size = plan.event_size
    weak = np.bincount(plan.event, near < 0.0, len(size)) / size
    chosen = np.flatnonzero((size >= _LEAST_NOTES) & (weak >= _WEAK_SHARE))
    strength = (np.bincount(plan.event, near, len(size)) / size)[chosen]
    chosen = chosen[np.argsort(strength, kind="stable")]
    minutes = max(frame_count / (60.0 * FRAME_RATE_HZ), 1.0)
    return np.sort(chosen[: int(_CHORDS_PER_MIN * minutes)])


@dataclass(frozen=True)
class _Chord:
    """A chord that may be broken, and what was heard of its notes."""

    event: int
    note: IntArray  # [n]
    middle: int  # frame
    logits: F32  # [n, 1 + _BEFORE_FRAME + _AFTER_FRAME] from `middle` - _BEFORE_FRAME on


def _hear_chords(listener: Listener, events: IntArray, frame: IntArray) -> list[_Chord]:
    """Hear the notes of chords, the given events, about their frames of all [E]."""
    notes = [np.flatnonzero(listener.plan.event == event) for event in events]
    if not notes:
        return []
    reach = (_BEFORE_FRAME + _AFTER_FRAME) // 2
    every = np.concatenate(notes)
    heard = listener.logits(every, frame[listener.plan.event[every]] + reach - _BEFORE_FRAME, reach)
    parts = np.split(heard, np.cumsum([len(n) for n in notes])[:-1])
    return [_Chord(int(e), n, int(frame[e]), part) for e, n, part in zip(events, notes, parts, strict=True)]


@dataclass(frozen=True)
class _Window:
    """What gives way to a chord: the events `first` to `end` - 1, from the frame `low` to `high`."""

    first: int
    end: int
    low: int
    high: int
    before: int | None  # frame of the event before
    after: int | None  # frame of the event after


def _make_window(places: list[IntArray], chord: _Chord, done: int, frame_count: int, min_gap: int) -> _Window | None:
    """Find the events around a chord that may give way to it, none before `done`; None where there is no room."""
    first = end = chord.event
    if first < done:
        return None
    low, high = chord.middle - _BEFORE_FRAME, chord.middle + _AFTER_FRAME
    while first > max(done, chord.event - _MOST_AROUND) and places[first - 1][0] > low:
        first -= 1
    while end < min(len(places), chord.event + _MOST_AROUND + 1) and places[end][0] < high:
        end += 1
    before = int(places[first - 1][-1]) if first > 0 else None
    after = int(places[end][0]) if end < len(places) else None
    low = max(low, 0 if before is None else before + min_gap)
    high = min(high, frame_count - 1 if after is None else after - min_gap)
    needed = (end - first + len(chord.note) - 1) * min_gap
    return None if end <= chord.event or high - low < needed else _Window(first, end, low, high, before, after)


class _Search:
    """Places for the events of one window, with a chord that is whole or broken."""

    def __init__(
        self,
        plan: ScorePlan,
        evidence: FloatArray,
        center: IntArray,
        expected: FloatArray,
        window: _Window,
        chord: _Chord,
    ) -> None:
        """Gather what was heard of the chord and of its neighbours.

        Args:
            plan: of the score.
            evidence: [E, 2 * reach + 1] of events, around `center` [E].
            center: [E] frames.
            expected: [E] frames from the event before.
            window: what gives way to the chord.
            chord: that may be broken.
        """
        self._plan, self._window, self._chord, self._expected = plan, window, chord, expected
        count, begin = len(chord.note), window.low - (chord.middle - _BEFORE_FRAME)
        heard = log_density(chord.logits[:, begin : begin + window.high - window.low + 1])
        each = np.arange(count)
        self._together = gather_event_evidence([heard], np.zeros(count, np.int64), np.array([count]), SEARCH_FLOOR)
        self._apart = gather_event_evidence([heard], each, np.ones(count, np.int64), SEARCH_FLOOR) / np.sqrt(count)
        self._before = self._gather(window.first, chord.event, evidence, center)
        self._after = self._gather(chord.event + 1, window.end, evidence, center)

    def _gather(self, first: int, end: int, heard: FloatArray, center: IntArray) -> FloatArray:
        """Gather what was heard of the events `first` to `end` - 1 in the window: [end - first, C]."""
        window = self._window
        column = np.arange(window.low, window.high + 1) - center[first:end, None] + heard.shape[1] // 2
        inside = (column >= 0) & (column < heard.shape[1])
        evidence = np.take_along_axis(heard[first:end], np.clip(column, 0, heard.shape[1] - 1), axis=1)
        unheard = np.sqrt(self._plan.event_size[first:end, None]) * np.log(SEARCH_FLOOR)
        return np.where(inside, evidence, unheard)

    def run(self, direction: int, min_gap: int) -> tuple[IntArray, float]:
        """Find the best places for a chord that is broken upwards (1), downwards (-1) or whole (0).

        Returns:
            Candidates [S] of the window's events as played, and what speaks for them, a natural logarithm.
        """
        window = self._window
        chord = self._together
        if direction != 0:
            chord = self._apart[np.argsort(direction * self._plan.pitch[self._chord.note], kind="stable")]
        size = len(chord)
        evidence = np.vstack([self._before, chord, self._after])
        at = self._chord.event - window.first
        expected = np.insert(self._expected[window.first : window.end], at + 1, np.full(size - 1, _STEP_FRAME))
        index = np.arange(len(expected))
        follows = (index > at) & (index < at + size)
        after = (index == at + size) & (size > 1)
        early = _allow_early(expected, follows, after)
        candidate = np.arange(window.low, window.high + 1, dtype=np.float64)
        if window.before is not None:
            evidence[0] -= compute_gap_cost(candidate - window.before, expected[0])
        if window.after is not None:
            evidence[-1] -= compute_gap_cost(window.after - candidate, self._expected[window.end])
        return find_best_path(evidence, np.full(len(evidence), window.low), expected, min_gap, early)
