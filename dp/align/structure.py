"""Where the music of a score begins and ends in a recording, and which repeats are played.

A recording may begin with talk or tuning, end with applause, leave out repeats that are written, or play some that are
not. All that is searched for at once, at three frames a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dp.align.features import Features, pooled, score_features
from dp.align.jumps import cheapest_path
from dp.align.order import borders, played_notes, stretches
from dp.align.plan import ScorePlan, plan_score
from dp.align.spectrum import F32
from dp.types import Repeat, ScoreNotes
from dp.units import IntArray

_FACTOR = 16  # frames of 20 ms pooled
_FRAME_LIMIT = 1536  # of the pooled features
_ONSET_WEIGHT, _EXPECTED_ONSET = np.float32(0.25), np.float32(0.3)
_OUTSIDE_PERCENTILE = 20  # what is not music of the score fits it as well as this share of the score's frames
_WORST = np.float32(0.1)  # how much worse than that a frame may fit
_PAUSE = 0.1  # a frame of the score that sounds for less than this share is a pause
_FORBIDDEN = np.float32(1e3)
_JUMP_PRICE = 0.5
_SHIFTS_SEMITONE = (0, -1, 1)  # a recording may be at A = 415 Hz
_MUSIC_SHARES = (0.7, 0.5, 0.35, 0.25)  # of a recording that may be the music
_SHIFT_GAIN = 4.0  # another shift must be this much cheaper than none
_MIN_SHARE = 0.3  # of a repeat's frames: so much of it must be heard
_MIN_GAIN_ORDER = 2.0  # by which another order must be cheaper than what is written, beyond the prices of its jumps
_MIN_GAIN_ENDS = 4.0  # the same for other ends
_GOOD_FIT = -0.02  # cost per frame; of recordings that are what is written it was -0.22 to -0.03
_SAME_COST = 1.0  # a difference in cost that means nothing
_NEAR_SEC = 3.0  # ends this close to where sound begins and ends are left there
_ROUND_COUNT = 2


@dataclass(frozen=True)
class Ends:
    """Where the music is in a recording."""

    begin_sec: float
    end_sec: float  # > begin_sec


@dataclass(frozen=True)
class Structure:
    """What was played, and where."""

    ends: Ends
    played: frozenset[int]  # which of the repeats
    shift_semitone: int  # by which the recording sounds higher than written, tuning apart

    def follows(self, repeats: Sequence[Repeat]) -> bool:
        """Whether the repeats are played as they are written."""
        return all(repeat.is_written == (index in self.played) for index, repeat in enumerate(repeats))


def find_structure(
    audio: Features, notes: ScoreNotes, repeats: Sequence[Repeat], plan: ScorePlan, active: Ends, hop_sec: float
) -> Structure:
    """Find out what was played, and where.

    Args:
        audio: features of the recording.
        notes: of the unfolded score; at least one.
        repeats: that may be played otherwise than written.
        plan: of the notes.
        active: where the recording is not silent.
        hop_sec: of the features.

    Returns:
        What is written, from the first to the last sound, unless something else fits clearly better.
    """
    search = _Search(audio, notes, repeats, plan, active, hop_sec)
    as_written = frozenset(i for i, r in enumerate(repeats) if r.is_written)
    written = Structure(active, as_written, 0)
    layout = search.lay_out(written)
    found, cost = _best_shift(search, layout)
    written = replace(written, shift_semitone=found.shift_semitone)
    if written.played:
        bare = search.lay_out(replace(written, played=frozenset()))
        found, cost = min((found, cost), search.run(bare, written.shift_semitone, True), key=lambda result: result[1])
    fits = cost < _GOOD_FIT * len(search.heard)
    if fits and _alike(found, written):
        return written
    _, needed = search.run(layout, written.shift_semitone, False)
    if fits and found.played == written.played and needed < cost + _SAME_COST:
        return written
    if not fits or found.ends != written.ends:
        found, cost = min((found, cost), _within(search, written), key=lambda result: result[1])
    for _ in range(_ROUND_COUNT):
        layout = search.lay_out(found)
        needed = min(needed, search.run(layout, found.shift_semitone, False)[1])
        again, cost_again = search.run(layout, found.shift_semitone, True)
        if cost_again >= cost:
            break
        found, cost = again, cost_again
    written = replace(written, shift_semitone=found.shift_semitone)
    gain = _MIN_GAIN_ORDER if found.ends == written.ends else _MIN_GAIN_ENDS
    return found if cost < needed - gain and not _alike(found, written) else written


def _within(search: "_Search", written: Structure) -> tuple[Structure, float]:
    """The cheapest structure where the music is only a part of the recording, and so faster than if it filled it."""
    length_sec = written.ends.end_sec - written.ends.begin_sec
    results = [
        _best_shift(search, search.lay_out(Structure(Ends(0.0, share * length_sec), played, 0)))
        for share in _MUSIC_SHARES
        for played in {written.played, frozenset()}
    ]
    return min(results, key=lambda result: result[1])


def _best_shift(search: "_Search", layout: "_Layout") -> tuple[Structure, float]:
    """The cheapest structure of any transposition, and its cost; another transposition than none must pay."""
    found, cost = search.run(layout, 0, True)
    for shift in _SHIFTS_SEMITONE[1:]:
        other, other_cost = search.run(layout, shift, True)
        if other_cost < cost - (_SHIFT_GAIN if found.shift_semitone == 0 else 0.0):
            found, cost = other, other_cost
    return found, cost


def _alike(one: Structure, other: Structure) -> bool:
    apart_sec = (one.ends.begin_sec - other.ends.begin_sec, one.ends.end_sec - other.ends.end_sec)
    return one.played == other.played and max(map(abs, apart_sec)) < _NEAR_SEC


@dataclass(frozen=True)
class _Layout:
    """The score in the fullest order, played at one tempo."""

    score: Features
    border: IntArray  # where its parts begin, and where the last one ends; columns, counted from 1


class _Search:
    """One recording and one score, of which several structures are tried."""

    def __init__(
        self,
        audio: Features,
        notes: ScoreNotes,
        repeats: Sequence[Repeat],
        plan: ScorePlan,
        active: Ends,
        hop_sec: float,
    ) -> None:
        self.factor = _FACTOR
        while len(audio) > self.factor * _FRAME_LIMIT:
            self.factor *= 2
        self.hop_sec, self.frame_sec = hop_sec, self.factor * hop_sec
        self.active = active
        small = pooled(audio, self.factor)
        self.loudness = small.loudness
        self.heard = np.hstack([small.bands, _ONSET_WEIGHT * small.onsets])
        self.parts = stretches(repeats)
        self.written = {None, *(i for i, r in enumerate(repeats) if r.is_written)}
        is_fuller = len(self.written) <= len(repeats)
        self.plan = plan_score(played_notes(notes, self.parts, range(len(repeats)))[0]) if is_fuller else plan
        self.border_quarter = borders(self.parts, notes)

    def lay_out(self, structure: Structure) -> _Layout:
        """The score at the tempo that a structure implies."""
        kept = [part.repeat is None or part.repeat in structure.played for part in self.parts]
        length_quarter = max(float(np.diff(self.border_quarter)[kept].sum()), 1e-3)
        sec_per_quarter = (structure.ends.end_sec - structure.ends.begin_sec) / length_quarter
        border = np.rint(self.border_quarter * sec_per_quarter / self.frame_sec).astype(int) + 1
        border[-1] = max(border[-1], 2)
        plan, frame_count = self.plan, (int(border[-1]) - 1) * self.factor
        onset, end = ((q + plan.first_quarter) * sec_per_quarter for q in (plan.onset_quarter, plan.end_quarter))
        score = pooled(score_features(plan, onset, end, frame_count, 0, self.hop_sec), self.factor)
        return _Layout(score, border)

    def run(self, layout: _Layout, shift_semitone: int, free: bool) -> tuple[Structure, float]:
        """Search for the best structure, or only what it costs to play what is written."""
        cost = self._costs(layout.score, shift_semitone)
        outside = np.zeros(len(cost), np.float32)
        if not free:
            row_sec = np.arange(len(outside)) * self.frame_sec
            deep = (row_sec > self.active.begin_sec + _NEAR_SEC) & (row_sec < self.active.end_sec - _NEAR_SEC)
            outside[deep] = _FORBIDDEN
        rows, columns, total = cheapest_path(cost, outside, self._links(layout.border, free))
        return self._structure(rows, columns, layout.border, shift_semitone), total

    def _costs(self, score: Features, shift_semitone: int) -> F32:
        """[T, J] how much worse a frame of the score fits than what is not music of the score."""
        expected = np.hstack([np.roll(score.bands, shift_semitone, 1), np.roll(score.onsets, shift_semitone, 1)])
        cost = 1.0 + _ONSET_WEIGHT * _EXPECTED_ONSET - self.heard @ expected.T
        cost = np.where(score.loudness < _PAUSE, self.loudness[:, None], cost)
        outside = np.percentile(cost, _OUTSIDE_PERCENTILE, axis=1, keepdims=True)
        return np.minimum(cost - outside, _WORST).astype(np.float32)

    def _links(self, border: IntArray, free: bool) -> list[tuple[int, int, float]]:
        """Steps that leave a repeat out, or play one that is not written."""
        price = _JUMP_PRICE if free else float(_FORBIDDEN)
        entry = {int(border[i]): price for i, part in enumerate(self.parts) if part.repeat not in self.written}
        links = [(column - 1, column, paid) for column, paid in entry.items()]
        for first in range(len(self.parts)):
            paid, last = 0.0, first
            while last < len(self.parts) and self.parts[last].repeat is not None:
                paid += price if self.parts[last].repeat in self.written else 0.0
                last += 1
                source, target = int(border[first]) - 1, int(border[last])
                if target > source + 1:
                    links.append((source, target, paid + entry.get(target, 0.0)))
        return links

    def _structure(self, rows: IntArray, columns: IntArray, border: IntArray, shift_semitone: int) -> Structure:
        music = (columns > 0) & (columns < border[-1])
        if not music.any():
            return Structure(self.active, frozenset(i for i in self.written if i is not None), shift_semitone)
        begin_sec, end_sec = rows[music][0] * self.frame_sec, (rows[music][-1] + 1) * self.frame_sec
        begin_sec = self.active.begin_sec if begin_sec < self.active.begin_sec + _NEAR_SEC else begin_sec
        end_sec = self.active.end_sec if end_sec > self.active.end_sec - _NEAR_SEC else end_sec
        spent = np.bincount(columns[np.append(True, np.diff(rows) > 0)], minlength=int(border[-1]) + 1)
        until = np.cumsum(spent)[border - 1]
        share = np.diff(until) / np.maximum(np.diff(border), 1)
        played = (p.repeat for p, s in zip(self.parts, share, strict=True) if p.repeat is not None and s > _MIN_SHARE)
        return Structure(Ends(float(begin_sec), float(end_sec)), frozenset(played), shift_semitone)
