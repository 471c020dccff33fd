"""Find where every event of a score lies in the recording, to a few tens of milliseconds, from coarse to fine.

The score, played at one tempo, is warped onto the recording as a whole at a low frame rate. Then it is warped again,
ever finer, within a band about the path found before, and played at the tempo found before. E is the number of events.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from dp.align.coarse.banded_dtw import warp
from dp.align.coarse.features import HOP_SAMPLE, Features, Frames, PlayedScore, Pooled, RecordingFeatures, play_score
from dp.align.score_events import MIN_NOTE_SEC, ScorePlan
from dp.align.tempo import smooth_event_sec
from dp.types import Samples
from dp.units import FloatArray, IntArray


@dataclass(frozen=True)
class Level:
    """How one warping of the score onto the recording is done: at which frame rate, how far and at which prices."""

    factor: int  # frames of 20 ms that are pooled into one
    reach_frame: int  # of the band to either side, in frames of 20 ms
    onset_weight: float  # how much agreement of onsets counts beside agreement of what sounds
    both_weight: float  # cost of advancing both sides against 1 for either: below 2 favours the expected tempo
    alone_price: float  # of advancing one side, beside its frames' cost: else a path dwells where a frame fits anything
    smooth_sec: float  # over which the tempo found before is smoothed; 0: not at all
    absent_cost: float = math.inf  # most that a frame of the score costs before or after all that is recorded


# The first level has frames of 320 ms and no band. The finer ones have frames of 80, 40 and 20 ms and look within 5,
# 1.5 and 0.9 s of the path found before; the nearer that is, the more onsets count. The values are own choices; no
# comparison is recorded.
FULL = Level(16, 0, 0.25, 1.6, 0.1, 0.0)
_FINER = (Level(4, 250, 1.0, 1.6, 0.0, 0.0), Level(2, 75, 2.0, 1.6, 0.0, 1.5), Level(1, 45, 3.0, 1.45, 0.0, 0.7))
# The first level's table is at most this long and wide, 36 MB of steps: recordings of over 64 minutes begin coarser.
# Of 43 minutes of pieces in many tempos, frames of 640 ms put 61 % of the beats more than 5 s away, of 320 ms 0.2 %.
_FULL_FRAME_LIMIT = 12000
# A recording that has not all of a score: its tempo is taken in steps, of which there must be some; the score may be at
# most this much longer than the recording, and must be this much longer to be laid out again. Own choices.
_TEMPO_STEP_SEC, _LEAST_TEMPO_STEPS = 3.0, 5
_LEAST_STRETCH, _MOST_STRETCH = 1.08, 2.0
_STEADY_SHARE, _STEADY_WITHIN = 0.7, 0.3  # of the time the tempo must be this near the usual one
# Of a frame of the score that is left out at an end; no less than what is matched costs on average. Else, where scores
# match badly, as with sounds without overtones, all would be left out. Own choice.
_ABSENT_COST = 0.3
_LOUD_PERCENTILE = 95  # of the frames' levels: what counts as loud; own choice
_BLOCK_FRAME = 4096  # frames whose levels are measured at once: bounds the copy
_LOUD_SEC = 10.0  # but where these many seconds are much louder than that, music is rare, and they tell; own choice
_RARE_SHARE = 0.2  # 14 dB: how much louder; own choice
_ACTIVE_SHARE = 0.05  # of the loud frames' level, 26 dB below: before and after it nothing is played; own choice


@dataclass(frozen=True)
class CoarseAlignment:
    """What the coarse stage found."""

    event_sec: FloatArray  # [E] non-decreasing
    end_sec: float  # of the score's last note


@dataclass(frozen=True)
class Timing:
    """When a score's events and its end are assumed to sound."""

    event_sec: FloatArray  # [E] non-decreasing
    end_sec: float  # > the last event

    def play(self, plan: ScorePlan, frame_count: int, shift_semitone: int, hop_sec: float) -> PlayedScore:
        """Play the score so, for T = `frame_count` frames."""
        onset = self.event_sec[plan.event]
        end = np.maximum(self.at(plan, plan.end_quarter), onset + MIN_NOTE_SEC)
        return play_score(plan, onset, end, frame_count, shift_semitone, hop_sec)

    def at(self, plan: ScorePlan, quarter: FloatArray) -> FloatArray:
        """Map score times in quarters, of any shape, to seconds.

        Times before the first event or after the end become theirs.
        """
        last = max(float(plan.end_quarter.max()), float(plan.event_quarter[-1]) + 1e-6)
        return np.interp(quarter, np.append(plan.event_quarter, last), np.append(self.event_sec, self.end_sec))


