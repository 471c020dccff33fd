"""Find where a recording does not bear out its score: music that is absent, bars that are played otherwise.

Letters: N notes, E events, B bars as played.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.ndimage
import scipy.stats

from dp.align.score_events import ScorePlan
from dp.types import Doubt, PlayedBar
from dp.units import FloatArray, IntArray

_AROUND_EVENT = 20  # events: standard deviation of the window in which onsets count as around; own choice
# Mean likelihood of onsets around: of right pairs (`python -m bench.align.wild`) nine tenths of the notes lie above it.
_HEARD_LIKELIHOOD = 0.35
_HEARD_PASSAGE = 0.25  # of `judge_passages`, 0 to 1: below it the music is not heard; own choice
_WEAK_LIKELIHOOD = 0.1  # the onset net would rather say that the note begins elsewhere
_LEAST_WEAK = 0.02  # share of weak notes that is expected anyway; own choice
_CHANCE = 0.01  # that a recording of the right score has a bar with as many weak notes; own choice


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
    length = np.diff(plan.event_quarter, append=plan.end_quarter.max())
    return Heard(heard, float(length[heard].sum() / max(length.sum(), 1e-9)))


def find_doubts(
    plan: ScorePlan,
    heard: Heard,
    likelihood: FloatArray,
    measure: IntArray,
    written_quarter: FloatArray,
    event_sec: FloatArray,
) -> tuple[Doubt, ...]:
    """Find the bars that are absent from the recording, and those where it has other notes.

    A bar is absent where most of its events are not heard. It is played otherwise where so many of its notes are weak
    as the recording's share of weak notes makes unlikely, by a binomial test that counts all bars.

    Args:
        plan: of the score as played; N notes, E events.
        heard: which events are heard.
        likelihood: [N] of each note's onset, 0 to 1.
        measure: [N] number of each note's bar.
        written_quarter: [N] where each note stands in the unfolded score.
        event_sec: [E] when the events were found to sound.
    """
    # [B] the first and last event of every bar, and how many of its notes are weak
    bar_of_event = np.maximum.reduceat(measure[np.argsort(plan.event, kind="stable")], _find_starts(plan.event_size))
    first = np.flatnonzero(np.diff(bar_of_event, prepend=bar_of_event[0] - 1))
    last = np.append(first[1:], len(bar_of_event)) - 1
    bar_of_note = (np.searchsorted(first, plan.event, side="right") - 1).astype(np.int64)
    weak = likelihood < _WEAK_LIKELIHOOD
    count, weak_count = np.bincount(bar_of_note), np.bincount(bar_of_note, weak)
    # [B] absent or otherwise, and neighbours of one kind as one
    absent = np.add.reduceat(heard.event.astype(np.float64), first) < 0.5 * (last - first + 1)
    usual = max(float(weak[heard.event[plan.event]].mean()) if heard.event.any() else 0.0, _LEAST_WEAK)
    odd = scipy.stats.binom.sf(weak_count - 1, count, usual) < _CHANCE / len(first)
    kind = np.where(absent, 2, np.where(odd, 1, 0))
    doubts = []
    for run in np.split(np.arange(len(kind)), np.flatnonzero(np.diff(kind)) + 1):
        if kind[run[0]]:
            notes = np.flatnonzero((bar_of_note >= run[0]) & (bar_of_note <= run[-1]))
            doubts.append(
                Doubt(
                    is_absent=bool(kind[run[0]] == 2),
                    first_quarter=float(written_quarter[notes[0]]),
                    last_quarter=float(written_quarter[notes[-1]]),
                    first_measure=int(measure[notes[0]]),
                    last_measure=int(measure[notes[-1]]),
                    begin_sec=float(event_sec[first[run[0]]]),
                    end_sec=float(event_sec[min(last[run[-1]] + 1, len(event_sec) - 1)]),
                )
            )
    return tuple(doubts)


def describe_doubts(doubts: Sequence[Doubt], bars: Sequence[PlayedBar] = ()) -> str:
    """Name the bars in words, as the score numbers them, or where its bars are not known as they are played."""
    texts = []
    for is_absent, text in ((True, "not heard"), (False, "played otherwise")):
        names = [_name(doubt, bars) for doubt in doubts if doubt.is_absent == is_absent]
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


def _find_starts(size: IntArray) -> IntArray:
    """Find where each group begins, [E], of groups of so many in a row."""
    return np.asarray(np.cumsum(size) - size)
