"""Find where a recording does not bear out its score: music that is absent, bars that are played otherwise.

Letters: N notes, E events, B bars as played.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import scipy.ndimage
import scipy.special

from dp.align.coarse.features import F16, LOW_PITCH
from dp.align.score_events import ScorePlan
from dp.types import Doubt, PlayedBar
from dp.units import FloatArray, IntArray

_AROUND_EVENT = 20  # events: standard deviation of the window in which onsets count as around; own choice
_BLURRED_EVENT = 2 * _AROUND_EVENT  # how far that window blurs a border
# Mean likelihood of onsets around: in right pairs (`python -m bench.align.wild`) eight tenths of the notes have more.
_HEARD_LIKELIHOOD = 0.45
_HEARD_PASSAGE = 0.25  # of `judge_passages`, 0 to 1: below it the music is not heard; own choice
WEAK_LIKELIHOOD = 0.1  # the onset net would rather say that the note begins elsewhere
_LEAST_WEAK = 0.02  # share of weak notes that is expected anyway; own choice
_CHANCE = 0.05  # that a recording of the right score has a bar with as many weak notes; own choice
_ATTACK_FRAME, _SOUNDING_FRAME = 2, 12  # of 20 ms: when after its onset a note's pitch is heard; own choice
_BESIDE_SEMITONE = (-2, -1, 1, 2)  # how far off misprints and missed accidentals are
_MORE_SHARE = 0.75  # of a bar by which a gap is too long: pauses between phrases stay below, a missing bar is above
_MORE_ACTIVITY = 0.7  # of the usual: as much begins while music goes on, and less in pauses; own choice
_TEMPO_EVENT = 17  # gaps whose median is the tempo around; own choice
_SKIPPED_SEC = 0.1  # the onset before a gap is no part of it

_TEXTS = {"absent": "not heard", "otherwise": "played otherwise", "more": "more is played before"}


@dataclass(frozen=True)
class Heard:
    """Which events of a score a recording bears out."""

    event: npt.NDArray[np.bool_]  # [E]
    share: float  # of the score's length in quarters


def find_heard_events(plan: ScorePlan, likelihood: FloatArray, passage: FloatArray) -> Heard:
    """Find the events that are heard about where the score has them.

    Args:
        plan: of the score; N notes.
        likelihood: [N] of each note's onset, 0 to 1.
        passage: [N] of `judge_passages`.
    """
    size = plan.event_size.astype(np.float64)

    def smooth(values: FloatArray) -> FloatArray:
        return np.asarray(scipy.ndimage.gaussian_filter1d(values, _AROUND_EVENT, mode="constant"))

    likely = np.bincount(plan.event, likelihood, len(size)).astype(np.float64)
    around = smooth(likely) / smooth(size)
    fitting = np.bincount(plan.event, passage, len(size)) / size
    heard = (around >= _HEARD_LIKELIHOOD) & (fitting >= _HEARD_PASSAGE)
    heard = _find_borders(likely / size, heard)
    length = np.diff(plan.event_quarter, append=plan.end_quarter.max())
    return Heard(heard, float(length[heard].sum() / max(length.sum(), 1e-9)))


def _find_borders(likelihood: FloatArray, heard: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Find where runs of events that are not heard really begin and end: averages over a window blur that.

    A run grows over the events beside it as far as these are on the whole less likely than halfway between what is
    heard and what is not.

    Args:
        likelihood: [E] mean of each event's notes.
        heard: [E] by averages.
    """
    if heard.all() or not heard.any():
        return heard
    halfway = 0.5 * (likelihood[heard].mean() + likelihood[~heard].mean())
    exact = heard.copy()
    for event in np.flatnonzero(heard[1:] != heard[:-1]).tolist():  # the last one before a border
        outwards = -1 if heard[event] else 1
        beside = event + (outwards + 1) // 2 + outwards * np.arange(_BLURRED_EVENT)
        beside = beside[(beside >= 0) & (beside < len(heard))]
        doubtful = np.cumsum(halfway - likelihood[beside])
        best = int(np.argmax(doubtful))
        if doubtful[best] > 0.0:
            exact[beside[: best + 1]] = False
    return exact


