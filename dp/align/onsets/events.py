"""Find where events lie, from the evidence of their notes: Viterbi with gaps that follow the local tempo.

Letters: N notes, E events, C candidates, all in frames of dp.align.onsets.patches.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from dp.align.coarse.features import compute_event_bands
from dp.align.onsets.listener import Listener
from dp.align.onsets.net import convolve
from dp.align.onsets.sustain import measure_sounding_gain
from dp.align.score_events import ScorePlan
from dp.align.spectrum import F32
from dp.align.tempo import predict_gap_sec
from dp.units import FloatArray, IntArray

_GAP_SCALE_FRAME, _GAP_SCALE_SHARE = 3.0, 0.12  # how far a gap may be from the tempo's: frames, and share of the gap
FRAME_RATE_HZ = 200.0  # about; the window over which tempo is taken needs no more
_GAP_LIMIT = 6.0  # tolerances; beyond it a gap costs no more: players pause
_CHORD_FRAME, _CHORD_SIGMA_FRAME = 8, 1.5  # how far the notes of a chord may lie apart
_DENSITY_FLOOR, SEARCH_FLOOR = 1e-3, 1e-5  # of a note's density, when following the score and when searching again
# When events are looked for again: chosen with seven recordings of the suites H1, H2 and H3 in view
# (docs/measurements.md, `python -m bench.align --suites H1 H2 H3`).
_NEAR_FRAME = 5  # what counts as at the event
_WEAK_LOGIT = -1.0  # the onset net would rather say that the notes are not near
_ODD_GAP = 5.0  # tolerances; a gap that is further off is looked at again
_ODD_EVENT = 1  # how many events to either side of such a gap
_CROWDED = 0.3  # a gap of less than this share of the expected: the coarse alignment put several events at one
_CROWDED_FRAME = 30  # shorter than expected by at least this: 150 ms
_CROWDED_EVENT = 4  # to either side of such a gap: the events that a slip displaced
_END_EVENT = 2  # at either end of the music, where the coarse alignment is weakest
_CLEAR_LOGIT = 1.0  # the onset net says that the notes are here
_SOUNDING_WEIGHT = 0.3  # of 20 ms of what sounds beside the evidence of an onset; chosen on the suites H1, H2 and H3
_TILE_REACH = 92  # frames to either side that the net hears at once when searching again
_MAX_SEARCH_FRAME = 2400  # 12 s
# However hopeless a pair, looking again has a bounded price, counted in patches of the onset net. Right pairs of the
# suites S1 and S2 need 7 to 271 a minute, hopeless ones thousands; 300 take about 0.2 CPU seconds.
SEARCH_PATCHES_PER_MIN = 300.0
SEARCH_PATCHES = 300.0  # beside these: a short piece may have one long passage in doubt
_STEPS_PER_PATCH = 2e5  # of Viterbi in the time that a patch takes
_TEMPO_EVENT = 8  # to either side whose median tempo is expected


def log_density(logits: F32) -> F32:
    """Turn logits [N, C] into log densities over the candidates and "not here", whose logit is 0."""
    top = np.maximum(logits.max(axis=1, keepdims=True), 0.0)
    return logits - top - np.log(np.exp(-top) + np.exp(logits - top).sum(axis=1, keepdims=True))


def gather_event_evidence(
    density: Iterable[F32], event: IntArray, event_size: IntArray, floor: float = _DENSITY_FLOOR
) -> FloatArray:
    """Gather what the notes of every event say together: [E, C].

    Args:
        density: [n, C] logarithmic, of some notes after the others, N in all; blurred by how chords come apart, and
            added.
        event: [N] which event a note belongs to.
        event_size: [E] how many notes.
        floor: of densities, so that no single note may veto an event.
    """
    evidence, at = np.zeros((len(event_size), 0)), 0
    for some in density:
        if at == 0:
            evidence = np.zeros((len(event_size), some.shape[1]))
        np.add.at(evidence, event[at : at + len(some)], np.log(_blur(some) + floor))
        at += len(some)
    evidence /= np.sqrt(event_size)[:, None]
    return evidence


def _blur(density: F32) -> F32:
    """Blur densities [n, C], whose logarithms are given, by how chords come apart."""
    blur = np.exp(-0.5 * (np.arange(-_CHORD_FRAME, _CHORD_FRAME + 1) / _CHORD_SIGMA_FRAME) ** 2)
    kernel = (blur / blur.sum()).astype(np.float32)[None, None]
    padded = np.pad(np.exp(density), ((0, 0), (_CHORD_FRAME, _CHORD_FRAME)))
    whole = convolve(padded.reshape(1, -1), kernel, np.zeros(1, np.float32), 1)[0]  # one row after the other
    return np.append(whole, np.zeros(2 * _CHORD_FRAME, np.float32)).reshape(padded.shape)[:, : density.shape[1]]


def predict_frames(frame: IntArray, event_quarter: FloatArray) -> FloatArray:
    """Predict the frames [E] from the event before, by the local tempo; 0 for the first one."""
    return predict_gap_sec(frame / FRAME_RATE_HZ, event_quarter) * FRAME_RATE_HZ


def compute_gap_cost(frames: FloatArray, expected: FloatArray | float) -> FloatArray:
    """Compute what gaps cost that differ from what the tempo predicts, both in frames and of any shape."""
    return np.minimum(np.abs(frames - expected) / _compute_tolerance(expected), _GAP_LIMIT)


def _compute_tolerance(expected: FloatArray | float) -> FloatArray:
    """Compute how many frames from the expected a gap costs 1."""
    return np.asarray(_GAP_SCALE_FRAME + _GAP_SCALE_SHARE * expected)


def find_best_events(
    evidence: FloatArray, base: IntArray, expected: FloatArray, min_gap: int, early: FloatArray | None = None
) -> IntArray:
    """Find the candidate [E] of every event by Viterbi's method; arguments as in `find_best_path`."""
    return find_best_path(evidence, base, expected, min_gap, early)[0]


