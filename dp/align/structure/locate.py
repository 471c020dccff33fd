"""Find the part of a recording that is music of the score, and the score in the order in which it is played there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dp.align.coarse.align import Timing, make_steady_timing
from dp.align.coarse.features import HOP_SAMPLE, RecordingFeatures, compute_audio_features
from dp.align.score_events import ScorePlan, plan_score
from dp.align.spectrum import Sound
from dp.align.structure.decide import find_structure
from dp.align.structure.played_order import describe_order, find_stretches, unfold_played_notes
from dp.align.structure.search import Ends
from dp.align.tuning import estimate_tuning
from dp.types import Repeat, ScoreNotes
from dp.units import IntArray

_LONG_SEC = 30.0  # what is quiet for longer before or after the music is cut off; own choice
_BEFORE_SEC, _AFTER_SEC = 0.5, 1.0  # kept before and after the music


@dataclass(frozen=True)
class Music:
    """What is to be aligned; M notes."""

    samples: Sound  # the recording without what comes before and after the music
    start_sec: float  # of these samples in the recording
    notes: ScoreNotes  # as played
    score_index: IntArray  # [M] which note of the score each of them is
    structure: str  # how what is played differs from the score, in words; "" where it does not
    shift_semitone: int  # by which the recording sounds higher than written, tuning apart
    plan: ScorePlan
    tuning_semitone: float
    steady: Timing  # the score at one tempo


def find_music(
    samples: Sound, sample_rate_hz: int, notes: ScoreNotes, repeats: Sequence[Repeat], min_event_sec: float
) -> tuple[Music, RecordingFeatures]:
    """Find what is to be aligned, and the features of its samples.

    Args:
        samples: [L] of the whole recording.
        sample_rate_hz: of the samples.
        notes: of the unfolded score.
        repeats: that may be played otherwise than written.
        min_event_sec: less time than this for each onset cannot be.
    """
    # What was played, and where, in the whole recording
    hop_sec = HOP_SAMPLE / sample_rate_hz
    plan = plan_score(notes)
    tuning = estimate_tuning(samples, sample_rate_hz)
    features = compute_audio_features(samples, sample_rate_hz, tuning)
    steady = make_steady_timing(samples, sample_rate_hz, plan)
    active = Ends(float(steady.event_sec[0]), steady.end_sec)
    found = find_structure(features.clear, notes, repeats, plan, active, hop_sec)
    # [M] the notes in the order of playing
    index, text, start = np.arange(len(notes)), "", 0
    if not found.follows(repeats):
        played, index = unfold_played_notes(notes, find_stretches(repeats), found.played)
        notes, plan, text = played, plan_score(played), describe_order(repeats, found.played)
    # The recording without what is not music of the score, heard again
    ends = found.ends
    if ends.end_sec - ends.begin_sec < min_event_sec * len(plan.event_quarter):
        ends = active
    begins_late = ends.begin_sec > min(active.begin_sec, _LONG_SEC)
    ends_early = ends.end_sec < max(active.end_sec, len(samples) / sample_rate_hz - _LONG_SEC)
    if begins_late or ends_early:
        if begins_late:
            start = max(round((ends.begin_sec - _BEFORE_SEC) * sample_rate_hz), 0)
        end = round((ends.end_sec + _AFTER_SEC) * sample_rate_hz) if ends_early else None
        samples = samples.cut(start, end)
        del features  # before others take as much memory
        tuning = estimate_tuning(samples, sample_rate_hz)
        features = compute_audio_features(samples, sample_rate_hz, tuning)
    start_sec = start / sample_rate_hz
    if begins_late or ends_early or text:
        steady = _make_steady(plan, ends, start_sec)
    text = "; ".join(filter(None, [text, *_skip(ends, active)]))
    return Music(samples, start_sec, notes, index, text, found.shift_semitone, plan, tuning, steady), features


def _skip(ends: Ends, active: Ends) -> list[str]:
    """Say what is left out of a recording."""
    before = [f"music begins at {ends.begin_sec:.1f} s"] if ends.begin_sec > active.begin_sec else []
    return before + ([f"music ends at {ends.end_sec:.1f} s"] if ends.end_sec < active.end_sec else [])


def _make_steady(plan: ScorePlan, ends: Ends, start_sec: float) -> Timing:
    sec_per_quarter = (ends.end_sec - ends.begin_sec) / float(plan.end_quarter.max())
    return Timing(ends.begin_sec - start_sec + plan.event_quarter * sec_per_quarter, ends.end_sec - start_sec)
