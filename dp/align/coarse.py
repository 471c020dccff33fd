"""Coarse to fine: where every event of a score lies in the recording, to a few tens of milliseconds.

The score, played at one tempo, is warped onto the recording as a whole at a low frame rate. Then, ever finer, it is
played at the tempo found so far and warped again within a band about the diagonal. E is the number of events.
"""

from dataclasses import dataclass, replace

import numpy as np

from dp.align.dtw import warp
from dp.align.features import HOP_SAMPLE, Features, pooled, score_features
from dp.align.plan import ScorePlan
from dp.align.spectrum import F32
from dp.align.tempo import smoothed_event_sec
from dp.units import FloatArray

SHIFTS_SEMITONE = (0, -1, 1)  # a recording may be at A = 415 Hz
_SHIFT_MARGIN = 0.03  # another shift must be this much cheaper than none


@dataclass(frozen=True)
class Level:
    """One warping."""

    factor: int  # frames of 20 ms pooled
    reach_frame: int  # of the band, in frames of 20 ms
    onset_weight: float  # how much agreement of onsets counts beside agreement of what sounds
    both_weight: float  # cost of advancing both sides against 1 for either: below 2 favours the expected tempo
    smooth_sec: float  # over which the tempo found before is smoothed


FULL = Level(16, 0, 0.25, 1.6, 0.0)
_FINER = (Level(4, 250, 1.0, 1.6, 0.0), Level(2, 75, 2.0, 1.6, 1.5), Level(1, 45, 3.0, 1.45, 0.7))
_FULL_FRAME_LIMIT = 4096  # the first level's table is at most this long and wide: longer recordings begin coarser
_ACTIVE_SHARE = 0.05  # of the loud frames' level, 26 dB below: before and after it nothing is played
_MIN_NOTE_SEC = 0.03
_MAX_SMOOTHING_SEC = 0.3  # sudden pauses are real: the band must still reach the times found before


@dataclass(frozen=True)
class CoarseAlignment:
    """What the coarse stage found."""

    event_sec: FloatArray  # [E] non-decreasing
    end_sec: float  # of the score's last note
    shift_semitone: int  # by which the recording sounds higher than written, tuning apart


@dataclass(frozen=True)
class Timing:
    """When a score's events and its end are assumed to sound."""

    event_sec: FloatArray  # [E] non-decreasing
    end_sec: float  # > the last event

    def features(self, plan: ScorePlan, frame_count: int, shift_semitone: int, hop_sec: float) -> Features:
        """The score as it would look if played so."""
        onset = self.event_sec[plan.event]
        end = np.maximum(self.at(plan, plan.end_quarter), onset + _MIN_NOTE_SEC)
        return score_features(plan, onset, end, frame_count, shift_semitone, hop_sec)

    def at(self, plan: ScorePlan, quarter: FloatArray) -> FloatArray:
        """Seconds of any score times."""
        last = max(float(plan.end_quarter.max()), float(plan.event_quarter[-1]) + 1e-6)
        return np.interp(quarter, np.append(plan.event_quarter, last), np.append(self.event_sec, self.end_sec))


def coarse_align(audio: Features, steady: Timing, plan: ScorePlan, hop_sec: float) -> CoarseAlignment:
    """Align a whole recording, starting from the score at one tempo."""
    factor = FULL.factor
    while len(audio) > factor * _FULL_FRAME_LIMIT:
        factor *= 2
    timing, shift, lowest = steady, 0, np.inf
    for candidate in SHIFTS_SEMITONE:
        found, cost = warped(audio, plan, steady, candidate, replace(FULL, factor=factor), hop_sec)
        margin = _SHIFT_MARGIN * abs(lowest) if candidate != 0 and shift == 0 else 0.0
        if cost < lowest - margin:
            timing, shift, lowest = found, candidate, cost
    while factor > FULL.factor:  # only recordings of over 20 minutes
        factor //= 2
        timing, _ = warped(audio, plan, timing, shift, replace(FULL, factor=factor, reach_frame=8 * factor), hop_sec)
    for level in _FINER:
        timing, _ = warped(audio, plan, timing, shift, level, hop_sec)
    return CoarseAlignment(timing.event_sec, timing.end_sec, shift)


def steady_timing(samples: F32, sample_rate_hz: int, plan: ScorePlan) -> Timing:
    """The score at the one tempo that makes it as long as the music in the recording."""
    whole = len(samples) // HOP_SAMPLE * HOP_SAMPLE
    level = np.sqrt((samples[:whole].reshape(-1, HOP_SAMPLE) ** 2).mean(axis=1)) if whole else np.ones(1)
    active = np.flatnonzero(level > _ACTIVE_SHARE * np.percentile(level, 95))
    begin_sec, end_sec = active[0] * HOP_SAMPLE / sample_rate_hz, (active[-1] + 1) * HOP_SAMPLE / sample_rate_hz
    sec_per_quarter = max(end_sec - begin_sec, 0.1) / float(plan.end_quarter.max())
    return Timing(begin_sec + plan.event_quarter * sec_per_quarter, max(end_sec, begin_sec + 0.1))


def warped(
    audio: Features, plan: ScorePlan, timing: Timing, shift_semitone: int, level: Level, hop_sec: float
) -> tuple[Timing, float]:
    """Play the score at the timing found so far, smoothed, and warp it: the new timing and the mean cost."""
    if level.smooth_sec > 0:
        smooth = smoothed_event_sec(timing.event_sec, plan.event_quarter, level.smooth_sec)
        smooth = np.clip(smooth, timing.event_sec - _MAX_SMOOTHING_SEC, timing.event_sec + _MAX_SMOOTHING_SEC)
        timing = Timing(smooth, max(timing.end_sec, float(smooth[-1]) + _MIN_NOTE_SEC))
    score = pooled(timing.features(plan, len(audio), shift_semitone, hop_sec), level.factor)
    small = pooled(audio, level.factor)
    frame_sec = level.factor * hop_sec
    reach = level.reach_frame // level.factor
    width = min(2 * reach + 1, len(score)) if reach else len(score)
    first = np.clip(np.arange(len(small)) - reach, 0, len(score) - width) if reach else np.zeros(len(small), np.int64)
    last_onset = min(int(timing.event_sec[-1] / frame_sec), len(score) - 1)
    rows, columns, cost = warp(small, score, first, width, level.onset_weight, level.both_weight, last_onset)
    column, at = np.unique(columns, return_index=True)
    offset = (level.factor - 1) / 2  # a pooled frame stands for the middle of its frames
    event_column = (timing.event_sec / hop_sec - offset) / level.factor
    row = rows[at].astype(np.float64)
    event_sec = (np.interp(event_column, column, row) * level.factor + offset) * hop_sec
    end_sec = (
        float(np.interp((timing.end_sec / hop_sec - offset) / level.factor, column, row)) * level.factor + offset
    ) * hop_sec
    event_sec = np.maximum.accumulate(np.maximum(event_sec, 0.0))
    return Timing(event_sec, max(end_sec, float(event_sec[-1]) + _MIN_NOTE_SEC)), cost