def find_best_path(
    evidence: FloatArray, base: IntArray, expected: FloatArray, min_gap: int, early: FloatArray | None = None
) -> tuple[IntArray, float]:
    """Find the candidate [E] of every event by Viterbi's method, and what evidence and gaps add up to.

    Args:
        evidence: [E, C] of every candidate.
        base: [E] frames; candidate c of event e lies at base[e] + c, up to a constant.
        expected: [E] frames from the event before.
        min_gap: in frames, between events.
        early: [E] frames by which gaps may be shorter than expected at no cost; None: 0.
    """
    gap = np.diff(base, prepend=base[0]).astype(np.int64)
    early = np.zeros(len(gap)) if early is None else early
    tolerance = _compute_tolerance(expected)
    place, total = _find_best_path(evidence, gap, expected, early, tolerance, min_gap, _GAP_LIMIT)
    return np.asarray(place), float(total)


@numba.njit(cache=True)
def _find_best_path(evidence, gap, expected, early, tolerance, min_gap, limit):  # type: ignore[no-untyped-def]
    """Find the best events; gap [E] is how far the bases lie apart, tolerance [E] how far off a gap costs 1."""
    event_count, candidate_count = evidence.shape
    score = evidence[0].copy()
    following = np.empty(candidate_count)
    came_from = np.zeros((event_count, candidate_count), np.int16)
    price = np.empty(2 * candidate_count)
    # Forward: [C] the best sum up to every candidate of an event, and the candidate before that it comes from
    for e in range(1, event_count):
        for k in range(2 * candidate_count):
            longer = gap[e] + k - candidate_count - expected[e]
            price[k] = min(max(longer, -longer - early[e], 0.0) / tolerance[e], limit)
        # Gaps between these two are cheaper than the limit; all others cost alike, so the best so far stands for them
        least = np.int64(np.floor(expected[e] - early[e] - limit * tolerance[e]))
        most = np.int64(np.ceil(expected[e] + limit * tolerance[e]))
        top, top_i, seen = -1e30, 0, 0
        for j in range(candidate_count):
            count = min(candidate_count, gap[e] + j - min_gap + 1)  # later ones are too close
            while seen < count:
                if score[seen] > top:
                    top, top_i = score[seen], seen
                seen += 1
            best, best_i = (top - limit, top_i) if count > 0 else (-1e30, 0)
            for i in range(max(gap[e] + j - most, 0), min(count, gap[e] + j - least + 1)):
                value = score[i] - price[candidate_count + j - i]
                if value > best or (value == best and i < best_i):
                    best, best_i = value, i
            following[j] = best + evidence[e, j]
            came_from[e, j] = best_i
        score, following = following, score
    # [E] back from the best end
    place = np.empty(event_count, np.int64)
    place[-1] = np.argmax(score)
    for e in range(event_count - 1, 0, -1):
        place[e - 1] = came_from[e, place[e]]
    return place, score.max()