def find_wrong_pitches(
    bands: F16, plan: ScorePlan, onset_sec: FloatArray, shift_semitone: int, hop_sec: float
) -> npt.NDArray[np.bool_]:
    """Find the notes [N] at whose onset a pitch beside them sounds stronger, which the score does not have there.

    Args:
        bands: [T, K] of the recording, without their floor.
        plan: of the score as played; N notes.
        onset_sec: [N] of the notes.
        shift_semitone: by which the recording sounds higher than written.
        hop_sec: of the bands.
    """
    first = np.clip(np.rint(onset_sec / hop_sec).astype(np.int64) + _ATTACK_FRAME, 0, len(bands) - 1)
    # [N] the level of each note's own band, and the strongest of those beside it whose pitches are not written near
    around = np.concatenate(plan.context.parts(), axis=1)
    own = _measure_level(bands, first, plan.pitch + shift_semitone)
    wrong = np.zeros(len(own), bool)
    for away in _BESIDE_SEMITONE:
        is_written = (around == (plan.pitch + away)[:, None]).any(axis=1)
        wrong |= ~is_written & (_measure_level(bands, first, plan.pitch + away + shift_semitone) > own)
    return wrong


def _measure_level(bands: F16, first: IntArray, pitch: IntArray) -> FloatArray:
    """Measure the mean level [N] of one pitch each from the frames `first` [N] on; 0 where there is no band for it."""
    band = pitch - LOW_PITCH
    inside = (band >= 0) & (band < bands.shape[1])
    total, count = np.zeros(len(pitch)), np.zeros(len(pitch))
    for after in range(_SOUNDING_FRAME):
        is_there = inside & (first + after < len(bands))
        total[is_there] += bands[first[is_there] + after, band[is_there]]
        count += is_there
    return total / np.maximum(count, 1.0)


@dataclass(frozen=True)
class _Bars:
    """The bars of a score as played, B of them."""

    first: IntArray  # [B] event
    last: IntArray  # [B] event
    of_note: IntArray  # [N]
    of_event: IntArray  # [E]


def find_doubts(
    plan: ScorePlan,
    heard: Heard,
    weak: Sequence[npt.NDArray[np.bool_]],
    measure: IntArray,
    written_quarter: FloatArray,
    event_sec: FloatArray,
    activity: FloatArray,
    hop_sec: float,
) -> tuple[Doubt, ...]:
    """Find the bars that are absent from the recording, those where it has other notes, and where it has more.

    A bar is absent where most of its events are not heard. It is played otherwise where so many of its notes are weak
    as the recording's share of weak notes makes unlikely, by a binomial test that counts all bars. More is played where
    a gap between events is longer than the tempo lets expect by about a bar, and the recording goes on in it.

    Args:
        plan: of the score as played; N notes, E events.
        heard: which events are heard.
        weak: [N] each; notes that speak against their bar, for one reason each.
        measure: [N] number of each note's bar.
        written_quarter: [N] where each note stands in the unfolded score.
        event_sec: [E] when the events were found to sound.
        activity: [T] how much begins at each frame of the recording.
        hop_sec: of these frames.
    """
    bars = _find_bars(plan, measure)
    absent = np.add.reduceat(heard.event.astype(np.float64), bars.first) < 0.5 * (bars.last - bars.first + 1)
    odd = np.zeros(len(absent), bool)
    for notes in weak:
        odd |= _find_odd_bars(notes, bars.of_note, heard.event[plan.event], _CHANCE / len(weak))
    more = bars.of_event[_find_long_gaps(plan, bars, event_sec, activity, hop_sec)]
    # [B] the kind of every bar, and neighbours of one kind as one
    kind = np.where(absent, "absent", np.where(odd, "otherwise", ""))
    runs = np.split(np.arange(len(kind)), np.flatnonzero(kind[1:] != kind[:-1]) + 1)
    doubts = [(kind[run[0]], int(run[0]), int(run[-1])) for run in runs if kind[run[0]]]
    doubts += [("more", int(bar), int(bar)) for bar in more if not absent[bar]]
    return tuple(
        _make_doubt(name, first, last, bars, measure, written_quarter, event_sec)
        for name, first, last in sorted(doubts, key=lambda doubt: doubt[1:])
    )


def _find_bars(plan: ScorePlan, measure: IntArray) -> _Bars:
    starts = np.cumsum(plan.event_size) - plan.event_size
    measure_of_event = np.maximum.reduceat(measure[np.argsort(plan.event, kind="stable")], starts)
    first = np.flatnonzero(np.diff(measure_of_event, prepend=measure_of_event[0] - 1))
    last = np.append(first[1:], len(measure_of_event)) - 1
    of_event = np.searchsorted(first, np.arange(len(measure_of_event)), side="right") - 1
    return _Bars(first, last, of_event[plan.event], of_event)


