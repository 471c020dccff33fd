"""Search once for where the music of a score begins and ends in a recording, and which repeats are played."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from dp.align.coarse.banded_dtw import EXPECTED_ONSET, PAUSE_LOUDNESS
from dp.align.coarse.features import Features, Frames, play_score, pool_features
from dp.align.score_events import ScorePlan, plan_score
from dp.align.spectrum import F32
from dp.align.structure.jump_path import find_cheapest_path
from dp.align.structure.played_order import find_borders, find_stretches, unfold_played_notes
from dp.types import Repeat, ScoreNotes
from dp.units import IntArray

_FACTOR = 16  # frames of 20 ms pooled
_FRAME_LIMIT = 1536  # of the pooled features
_ONSET_WEIGHT = np.float32(0.25)  # of agreement of onsets beside agreement of what sounds
_EXPECTED_ONSET = np.float32(EXPECTED_ONSET)
_OUTSIDE_PERCENTILE = 20  # what is not music of the score fits it as well as this share of the score's frames
_WORST = np.float32(0.1)  # how much worse than that a frame may fit; a cost, as all below
_FORBIDDEN = np.float32(1e3)
_JUMP_PRICE = 0.5  # of leaving a repeat out, or of playing one that is not written
_MIN_SHARE = 0.3  # of a repeat's frames: so much of it must be heard
NEAR_SEC = 3.0  # ends this close to where sound begins and ends are left there


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
        """Tell whether the repeats are played as they are written."""
        return all(repeat.is_written == (index in self.played) for index, repeat in enumerate(repeats))


@dataclass(frozen=True)
class Layout:
    """The score in the fullest order, played at one tempo."""

    score: Features
    border: IntArray  # where its parts begin, and where the last one ends; columns, counted from 1


@dataclass(frozen=True)
class Found:
    """One result of a search; T frames."""

    structure: Structure
    cost: float
    row_cost: F32  # [T] of hearing there what is played; 0 where nothing of the score is
    row_part: IntArray  # [T] which part of the fullest order is played; -1: none


class Search:
    """One recording and one score, of which several structures are tried.

    Args:
        audio: features of the recording.
        notes: of the unfolded score; at least one.
        repeats: that may be played otherwise than written.
        considered: which of these.
        plan: of the notes.
        active: where the recording is not silent.
        hop_sec: of the features.
    """

    def __init__(
        self,
        audio: Frames,
        notes: ScoreNotes,
        repeats: Sequence[Repeat],
        considered: Collection[int],
        plan: ScorePlan,
        active: Ends,
        hop_sec: float,
    ) -> None:
        self.factor = _FACTOR
        while len(audio) > self.factor * _FRAME_LIMIT:
            self.factor *= 2
        self.hop_sec, self.frame_sec = hop_sec, self.factor * hop_sec
        self.active = active
        small = pool_features(audio, self.factor)
        self.loudness = small.loudness
        self.heard = np.hstack([small.bands, _ONSET_WEIGHT * small.onsets])
        self.parts = find_stretches(repeats, considered)
        self.written = {None, *(i for i, r in enumerate(repeats) if r.is_written)}
        is_fuller = not self.written.issuperset(considered)
        self.plan = plan_score(unfold_played_notes(notes, self.parts, considered)[0]) if is_fuller else plan
        self.border_quarter = find_borders(self.parts, notes)

    def length_quarter(self, played: Collection[int]) -> float:
        """Measure the length of the score in quarters, with some of its repeats."""
        kept = [part.repeat is None or part.repeat in played for part in self.parts]
        return max(float(np.diff(self.border_quarter)[kept].sum()), 1e-3)

    def lay_out(self, structure: Structure) -> Layout:
        """Lay the score out at the tempo that a structure implies."""
        sec_per_quarter = (structure.ends.end_sec - structure.ends.begin_sec) / self.length_quarter(structure.played)
        border = np.rint(self.border_quarter * sec_per_quarter / self.frame_sec).astype(int) + 1
        border[-1] = max(border[-1], 2)
        plan, frame_count = self.plan, (int(border[-1]) - 1) * self.factor
        onset, end = ((q + plan.first_quarter) * sec_per_quarter for q in (plan.onset_quarter, plan.end_quarter))
        score = pool_features(play_score(plan, onset, end, frame_count, 0, self.hop_sec), self.factor)
        return Layout(score, border)

    def run(
        self,
        layout: Layout,
        shift_semitone: int,
        may_jump: bool,
        may_cut: bool,
        left_out: Collection[int] = frozenset(),
    ) -> Found:
        """Find the cheapest structure.

        Args:
            layout: of the score.
            shift_semitone: of the recording against the score.
            may_jump: whether repeats may be played otherwise than written.
            may_cut: whether the music may begin and end anywhere.
            left_out: repeats that must not be played.
        """
        # [T, J] what hearing a frame of the score costs, and [T] what hearing none does
        cost = self._costs(layout.score, shift_semitone)
        for part, begin, end in zip(self.parts, layout.border[:-1] - 1, layout.border[1:] - 1, strict=True):
            if part.repeat in left_out:
                cost[:, begin:end] = _FORBIDDEN
        outside = np.zeros(len(cost), np.float32)
        if not may_cut:
            row_sec = np.arange(len(outside)) * self.frame_sec
            deep = (row_sec > self.active.begin_sec + NEAR_SEC) & (row_sec < self.active.end_sec - NEAR_SEC)
            outside[deep] = _FORBIDDEN
        rows, columns, total = find_cheapest_path(cost, outside, self._links(layout.border, may_jump))
        # [T] what every frame of the recording cost, and in which part it lies
        structure = self._structure(rows, columns, layout.border, shift_semitone)
        column = columns[np.append(True, np.diff(rows) > 0)]  # after a frame's own column come those passed over
        heard = np.pad(cost, ((0, 0), (1, 1)))[np.arange(len(cost)), column]
        part = np.searchsorted(layout.border, column, side="right") - 1
        return Found(structure, total, heard, np.where(part < len(self.parts), part, -1))

    def _costs(self, score: Features, shift_semitone: int) -> F32:
        """Compute how much worse each frame of the score fits than what is no music of the score: [T, J]."""
        expected = np.hstack([np.roll(score.bands, shift_semitone, 1), np.roll(score.onsets, shift_semitone, 1)])
        cost = 1.0 + _ONSET_WEIGHT * _EXPECTED_ONSET - self.heard @ expected.T
        cost = np.where(score.loudness < PAUSE_LOUDNESS, self.loudness[:, None], cost)
        outside = np.percentile(cost, _OUTSIDE_PERCENTILE, axis=1, keepdims=True)
        return np.minimum(cost - outside, _WORST).astype(np.float32)

    def _links(self, border: IntArray, may_jump: bool) -> list[tuple[int, int, float]]:
        """List the steps that leave a repeat out, or play one that is not written."""
        price = _JUMP_PRICE if may_jump else float(_FORBIDDEN)
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
        begin_sec = self.active.begin_sec if begin_sec < self.active.begin_sec + NEAR_SEC else begin_sec
        end_sec = self.active.end_sec if end_sec > self.active.end_sec - NEAR_SEC else end_sec
        spent = np.bincount(columns[np.append(True, np.diff(rows) > 0)], minlength=int(border[-1]) + 1)
        until = np.cumsum(spent)[border - 1]
        share = np.diff(until) / np.maximum(np.diff(border), 1)
        played = (p.repeat for p, s in zip(self.parts, share, strict=True) if p.repeat is not None and s > _MIN_SHARE)
        return Structure(Ends(float(begin_sec), float(end_sec)), frozenset(played), shift_semitone)