def search_again(
    listener: Listener, logits: F32, center: IntArray, frame: IntArray, frame_count: int, min_gap: int
) -> IntArray:
    """Look for doubtful events between their neighbours, and return the frames [E] of all.

    An event stays where what begins there, what sounds before and after, and the tempo together speak for it, and where
    a search would cost more than what a recording of this length may.

    Args:
        listener: the onset net.
        logits: [N, C] around `center` [N].
        center: [N] frames.
        frame: [E] where the events were found.
        frame_count: of the recording.
        min_gap: in frames, between events.
    """
    # [E] which events are doubtful, and [gaps] how fast the music is where none is
    plan = listener.plan
    weak = _find_doubtful(
        _measure_event_strength(logits, center, frame, plan.event, plan.event_size), frame, plan.event_quarter
    )
    found = frame.copy()
    sure_gap = np.flatnonzero(~weak[1:] & ~weak[:-1])  # between event i and i + 1
    if len(sure_gap) == 0:
        return found
    slope = np.diff(frame)[sure_gap] / np.diff(plan.event_quarter)[sure_gap]
    gap_quarter = np.diff(plan.event_quarter, prepend=plan.event_quarter[0])
    # Each run of doubtful events between the sure ones beside it, heard in all frames between them
    bands = compute_event_bands(plan, listener.shift_semitone)
    searches = [
        s for run in _iterate_runs(weak) if (s := _make_window(plan, frame, *run, frame_count, min_gap)) is not None
    ]
    minutes = frame_count / (60.0 * FRAME_RATE_HZ)
    searches = _choose_affordable(searches, SEARCH_PATCHES_PER_MIN * minutes + SEARCH_PATCHES)
    for search, heard in zip(searches, _iterate_stretches(listener, searches), strict=True):
        # [n + 1] the gaps that the tempo around lets expect
        first, end, low = search.first, search.end, search.low
        nearest = np.searchsorted(sure_gap, first)
        around = slope[max(nearest - _TEMPO_EVENT, 0) : nearest + _TEMPO_EVENT]
        expected = gap_quarter[first : end + 1] * np.median(around)
        # [n, C] what speaks for every frame: what begins there, what sounds before and after, the gaps at either end
        size = plan.event_size[first:end]
        evidence = gather_event_evidence([log_density(heard)], plan.event[search.note] - first, size, SEARCH_FLOOR)
        candidate = low + np.arange(evidence.shape[1])
        evidence += _SOUNDING_WEIGHT * measure_sounding_gain(listener.audio, bands, first, end, candidate)
        if first > 0:
            evidence[0] -= compute_gap_cost(candidate - frame[first - 1], expected[0])
        if end < len(frame):
            evidence[-1] -= compute_gap_cost(frame[end] - candidate, expected[-1])
        found[first:end] = low + find_best_events(evidence, np.full(end - first, low), expected[: end - first], min_gap)
    return found


