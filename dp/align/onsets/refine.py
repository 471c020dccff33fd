"""Refine the coarse alignment to onsets: the onset net's evidence, Viterbi over events, then each note on its own.

All times are on the 5 ms grid of dp.align.onsets.patches. Letters: N notes, E events, C candidates.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.align.onsets.broken import PlayedEvents, find_broken_chords, split_chords
from dp.align.onsets.events import find_best_events, gather_event_evidence, log_density, search_again
from dp.align.onsets.listener import Listener, support_deaf_net
from dp.align.onsets.patches import HOP_SAMPLE
from dp.align.score_events import ScorePlan
from dp.align.spectrum import F32
from dp.units import FloatArray, IntArray, compute_frame_rate_hz, frame_to_sec

# All values down to _PEAK_FRAME are own choices; no comparison is recorded but where a line gives a measurement.
PASS_REACH_FRAME = (60, 32)  # +-300 ms about the coarse alignment, then +-160 ms about the first pass
TRACK_REACH_FRAME = sum(PASS_REACH_FRAME)  # evidence is measured this far to either side
MIN_GAP_FRAME = 3  # 15 ms between events, where the recording is long enough for that
_ANCHOR_PER_FRAME = 0.02  # natural logarithm: keeps to the pass before: stops slips by one note in repeated figures
_SINGLE_SCALE, _CHORD_SCALE, _LOOSE_SCALE = 4.0, 12.0, 60.0  # frames: how close a note stays to its event
_FAR_PENALTY = 7.0  # natural logarithm: beyond it distance costs no more
_NEIGHBOR_SHARE = 0.55  # a note stays within this share of the way to the neighbouring events
_BLOCKED = 20.0  # natural logarithm, taken from places beyond that share: only overwhelming evidence wins there
_SOUND_DELAY_SEC = 0.0015  # the net learned note-ons: of its renders' sounds, the first come 2.5 ms later
_NOTES_AT_ONCE = 2048  # bounds what is computed for each note and candidate
_PEAK_FRAME = 3  # the onset is the mean over this far to either side of the likeliest frame


@dataclass(frozen=True)
class Refined:
    """Onsets and what spoke for them."""

    onset_sec: FloatArray  # [N]
    event_sec: FloatArray  # [E] increasing
    logits: F32  # [N, 2 * TRACK_REACH_FRAME + 1] of "the note begins here" against 0 for "not near", from sound alone
    center_frame: IntArray  # [N] the middle one of these frames
    broken: npt.NDArray[np.bool_]  # [N] whether a note belongs to a slowly broken chord


def refine_onsets(listener: Listener, event_sec: FloatArray) -> Refined:
    """Refine coarse event times [E] to onsets; the samples must have at least one frame of 5 ms per event."""
    # [E] events on the grid, and [N, 2 * TRACK_REACH_FRAME + 1] what the net hears about them
    plan = listener.plan
    rate_hz = compute_frame_rate_hz(listener.sample_rate_hz, HOP_SAMPLE)
    frame_count = len(listener.samples) // HOP_SAMPLE
    frame, min_gap = space_frames(event_sec * rate_hz, frame_count)
    center = frame[plan.event]
    logits = listener.logits(np.arange(len(center)), center, TRACK_REACH_FRAME)
    # [E] events by all their notes and the tempo; those in doubt are looked for again, and heard there
    base, note, whole = frame, np.arange(len(center)), split_chords(plan, np.zeros(len(frame), np.int64))
    frame = _pass(logits, center, base, PASS_REACH_FRAME[0], whole, min_gap)
    listener = support_deaf_net(listener, logits, center, frame[plan.event])
    if listener.deafness > 0.0:
        logits = listener.support(logits, note, center)
        frame = _pass(logits, center, base, PASS_REACH_FRAME[0], whole, min_gap)
    found = search_again(listener, logits, center, frame, frame_count, min_gap)
    _hear_moved(listener, logits, center, frame[plan.event], found[plan.event])
    # [S] events as played: notes of slowly broken chords are events of their own
    played, split = find_broken_chords(listener, logits, center, found, frame_count, min_gap)
    _hear_moved(listener, logits, center, found[plan.event], split[played.plan.event])
    # [S] events once more, nearer by, then [N] each note on its own
    frame = _pass(logits, center, split, PASS_REACH_FRAME[1], played, min_gap)
    note_frame = split[played.plan.event] + _settle_notes(logits, center, split, frame, played.plan)
    onset_sec, event_sec = (frame_to_sec(f, rate_hz) + _SOUND_DELAY_SEC for f in (note_frame, frame[~played.follows]))
    broken = played.plan.event_size[played.plan.event] < plan.event_size[plan.event]
    return Refined(onset_sec, event_sec, logits, center, broken)


def _hear_moved(listener: Listener, logits: F32, center: IntArray, before: IntArray, after: IntArray) -> None:
    """Hear the notes again that moved from the frames `before` [N] to `after` [N]: about these, in place."""
    moved = np.flatnonzero(before != after)
    center[moved] = after[moved]
    if len(moved):
        logits[moved] = listener.logits(moved, center[moved], TRACK_REACH_FRAME)


def _pass(logits: F32, center: IntArray, base: IntArray, reach: int, played: PlayedEvents, min_gap: int) -> IntArray:
    """Find the likeliest frames [S] of all events, at most `reach` frames from `base` [S].

    Args:
        logits: [N, 2 * TRACK_REACH_FRAME + 1] of the notes' onsets.
        center: [N] the frames in the middle of these.
        base: [S] frames about which to look.
        reach: in frames; C = 2 * reach + 1 candidates.
        played: the events.
        min_gap: frames between events, at least.
    """
    plan = played.plan
    density = (found for _, found in _iterate_densities(logits, center, base[plan.event], reach))
    evidence = gather_event_evidence(density, plan.event, plan.event_size)
    evidence -= _ANCHOR_PER_FRAME * np.abs(np.arange(-reach, reach + 1))
    expected, early = played.expect_gaps(base)
    place = find_best_events(evidence, base, expected, min_gap, early)
    return base + place - reach


def _iterate_densities(logits: F32, center: IntArray, base: IntArray, reach: int) -> Iterator[tuple[slice, F32]]:
    """Yield the log densities [n, C] of some notes' onsets after the others, at most `reach` frames from `base` [N]."""
    for at in range(0, len(center), _NOTES_AT_ONCE):
        some = slice(at, at + _NOTES_AT_ONCE)
        columns = TRACK_REACH_FRAME + (base[some] - center[some])[:, None] + np.arange(-reach, reach + 1)
        yield some, log_density(np.take_along_axis(logits[some], columns, axis=1))