def align_coarsely(
    features: RecordingFeatures, steady: Timing, plan: ScorePlan, shift_semitone: int, hop_sec: float
) -> CoarseAlignment:
    """Align a whole recording, starting from the score at one tempo, `steady`.

    Where a path may go anywhere, the recording is seen without each band's floor: else a low or rich chord of the score
    fits whatever rings, and the path dwells there. Near the right place the floor does no harm, and plain bands tell
    soft notes better.

    Args:
        features: T frames of the recording.
        steady: the score at one tempo, as long as the music.
        plan: of the score; E events.
        shift_semitone: by which the recording sounds higher than written.
        hop_sec: from one frame of the features to the next.
    """
    factor = FULL.factor
    while len(features.clear) > factor * _FULL_FRAME_LIMIT:
        factor *= 2
    level = replace(FULL, factor=factor)
    timing, cost = warp_events(features.clear, plan, steady, None, shift_semitone, level, hop_sec)
    layout = _lay_out_again(timing, steady, plan)
    if layout is not None:
        level = replace(level, absent_cost=max(_ABSENT_COST, cost))
        timing, _ = warp_events(features.clear, plan, layout, None, shift_semitone, level, hop_sec)
    while factor > FULL.factor:  # only recordings of over 64 minutes
        factor //= 2
        level = replace(FULL, factor=factor, reach_frame=8 * factor)
        timing, _ = warp_events(features.clear, plan, steady, timing, shift_semitone, level, hop_sec)
    for level in _FINER:
        layout = _smooth(timing, plan, level.smooth_sec) if level.smooth_sec > 0 else timing
        timing, _ = warp_events(features.plain, plan, layout, timing, shift_semitone, level, hop_sec)
    return CoarseAlignment(timing.event_sec, timing.end_sec)


def _lay_out_again(timing: Timing, steady: Timing, plan: ScorePlan) -> Timing | None:
    """Lay the score out at the tempo that the recording has most of the time, where that is slower than on average.

    So it is where music is missing. At the average tempo, the path tends to meet the score's end where the recording
    ends, and to squeeze what is missing, and more, into the middle.

    Args:
        timing: found with the score at one tempo.
        steady: the score at that tempo.
        plan: of the score.

    Returns:
        The score at one tempo; None: the tempo is the same, or no tempo is usual, as where pieces follow each other.
    """
    # [steps] quarters a second, and what they are most of the time
    begin_sec, end_quarter = float(timing.event_sec[0]), max(plan.end_quarter.max(), plan.event_quarter[-1] + 1e-6)
    step_count = int((timing.end_sec - begin_sec) / _TEMPO_STEP_SEC)
    edge_sec = begin_sec + np.arange(step_count + 1) * _TEMPO_STEP_SEC
    heard = _make_increasing(np.append(timing.event_sec, timing.end_sec), np.append(plan.event_quarter, end_quarter))
    tempo = np.diff(np.interp(edge_sec, *heard)) / _TEMPO_STEP_SEC
    moving = tempo[tempo > 0.0]
    if step_count < _LEAST_TEMPO_STEPS or len(moving) == 0:
        return None
    usual = float(np.median(moving))
    # How much longer the score is at that tempo
    first_sec = float(steady.event_sec[0])
    stretch = min(float(end_quarter) / (steady.end_sec - first_sec) / usual, _MOST_STRETCH)
    if stretch < _LEAST_STRETCH or np.mean(np.abs(tempo / usual - 1.0) < _STEADY_WITHIN) < _STEADY_SHARE:
        return None
    return Timing(
        first_sec + (steady.event_sec - first_sec) * stretch, first_sec + (steady.end_sec - first_sec) * stretch
    )


def make_steady_timing(samples: Samples, sample_rate_hz: int, plan: ScorePlan) -> Timing:
    """Lay the score out at the one tempo that makes it as long as the music in the recording.

    The music is what lies between the first and the last frame that is not much quieter than the loud ones.

    Args:
        samples: [L] mono, at any level.
        sample_rate_hz: of the samples.
        plan: of the score; E events.
    """
    level = _measure_levels(samples) if len(samples) >= HOP_SAMPLE else np.ones(1)
    active = np.flatnonzero(level > _ACTIVE_SHARE * _find_loud_level(level, HOP_SAMPLE / sample_rate_hz))
    begin_sec, end_sec = active[0] * HOP_SAMPLE / sample_rate_hz, (active[-1] + 1) * HOP_SAMPLE / sample_rate_hz
    sec_per_quarter = max(end_sec - begin_sec, 0.1) / float(plan.end_quarter.max())
    return Timing(begin_sec + plan.event_quarter * sec_per_quarter, max(end_sec, begin_sec + 0.1))