@dataclass(frozen=True)
class _Search:
    """A run of events to look for again."""

    first: int  # event
    end: int  # event after the last one
    low: int  # frames between which they must lie, both included
    high: int
    note: IntArray  # [n] of these events

    @property
    def tile_count(self) -> int:
        """Count the patches in which a note is heard."""
        return -(-(self.high - self.low + 1) // (2 * _TILE_REACH + 1))

    @property
    def work(self) -> float:
        """Compute what the search costs: patches that the net hears, and as many more as Viterbi takes the time of."""
        candidate_count = self.high - self.low + 1
        gap_count = (self.end - self.first) * 2 * _GAP_LIMIT * _GAP_SCALE_FRAME
        gap_count += candidate_count * 2 * _GAP_LIMIT * _GAP_SCALE_SHARE  # all gaps together are no longer
        return len(self.note) * self.tile_count + candidate_count * gap_count / _STEPS_PER_PATCH


def _make_window(
    plan: ScorePlan, frame: IntArray, first: int, end: int, frame_count: int, min_gap: int
) -> _Search | None:
    """Find where the events `first` to `end` - 1 may lie; None where there is no room for them."""
    low = 0 if first == 0 else int(frame[first - 1]) + min_gap
    high = frame_count - 1 if end == len(frame) else int(frame[end]) - min_gap
    reach = _MAX_SEARCH_FRAME if end == len(frame) else _MAX_SEARCH_FRAME // 2  # the last chord may come late
    low, high = max(low, int(frame[first]) - reach), min(high, int(frame[end - 1]) + reach)
    if high - low < (end - first) * min_gap:
        return None
    return _Search(first, end, low, high, np.flatnonzero((plan.event >= first) & (plan.event < end)))


def _choose_affordable(searches: list[_Search], patch_limit: float) -> list[_Search]:
    """Keep the cheapest searches, in order of time, as long as all their work together stays within the limit."""
    work = np.array([search.work for search in searches])
    order = np.argsort(work, kind="stable")
    kept = np.sort(order[np.cumsum(work[order]) <= patch_limit])
    return [searches[i] for i in kept]


def _iterate_stretches(listener: Listener, searches: list[_Search]) -> Iterator[F32]:
    """Yield the logits [n, high - low + 1] of every search's notes, heard in tiles, all in one go."""
    if not searches:
        return
    tiles = [np.arange(s.low + _TILE_REACH, s.high + 1 + _TILE_REACH, 2 * _TILE_REACH + 1) for s in searches]
    note = np.concatenate([np.repeat(s.note, len(t)) for s, t in zip(searches, tiles, strict=True)])
    center = np.concatenate([np.tile(t, len(s.note)) for s, t in zip(searches, tiles, strict=True)])
    logits = listener.logits(note, center, _TILE_REACH)
    at = 0
    for search, places in zip(searches, tiles, strict=True):
        count = len(search.note) * len(places)
        yield logits[at : at + count].reshape(len(search.note), -1)[:, : search.high - search.low + 1]
        at += count


def _measure_event_strength(
    logits: F32, center: IntArray, frame: IntArray, event: IntArray, event_size: IntArray
) -> FloatArray:
    """Measure the largest logit near each event, on average over its notes: [E]."""
    reach = logits.shape[1] // 2
    columns = (frame[event] - center)[:, None] + reach + np.arange(-_NEAR_FRAME, _NEAR_FRAME + 1)
    near = np.take_along_axis(logits, np.clip(columns, 0, 2 * reach), axis=1).max(axis=1)
    return np.bincount(event, near, len(event_size)) / event_size


def _find_doubtful(strength: FloatArray, frame: IntArray, event_quarter: FloatArray) -> npt.NDArray[np.bool_]:
    """Find which events [E] to look for again: without evidence, at gaps far from the tempo, at unclear ends."""
    gap, expected = np.diff(frame), predict_frames(frame, event_quarter)[1:]
    odd = np.abs(gap - expected) / _compute_tolerance(expected) > _ODD_GAP
    crowded = (gap < _CROWDED * expected) & (gap < expected - _CROWDED_FRAME)
    weak = (strength < _WEAK_LOGIT) | _mark_beside(odd, _ODD_EVENT) | _mark_beside(crowded, _CROWDED_EVENT)
    for at in (slice(_END_EVENT), slice(max(len(weak) - _END_EVENT, 0), None)):
        weak[at] |= strength[at].min() < _CLEAR_LOGIT
    return weak


def _mark_beside(gap: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Mark the events [E] that have one of the gaps [E - 1] among the `reach` before or after them."""
    near = np.zeros(len(gap) + 2 * reach, bool)
    for shift in range(2 * reach):
        near[shift : shift + len(gap)] |= gap
    return near[reach - 1 : reach + len(gap)]


def _iterate_runs(weak: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield the begin and the end of every run of true."""
    edges = np.flatnonzero(np.diff(weak.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