def space_frames(event_frame: FloatArray, frame_count: int) -> tuple[IntArray, int]:
    """Round events [E] to whole frames in order, inside the recording and a smallest gap apart; returns that gap, too.

    `frame_count` must be at least the number of events.
    """
    count = len(event_frame)
    gap = min(MIN_GAP_FRAME, frame_count // count)
    ramp = gap * np.arange(count)
    frame = np.maximum.accumulate(np.rint(event_frame).astype(np.int64) - ramp) + ramp  # pushes later where too close
    latest = frame_count - 1 - (ramp[-1] - ramp)
    return np.clip(frame, ramp, np.maximum(latest, ramp)), gap


def _settle_notes(logits: F32, center: IntArray, base: IntArray, event_frame: IntArray, plan: ScorePlan) -> FloatArray:
    """Place every note by its own evidence, drawn to its event and clear of the neighbouring ones.

    Args:
        logits, center, base: as in the last `_pass`.
        event_frame: [E] what that found.
        plan: of the score.

    Returns:
        [N] frames from the notes' bases, fractional.
    """
    # [E] how far notes of such an event usually lie from it, and how far one may go towards the neighbouring events
    scale = np.where(plan.event_size > 1, _CHORD_SCALE, _SINGLE_SCALE)
    scale = np.where(plan.event_loose, _LOOSE_SCALE, scale)
    far = 1e3
    gaps = np.diff(event_frame, prepend=event_frame[0] - 9, append=event_frame[-1] + far)
    limit = np.maximum(np.minimum(gaps[:-1], gaps[1:]) * _NEIGHBOR_SHARE, 3.0)
    limit = np.where(plan.event_loose, np.inf, limit)
    # [n, C] evidence less distance, and [n] the mean about the best candidate
    reach, found = PASS_REACH_FRAME[1], np.empty(len(center))
    candidates = np.arange(2 * reach + 1)
    for some, density in _iterate_densities(logits, center, base[plan.event], reach):
        event = plan.event[some]
        away = np.abs(candidates - (event_frame - base + reach)[event, None])
        value = density + np.maximum(-away / scale[event, None], -_FAR_PENALTY)
        value = value - _BLOCKED * (away > limit[event, None])
        best = value.argmax(axis=1)
        around = np.clip(best[:, None] + np.arange(-_PEAK_FRAME, _PEAK_FRAME + 1), 0, 2 * reach)
        weight = np.exp(np.take_along_axis(value, around, axis=1) - value.max(axis=1, keepdims=True))
        found[some] = (weight * around).sum(axis=1) / weight.sum(axis=1) - reach
    return found
