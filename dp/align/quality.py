"""Judge how well a score fits a recording, and how sure each note's onset is."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dp.align.coarse.align import FULL, Level, Timing, warp_events
from dp.align.coarse.features import Frames, pool_features
from dp.align.onsets.refine import TRACK_REACH_FRAME, Refined
from dp.align.score_events import WRONG_SHIFTS_SEMITONE, ScorePlan, backwards
from dp.align.spectrum import F32
from dp.align.tempo import smooth_event_sec
from dp.units import FloatArray, IntArray

_FRAME_LIMIT = 1500  # of the pooled features that are warped for judging, 8 minutes; longer ones are pooled more
_PEAK_FRAME, _WINDOW_FRAME = 6, 60  # of 5 ms: what counts as at the onset, and as near it
_NOTES_AT_ONCE = 2048  # bounds what is computed for each note and frame
_LEAST, _MOST_ODDS = 1e-9, 8.0  # of a likelihood; of odds, natural logarithm
_AROUND_EVENT = 2  # events to either side whose odds count, too; own choice
_TEMPO_SIGMA_SEC = 1.5  # standard deviation of the window over which tempo is smoothed; own choice
_ONSET_SHARE = 1.5  # how much the mean likelihood of onsets counts beside the warping's fit
# How much a second of distance takes away, of onsets from the local tempo and from the coarse alignment: in another
# piece, or a variation on the same harmony, events are found far from where both let expect.
_TEMPO_SHARE, _COARSE_SHARE = 3.0, 4.0
# Where right and wrong are balanced. Of 320 pairs of `python -m bench.align.rejection` and `.wild`, the least right one
# has 1.03 (a study, freely played), the best wrong ones 0.88 and 0.37 (variations on the right music), then 0.1.
_EVEN_FIT, _FIT_SLOPE = 0.93, 8.0
# Of a score that must be heard: where half of it is another piece, up to 0.61 is; of right ones 0.83
HEARD_SHARE = 0.65
_ABSENT_CONFIDENCE = 0.5  # what is left of it where the music is not heard
# In slowly broken chords: of notes that would be sure, so many are right (`python -m bench.align.broken`)
_BROKEN_CONFIDENCE = 0.75
_FAR_SEC = 0.5  # distances beyond it are all alike
WEIGHTS = np.array([4.228, 0.659, 0.103, -1.674, -5.002])  # of Evidence.columns; from `python -m bench.align.calibrate`
_FARTHEST_SEMITONE = 6  # that a score may be transposed by, to be told
_HALF_FIT_GAIN = 0.1  # a fit of 0.5: the score is this much cheaper than the best of the wrong ones


@dataclass(frozen=True)
class Warping:
    """How well a score warps onto a recording."""

    fit: float  # 0 (chance) to 1
    cost_by_shift: dict[int, float]  # of the score moved by so many semitones


def judge_warping(audio: Frames, steady: Timing, plan: ScorePlan, shift_semitone: int, hop_sec: float) -> Warping:
    """Judge how much cheaper a score warps onto the recording than wrong scores made from itself.

    The wrong ones are the score transposed, and the score played backwards: same notes, same key, same density. A score
    for another piece is no better than these. (Backwards is left out where it is the same, as for a single note.)

    Args:
        audio: features of the recording.
        steady: the score at one tempo.
        plan: of the score.
        shift_semitone: by which the recording sounds higher than written.
        hop_sec: of the features.
    """
    level = _make_judging_level(audio)
    small = pool_features(audio, level.factor)
    cost_by_shift = {
        shift: warp_events(audio, plan, steady, None, shift_semitone + shift, level, hop_sec, small)[1]
        for shift in (0, *WRONG_SHIFTS_SEMITONE)
    }
    wrong = [cost_by_shift[shift] for shift in WRONG_SHIFTS_SEMITONE]
    mirrored = backwards(plan)
    if mirrored is not None:
        begin_sec = float(steady.event_sec[0])
        sec_per_quarter = (steady.end_sec - begin_sec) / float(plan.end_quarter.max())
        timing = Timing(begin_sec + mirrored.event_quarter * sec_per_quarter, steady.end_sec)
        wrong.append(warp_events(audio, mirrored, timing, None, shift_semitone, level, hop_sec, small)[1])
    gain = 1.0 - cost_by_shift[0] / max(min(wrong), 1e-6)
    return Warping(float(np.clip(1.0 - 0.5 ** (gain / _HALF_FIT_GAIN), 0.0, 1.0)), cost_by_shift)


def find_transposition(
    audio: Frames, steady: Timing, plan: ScorePlan, shift_semitone: int, hop_sec: float, warping: Warping
) -> int:
    """Find by how many semitones a score that does not fit would have to be moved to fit; 0 where none stands out.

    Args:
        audio, steady, plan, shift_semitone, hop_sec: as in `judge_warping`.
        warping: what that said of them.
    """
    level = _make_judging_level(audio)
    small = pool_features(audio, level.factor)
    cost_by_shift = dict(warping.cost_by_shift)
    for shift in range(-_FARTHEST_SEMITONE, _FARTHEST_SEMITONE + 1):
        if shift not in cost_by_shift:
            cost_by_shift[shift] = warp_events(
                audio, plan, steady, None, shift_semitone + shift, level, hop_sec, small
            )[1]
    best, second = sorted(cost_by_shift, key=lambda shift: cost_by_shift[shift])[:2]
    return best if cost_by_shift[best] < (1.0 - _HALF_FIT_GAIN) * cost_by_shift[second] else 0


def _make_judging_level(audio: Frames) -> Level:
    """Make the level at which whole scores are compared: costs stay above 0, so that their ratio means something."""
    factor = FULL.factor
    while len(audio) > factor * _FRAME_LIMIT:
        factor *= 2
    return replace(FULL, factor=factor, onset_weight=0.0)


@dataclass(frozen=True)
class Evidence:
    """What speaks for each note's onset; N notes."""

    odds: FloatArray  # [N] logarithm: the onset net's "begins here" against "elsewhere near" and "not near"
    odds_around: FloatArray  # [N] mean of its event's and the neighbouring events' notes
    tempo_error_sec: FloatArray  # [N] distance of its event from the locally smoothed tempo
    coarse_error_sec: FloatArray  # [N] distance of its event from the coarse alignment
    broken: npt.NDArray[np.bool_]  # [N] whether it belongs to a slowly broken chord

    @property
    def likelihood(self) -> FloatArray:
        """Compute how likely each onset is where it was put: [N], 0 to 1."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.odds)))

    def columns(self) -> FloatArray:
        """Compute the evidence [N, 5] as the regression sees it; the first column is 1."""
        errors = [np.sqrt(np.minimum(e, _FAR_SEC)) for e in (self.tempo_error_sec, self.coarse_error_sec)]
        return np.column_stack([np.ones(len(self.odds)), self.odds, self.odds_around, *errors])


def compute_score_fit(warping: Warping, evidence: Evidence, heard: npt.NDArray[np.bool_]) -> float:
    """Compute how well a score fits, 0 to 1, from `judge_warping` and from what speaks for the onsets that are heard.

    The harmony alone does not tell a piece from a variation on it, onsets alone do not tell it from a slow one.

    Args:
        warping: of `judge_warping`.
        evidence: of the N notes.
        heard: [N] which notes to look at: what is not in the recording says nothing about the rest. None: all.
    """
    chosen = heard if heard.any() else np.ones(len(heard), bool)
    tempo_sec, coarse_sec = (
        float(np.minimum(error, _FAR_SEC)[chosen].mean())
        for error in (evidence.tempo_error_sec, evidence.coarse_error_sec)
    )
    found = warping.fit + _ONSET_SHARE * evidence.likelihood[chosen].mean()
    found -= _TEMPO_SHARE * tempo_sec + _COARSE_SHARE * coarse_sec
    return float(1.0 / (1.0 + np.exp(-_FIT_SLOPE * (found - _EVEN_FIT))))


def gather_onset_evidence(
    plan: ScorePlan, refined: Refined, coarse_event_sec: FloatArray, frame_sec: float
) -> Evidence:
    """Gather what speaks for each onset.

    Args:
        plan: of the score; N notes, E events.
        refined: the onsets found.
        coarse_event_sec: [E] where the coarse alignment had the events.
        frame_sec: of the onsets' grid.
    """
    column = np.rint(refined.onset_sec / frame_sec).astype(np.int64) - refined.center_frame + TRACK_REACH_FRAME
    parts = range(0, len(column), _NOTES_AT_ONCE)
    odds = np.concatenate(
        [_compute_odds(refined.logits[at : at + _NOTES_AT_ONCE], column[at : at + _NOTES_AT_ONCE]) for at in parts]
    )
    smooth = smooth_event_sec(refined.event_sec, plan.event_quarter, _TEMPO_SIGMA_SEC)
    return Evidence(
        odds=odds,
        odds_around=_average_around(odds, plan),
        tempo_error_sec=np.abs(refined.event_sec - smooth)[plan.event],
        coarse_error_sec=np.abs(refined.event_sec - coarse_event_sec)[plan.event],
        broken=refined.broken,
    )


def _compute_odds(logits: F32, column: IntArray) -> FloatArray:
    """Compute the odds [n] that onsets are in the columns [n] of their logits [n, C]."""
    away = np.abs(np.arange(logits.shape[1]) - column[:, None])
    likely = np.exp(logits.astype(np.float64))
    here = np.where(away <= _PEAK_FRAME, likely, 0.0).sum(axis=1)
    near = np.where((away > _PEAK_FRAME) & (away <= _WINDOW_FRAME), likely, 0.0).sum(axis=1)
    return np.clip(np.log(here + _LEAST) - np.log(1.0 + near), -_MOST_ODDS, _MOST_ODDS)


def _average_around(odds: FloatArray, plan: ScorePlan) -> FloatArray:
    """Average odds [N] over the notes of each note's event and of _AROUND_EVENT events to either side: [N]."""
    kernel = np.ones(2 * _AROUND_EVENT + 1)
    total = np.convolve(np.bincount(plan.event, odds), kernel)[_AROUND_EVENT:-_AROUND_EVENT]
    count = np.convolve(plan.event_size, kernel)[_AROUND_EVENT:-_AROUND_EVENT]
    return (total / count)[plan.event]


def compute_note_confidence(evidence: Evidence, fit: float, heard: npt.NDArray[np.bool_]) -> FloatArray:
    """Compute the chance [N], 0 to 1, that an onset is right within 50 ms; less where the score does not fit.

    A logistic regression; `python -m bench.align.calibrate` fits its weights.

    Args:
        evidence: of the N notes.
        fit: of `compute_score_fit`.
        heard: [N] whether the music around each note is heard.
    """
    chance = min(1.0, 2.0 * fit) / (1.0 + np.exp(-evidence.columns() @ WEIGHTS))
    chance *= np.where(evidence.broken, _BROKEN_CONFIDENCE, 1.0)
    return np.asarray(chance * np.where(heard, 1.0, _ABSENT_CONFIDENCE))