def _find_odd_bars(
    weak: npt.NDArray[np.bool_], bar: IntArray, is_heard: npt.NDArray[np.bool_], chance: float
) -> npt.NDArray[np.bool_]:
    """Find the bars [B] with more weak notes [N] than the share of these among heard notes explains."""
    count, weak_count = np.bincount(bar), np.bincount(bar, weak)
    usual = max(float(weak[is_heard].mean()) if is_heard.any() else 0.0, _LEAST_WEAK)
    # [B] the chance of as many or more in a binomial distribution (scipy.stats has it, but takes 45 MB to import)
    some = np.maximum(weak_count, 1.0)
    tail = np.where(weak_count > 0, scipy.special.betainc(some, count - some + 1.0, usual), 1.0)
    return np.asarray(tail < chance / len(count))


def _find_long_gaps(
    plan: ScorePlan, bars: _Bars, event_sec: FloatArray, activity: FloatArray, hop_sec: float
) -> IntArray:
    """Find the events before which about a bar or more is played that is not written."""
    if len(event_sec) < 2:
        return np.zeros(0, np.int64)
    # [E - 1] the gap before each event but the first, and the tempo around it; a median, since one gap may be far off
    gap_sec, gap_quarter = np.diff(event_sec), np.diff(plan.event_quarter)
    sec_per_quarter = scipy.ndimage.median_filter(gap_sec / gap_quarter, size=_TEMPO_EVENT, mode="nearest")
    begin_quarter = plan.event_quarter[bars.first]
    bar_quarter = np.diff(begin_quarter, append=plan.end_quarter.max())
    # [E - 1] how much longer each gap is than its quarters, against the bar in which it begins
    too_long = gap_sec > (gap_quarter + _MORE_SHARE * bar_quarter[bars.of_event[:-1]]) * sec_per_quarter
    usual = float(activity.mean())
    found = []
    for event in np.flatnonzero(too_long) + 1:
        begin, end = (round(sec / hop_sec) for sec in (event_sec[event - 1] + _SKIPPED_SEC, event_sec[event]))
        if end > begin and activity[begin:end].mean() > _MORE_ACTIVITY * usual:
            found.append(event)
    return np.array(found, np.int64)


def _make_doubt(
    kind: str,
    first: int,
    last: int,
    bars: _Bars,
    measure: IntArray,
    written_quarter: FloatArray,
    event_sec: FloatArray,
) -> Doubt:
    notes = np.flatnonzero((bars.of_note >= first) & (bars.of_note <= last))
    begin, end = bars.first[first], min(int(bars.last[last]) + 1, len(event_sec) - 1)
    if kind == "more":
        begin, end = max(int(begin) - 1, 0), int(begin)
    return Doubt(
        kind=cast(Literal["absent", "otherwise", "more"], kind),
        first_quarter=float(written_quarter[notes[0]]),
        last_quarter=float(written_quarter[notes[-1]]),
        first_measure=int(measure[notes[0]]),
        last_measure=int(measure[notes[-1]]),
        begin_sec=float(event_sec[begin]),
        end_sec=float(event_sec[end]),
    )


def describe_doubts(doubts: Sequence[Doubt], bars: Sequence[PlayedBar] = ()) -> str:
    """Name the bars in words, as the score numbers them, or where its bars are not known as they are played."""
    texts = []
    for kind, text in _TEXTS.items():
        names = [_name(doubt, bars) for doubt in doubts if doubt.kind == kind]
        if names:
            texts.append(f"{text}: {'bar' if len(names) == 1 and '-' not in names[0] else 'bars'} {', '.join(names)}")
    return "; ".join(texts)


def _name(doubt: Doubt, bars: Sequence[PlayedBar]) -> str:
    """Name the first and the last bar of a doubt; one name where they are the same."""
    if bars:
        begin = np.array([bar.begin_quarter for bar in bars])
        at = np.searchsorted(begin, [doubt.first_quarter + 1e-6, doubt.last_quarter + 1e-6], side="right") - 1
        first, last = (bars[max(int(i), 0)].name for i in at)
    else:
        first, last = str(doubt.first_measure), str(doubt.last_measure)
    return first if first == last else f"{first}-{last}"
