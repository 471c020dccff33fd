"""How well a score fits a recording, and how sure each note's onset is."""

from dataclasses import dataclass, replace

import numpy as np

from dp.align.coarse import FULL, Timing, warped
from dp.align.features import Features
from dp.align.plan import ScorePlan, backwards
from dp.align.refine import TRACK_REACH_FRAME, Refined
from dp.align.tempo import smoothed_event_sec
from dp.units import FloatArray

_FRAME_LIMIT = 1500  # of the pooled features that are warped for judging
_WRONG_SHIFTS_SEMITONE = (-4, -1, 1, 3)  # transpositions that share few harmonics with the score
_PEAK_FRAME, _WINDOW_FRAME = 5, 24  # of 5 ms: what counts as at the onset, and as near it
_TEMPO_SIGMA_SEC = 1.5
_VAGUE_SHARE, _CLEAR_SHARE = 0.65, 0.85  # mean peak shares: of scores for other pieces, of the right ones
_FAR_SEC = 0.5  # distances beyond it are all alike
_BIAS, _PEAK_WEIGHT, _STRENGTH_WEIGHT, _TEMPO_WEIGHT, _COARSE_WEIGHT = -1.6, 4.2, 0.44, 6.9, 10.0
_HALF_FIT_GAIN = 0.1  # a fit of 0.5: the score is this much cheaper than the best of the wrong ones


def warping_fit(audio: Features, steady: Timing, plan: ScorePlan, shift_semitone: int, hop_sec: float) -> float:
    """0 (chance) to 1: how much cheaper the score warps onto the recording than wrong scores made from itself.

    The wrong ones are the score transposed, and the score played backwards: same notes, same key, same density. A score
    for another piece is no better than these. (Backwards is left out where it is the same, as for a single note.)
    """
    factor = FULL.factor
    while len(audio) > factor * _FRAME_LIMIT:
        factor *= 2
    level = replace(FULL, factor=factor, onset_weight=0.0)  # costs stay above 0, so that their ratio means something
    _, cost = warped(audio, plan, steady, None, shift_semitone, level, hop_sec)
    wrong = [warped(audio, plan, steady, None, shift_semitone + d, level, hop_sec)[1] for d in _WRONG_SHIFTS_SEMITONE]
    mirrored = backwards(plan)
    if mirrored is not None:
        begin_sec = float(steady.event_sec[0])
        sec_per_quarter = (steady.end_sec - begin_sec) / float(plan.end_quarter.max())
        timing = Timing(begin_sec + mirrored.event_quarter * sec_per_quarter, steady.end_sec)
        wrong.append(warped(audio, mirrored, timing, None, shift_semitone, level, hop_sec)[1])
    gain = 1.0 - cost / max(min(wrong), 1e-6)
    return float(np.clip(1.0 - 0.5 ** (gain / _HALF_FIT_GAIN), 0.0, 1.0))


@dataclass(frozen=True)
class Evidence:
    """What speaks for each note's onset; N notes."""

    peak_share: FloatArray  # [N] of the onset filter's density that lies within 25 ms of the onset
    strength: FloatArray  # [N] logit at the onset above the median of the 0.8 s around
    tempo_error_sec: FloatArray  # [N] distance of its event from the locally smoothed tempo
    coarse_error_sec: FloatArray  # [N] distance of its event from the coarse alignment


def onset_fit(evidence: Evidence) -> float:
    """0 to 1: how clearly the notes begin where they were put; tells a piece from a variation on the same harmony."""
    return float(np.clip((evidence.peak_share.mean() - _VAGUE_SHARE) / (_CLEAR_SHARE - _VAGUE_SHARE), 0.0, 1.0))


def onset_evidence(plan: ScorePlan, refined: Refined, coarse_event_sec: FloatArray, frame_sec: float) -> Evidence:
    """Gather what is known of each onset."""
    frame = np.rint(refined.onset_sec / frame_sec).astype(np.int64)
    middle = np.clip(frame - refined.center_frame + TRACK_REACH_FRAME, 0, 2 * TRACK_REACH_FRAME)
    place = np.arange(2 * TRACK_REACH_FRAME + 1)
    away = np.abs(place - middle[:, None])
    density = np.exp(refined.logits - refined.logits.max(axis=1, keepdims=True)) * (away <= _WINDOW_FRAME)
    peak = np.where(away <= _PEAK_FRAME, refined.logits, -np.inf).max(axis=1)
    smooth = smoothed_event_sec(refined.event_sec, plan.event_quarter, _TEMPO_SIGMA_SEC)
    return Evidence(
        peak_share=(density * (away <= _PEAK_FRAME)).sum(axis=1) / np.maximum(density.sum(axis=1), 1e-30),
        strength=peak - np.median(refined.logits, axis=1),
        tempo_error_sec=np.abs(refined.event_sec - smooth)[plan.event],
        coarse_error_sec=np.abs(refined.event_sec - coarse_event_sec)[plan.event],
    )


def note_confidence(evidence: Evidence, fit: float) -> FloatArray:
    """[N] 0 to 1, the chance that an onset is right within 50 ms; less where the score does not fit.

    A logistic regression, and a first version: its weights come from rendered performances, so on real recordings it
    is too sure of itself.
    """
    logit = (
        _BIAS
        + _PEAK_WEIGHT * evidence.peak_share
        + _STRENGTH_WEIGHT * evidence.strength
        - _TEMPO_WEIGHT * np.minimum(evidence.tempo_error_sec, _FAR_SEC)
        - _COARSE_WEIGHT * np.minimum(evidence.coarse_error_sec, _FAR_SEC)
    )
    return np.asarray(min(1.0, 2.0 * fit) / (1.0 + np.exp(-logit)))