def _measure_levels(samples: Samples) -> FloatArray:
    """Measure the root mean square [T] of whole frames of samples [L], some thousand at once."""
    whole, step = len(samples) // HOP_SAMPLE * HOP_SAMPLE, _BLOCK_FRAME * HOP_SAMPLE
    parts = (samples[at : min(at + step, whole)].reshape(-1, HOP_SAMPLE) for at in range(0, whole, step))
    return np.concatenate([np.sqrt((part**2).mean(axis=1)) for part in parts])


def _find_loud_level(level: FloatArray, frame_sec: float) -> float:
    """Find what counts as loud among the levels of frames [T]: also where music is but a small part of a recording."""
    usual = float(np.percentile(level, _LOUD_PERCENTILE))
    count = min(max(round(_LOUD_SEC / frame_sec), 1), len(level))
    loudest = float(np.partition(level, len(level) - count)[len(level) - count])
    return loudest if usual < _RARE_SHARE * loudest else usual


def warp_events(
    audio: Frames,
    plan: ScorePlan,
    layout: Timing,
    found: Timing | None,
    shift_semitone: int,
    level: Level,
    hop_sec: float,
    pooled: Features | None = None,
) -> tuple[Timing, float]:
    """Warp the score, played at `layout`, onto the recording, near the timing `found` before if there is one.

    Args:
        audio: features of the recording, frames of `hop_sec`.
        plan: of the score; E events.
        layout: when the score is assumed to be played.
        found: where the path before put the events in the recording; None: the path may go anywhere.
        shift_semitone: by which the recording sounds higher than written.
        level: how to warp.
        hop_sec: from one frame of the features to the next.
        pooled: these features at the level's frame rate, where they are there already.

    Returns:
        The new timing, and the path's cost per frame of both sides.
    """
    # Both sides at the level's frame rate, T and J frames
    frame_count = max(len(audio), int(np.ceil(layout.end_sec / hop_sec)))
    score = Pooled(layout.play(plan, frame_count, shift_semitone, hop_sec), level.factor)
    small: Frames = Pooled(audio, level.factor) if pooled is None else pooled
    frame_sec = level.factor * hop_sec
    middle_sec = (frame_sec - hop_sec) / 2  # a pooled frame stands for the middle of its frames
    # [T] the band: everything, or about the path found before
    layout_sec = np.append(layout.event_sec, layout.end_sec)
    if found is None:
        first, width = np.zeros(len(small), np.int64), len(score)
    else:
        found_sec = np.append(found.event_sec, found.end_sec)
        center_sec = np.interp(np.arange(len(small)) * frame_sec + middle_sec, *_make_increasing(found_sec, layout_sec))
        first, width = _make_band((center_sec - middle_sec) / frame_sec, level.reach_frame // level.factor, len(score))
    # [E + 1] where the path puts the events and the end
    last_onset = min(int(layout.event_sec[-1] / frame_sec), len(score) - 1)
    rows, columns, cost = warp(
        small,
        score,
        first,
        width,
        level.onset_weight,
        level.both_weight,
        level.alone_price,
        last_onset,
        level.absent_cost,
    )
    column, at = np.unique(columns, return_index=True)
    row = np.interp((layout_sec - middle_sec) / frame_sec, column, rows[at].astype(np.float64))
    sec = np.maximum.accumulate(np.maximum(row * frame_sec + middle_sec, 0.0))
    return Timing(sec[:-1], max(float(sec[-1]), float(sec[-2]) + MIN_NOTE_SEC)), cost


def _smooth(timing: Timing, plan: ScorePlan, sigma_sec: float) -> Timing:
    """Move the events [E] onto the tempo about them, over a Gaussian window of `sigma_sec`."""
    event_sec = smooth_event_sec(timing.event_sec, plan.event_quarter, sigma_sec)
    return Timing(event_sec, max(timing.end_sec, float(event_sec[-1]) + MIN_NOTE_SEC))


def _make_increasing(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Make x [P] strictly increasing for interpolation, by less than matters; y [P] stays.

    Where x stands still, y steps.
    """
    return np.maximum.accumulate(x) + np.linspace(0.0, 1e-6, len(x)), y


def _make_band(center: FloatArray, reach: int, column_count: int) -> tuple[IntArray, int]:
    """Find the first columns [T] of a band around the columns `center` [T], and its width in columns.

    The bands of neighbouring rows overlap, so that a path can go from each to the next.
    """
    width = min(2 * reach + 1, column_count)
    first = np.clip(np.rint(center - reach).astype(np.int64), 0, column_count - width)
    first = np.maximum.accumulate(first)
    first[0] = 0
    for t in range(len(first) - 2, -1, -1):
        first[t] = max(first[t], first[t + 1] - width // 2)
    return first, width
