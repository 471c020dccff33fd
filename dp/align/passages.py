"""Judge in which passages a score does not fit a recording: cuts, insertions, another version, wrong notes.

A frame of the recording is compared with what the score has there, and with what it has transposed or elsewhere: where
the right one is no better than those for seconds, the passage does not fit. Where notes follow each other much faster
than anywhere near, they are not in the recording at all.
"""

import numpy as np
import scipy.ndimage

from dp.align.coarse.align import Timing
from dp.align.coarse.features import Frames, play_score, pool_features
from dp.align.score_events import WRONG_SHIFTS_SEMITONE, ScorePlan
from dp.units import FloatArray

# All values are own choices; no comparison is recorded.
_FACTOR = 8  # frames of 20 ms that are pooled into one
_WRONG_AWAY_SEC = (-9.0, -5.0, 5.0, 9.0)  # how far off are other places of the score to compare with
_SMOOTH_SEC = 2.5  # standard deviation of the window over which a passage is judged
_NO_GAIN, _CLEAR_GAIN = 0.4, 0.68  # of the usual gain: below, a passage does not fit; above, as all right ones, it does
_SQUEEZED, _USUAL = 3.0, 2.0  # times as fast as usual: played so, notes are not there; up to here, they may be
_TEMPO_SEC = 1.0  # to either side, over which the tempo is taken


def judge_passages(audio: Frames, timing: Timing, plan: ScorePlan, shift_semitone: int, hop_sec: float) -> FloatArray:
    """Judge how well the passage around each note fits the recording: [N], 0 to 1.

    Args:
        audio: T frames of the recording.
        timing: when the score was found to sound.
        plan: of the score; N notes.
        shift_semitone: by which the recording sounds higher than written.
        hop_sec: of the features.
    """
    # [T, K] the recording, and the score as it was found to be played
    frame_sec = _FACTOR * hop_sec
    onset_sec = timing.event_sec[plan.event]
    end_sec = np.maximum(timing.at(plan, plan.end_quarter), onset_sec + hop_sec)
    score = pool_features(play_score(plan, onset_sec, end_sec, len(audio), shift_semitone, hop_sec), _FACTOR)
    heard = pool_features(audio, _FACTOR).bands
    # [T] how much better the score fits than itself transposed or moved, on average over seconds
    right = _compare(heard, score.bands)
    wrong = [_compare(heard, np.roll(score.bands, shift, axis=1)) for shift in WRONG_SHIFTS_SEMITONE]
    wrong += [_compare(heard, np.roll(score.bands, round(away / frame_sec), axis=0)) for away in _WRONG_AWAY_SEC]
    sounding = (score.loudness > 0).astype(np.float64)
    gain = _smooth((right - np.mean(wrong, axis=0)) * sounding, frame_sec) / (_smooth(sounding, frame_sec) + 1e-3)
    usual = max(float(np.median(gain[sounding > 0])), 1e-3) if sounding.any() else 1.0
    # [N] the same about every note
    middle_sec = np.minimum(0.5 * (onset_sec + end_sec), onset_sec + 0.5)
    note_gain = np.interp(middle_sec / frame_sec - 0.5, np.arange(len(gain)), gain) / usual
    fit = np.clip((note_gain - _NO_GAIN) / (_CLEAR_GAIN - _NO_GAIN), 0.0, 1.0)
    return np.asarray(fit * _judge_tempo(timing, plan))


def _judge_tempo(timing: Timing, plan: ScorePlan) -> FloatArray:
    """Judge the tempo about each note: [N], 1, down to 0 where the score is passed over much faster than elsewhere."""
    begin = np.searchsorted(timing.event_sec, timing.event_sec - _TEMPO_SEC)
    end = np.minimum(np.searchsorted(timing.event_sec, timing.event_sec + _TEMPO_SEC), len(begin) - 1)
    span_quarter = plan.event_quarter[end] - plan.event_quarter[begin]
    span_sec = np.maximum(timing.event_sec[end] - timing.event_sec[begin], _TEMPO_SEC)
    tempo = span_quarter / span_sec
    usual = float(np.median(tempo)) if len(tempo) > 1 else 0.0
    if usual <= 0.0:
        return np.ones(len(plan.pitch))
    return np.clip((_SQUEEZED - tempo / usual) / (_SQUEEZED - _USUAL), 0.0, 1.0)[plan.event]


def _compare(heard: np.ndarray, score: np.ndarray) -> FloatArray:
    """Multiply bands [T, K] of both sides frame by frame: [T], about their cosine."""
    return (heard * score).sum(axis=1).astype(np.float64)


def _smooth(values: FloatArray, frame_sec: float) -> FloatArray:
    """Average values [T] over a Gaussian window of _SMOOTH_SEC."""
    return np.asarray(scipy.ndimage.gaussian_filter1d(values, _SMOOTH_SEC / frame_sec, mode="nearest"))
