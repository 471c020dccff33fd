"""Describes a whole score for the timing model, and turns the model's answer into times. Needs numpy alone.

All notes that start together are one event. The numbers are relative to the score's own tempo, to the bar and to the
next point of rest, so that a piece of any length is described alike, without windows or seams.

Letters of shapes: E events, N notes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.data.clips import GRACE_SEC, compute_nominal_times_sec
from dp.data.tempo_map import TempoMap
from dp.types import ScoreNotes
from dp.units import FloatArray, IntArray, quarter_to_tick

EVENT_NUMBER_COUNT = 20
NOTE_NUMBER_COUNT = 5
CODE_COUNT = 3  # highest pitch, interval and place in the bar in ticks
CODE_SIZE = 128  # values of each
MIN_SEC = 1e-3  # shortest interval and note
LONG = 2.0  # an event this many times as long as those around it is a point of rest
SURROUNDINGS_EVENT = 33  # which events are around it
LONGEST_SPREAD = 0.45  # of the interval to the neighbouring event: chords spread so far at most, so order is kept
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ScoreContext:
    """What the timing model reads of a score: E events, N notes. Times are nominal, of the score at its own tempo."""

    event_of_note: IntArray  # [N]; a grace note is part of the event it adorns
    is_grace: npt.NDArray[np.bool_]  # [N]
    onset_sec: FloatArray  # [E]
    interval_sec: FloatArray  # [E] > 0, to the next event; the last one's until it ends
    note_onset_sec: FloatArray  # [N]
    note_offset_sec: FloatArray  # [N]
    numbers: Float32Array  # [E, EVENT_NUMBER_COUNT] about each event
    codes: IntArray  # [E, CODE_COUNT] below CODE_SIZE
    note_numbers: Float32Array  # [N, NOTE_NUMBER_COUNT] about each note


def build_score_context(notes: ScoreNotes, tempo_map: TempoMap) -> ScoreContext:
    """Describe a score that is to be played by `tempo_map`."""
    # Events [E] and their notes [N], with nominal times.
    quarter, event = np.unique(np.round(notes.onset_quarter, 6), return_inverse=True)
    onset_sec = tempo_map.find_sec(quarter)
    note_onset_sec, duration_sec = compute_nominal_times_sec(notes, tempo_map)
    note_offset_sec = note_onset_sec + duration_sec
    # The interval [E] from each event to the next, the last one until its notes end.
    end_quarter = _find_largest(event, notes.onset_quarter + notes.duration_quarter)
    interval_quarter = np.diff(quarter, append=max(float(end_quarter.max()), float(quarter[-1]) + 1e-3))
    interval_sec = np.maximum(
        np.diff(onset_sec, append=tempo_map.find_sec(quarter[-1:] + interval_quarter[-1:])), MIN_SEC
    )
    # What the network reads of each event [E, EVENT_NUMBER_COUNT], [E, CODE_COUNT] and note [N, NOTE_NUMBER_COUNT].
    place_quarter, is_bar_start = _find_places_in_bar(event, notes.measure, quarter)
    numbers = np.concatenate(
        [
            _describe_rhythm(interval_quarter, interval_sec, end_quarter - quarter),
            _describe_harmony(event, notes.pitch),
            _describe_metre(place_quarter, is_bar_start),
            _describe_phrase(quarter, interval_quarter, interval_sec, onset_sec, end_quarter),
        ],
        axis=1,
    )
    codes = np.stack(
        [_find_largest(event, notes.pitch), quarter_to_tick(interval_quarter), quarter_to_tick(place_quarter)], 1
    )
    note_numbers = _describe_notes(notes, event, duration_sec, interval_sec)
    return ScoreContext(
        event_of_note=event,
        is_grace=notes.is_grace,
        onset_sec=onset_sec,
        interval_sec=interval_sec,
        note_onset_sec=note_onset_sec,
        note_offset_sec=note_offset_sec,
        numbers=numbers.astype(np.float32),
        codes=np.clip(codes, 0, CODE_SIZE - 1).astype(np.int64),
        note_numbers=note_numbers.astype(np.float32),
    )


def compute_played_times_sec(
    context: ScoreContext,
    log_stretch: npt.ArrayLike,
    spread_sec: npt.ArrayLike,
    log_articulation: npt.ArrayLike,
    expression: float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """Compute onset and duration [N] of every note of a score as performed.

    Args:
        context: the score.
        log_stretch: [E] natural log of each interval against its nominal length; the last event's is not looked at.
        spread_sec: [N] by how much each note departs from its event.
        log_articulation: [N] natural log of each note's length against what the tempo around it makes of the written.
        expression: factor of all three; 0 plays exactly as written, 1 as the model says.

    The intervals are scaled together so that the piece keeps its mean tempo. A note never starts before one that
    stands before it in the score, a grace note apart, which takes its time from before the event it adorns.
    """
    # Stretch the intervals [E], and keep the mean tempo; borders [E + 1] are the events and the end.
    nominal = context.interval_sec
    interval_sec = nominal * np.exp(expression * np.asarray(log_stretch, dtype=np.float64))
    if len(nominal) > 1:
        interval_sec *= nominal[:-1].sum() / interval_sec[:-1].sum()
    interval_sec[-1] = nominal[-1]
    border_sec = context.onset_sec[0] + np.concatenate([[0.0], np.cumsum(interval_sec)])
    # Spread the notes [N] around their event, no further than order allows.
    event = context.event_of_note
    spread = expression * np.asarray(spread_sec, dtype=np.float64)
    spread = spread - (np.bincount(event, spread) / np.bincount(event))[event]
    room_sec = LONGEST_SPREAD * np.concatenate([interval_sec[:1], interval_sec])
    spread = np.clip(spread, -room_sec[event], room_sec[event + 1])
    # Grace notes come before their event; durations [N] follow the tempo around them.
    grace_sec = np.minimum(GRACE_SEC, room_sec[event])
    onset_sec = border_sec[event] + np.where(context.is_grace, -grace_sec, spread)
    articulation = np.exp(expression * np.asarray(log_articulation, dtype=np.float64))
    duration_sec = articulation * compute_local_duration_sec(context, border_sec)
    return onset_sec, np.where(context.is_grace, grace_sec, duration_sec)


def compute_local_duration_sec(context: ScoreContext, border_sec: FloatArray) -> FloatArray:
    """Compute how long each note [N] lasts as written, where events start, and the last ends, at `border_sec` [E + 1].

    Notes that outlast the last border go on at the tempo of the last interval.
    """
    nominal = np.append(context.onset_sec, context.onset_sec[-1] + context.interval_sec[-1])
    event = context.event_of_note
    past_sec = np.maximum(context.note_offset_sec - nominal[-1], 0.0)
    rate = (border_sec[-1] - border_sec[-2]) / context.interval_sec[-1]
    return np.asarray(np.interp(context.note_offset_sec, nominal, border_sec) + past_sec * rate - border_sec[event])


def make_steady_tempo_map(quarter: FloatArray, sec: FloatArray) -> TempoMap:
    """Make the map of the constant tempo between the first and the last of the score positions [E] as performed.

    Args:
        quarter: rising.
        sec: when they sound; the last one after the first.
    """
    ends = [0, -1]
    tempo_qpm = 60.0 * float(quarter[-1] - quarter[0]) / float(sec[-1] - sec[0])
    return TempoMap(sec[ends], quarter[ends], (tempo_qpm, tempo_qpm))


def _find_largest(event: IntArray, values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return the largest of the values [N] of each event [E]."""
    largest = np.full(int(event.max()) + 1, -np.inf)
    np.maximum.at(largest, event, values)
    return largest


def _find_places_in_bar(
    event: IntArray, measure: IntArray, quarter: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return how far each event [E] is from the first of its bar, in quarters, and whether it is the first."""
    bar = _find_largest(event, measure)
    is_start = np.concatenate([[True], bar[1:] != bar[:-1]])
    start = np.maximum.accumulate(np.where(is_start, np.arange(len(bar)), 0))
    return quarter - quarter[start], is_start


def _describe_rhythm(interval_quarter: FloatArray, interval_sec: FloatArray, longest_quarter: FloatArray) -> FloatArray:
    """Return six numbers [E, 6] about the lengths of each interval, of its neighbours and of its notes."""
    before = np.concatenate([interval_quarter[:1], interval_quarter[:-1]])
    return np.stack(
        [
            np.log(interval_quarter / 0.25),
            np.log(before / 0.25),
            np.log(interval_sec / 0.25),
            np.log(interval_sec / interval_quarter / 0.6),  # the tempo
            np.log(np.maximum(longest_quarter, 0.02) / interval_quarter),
            np.log(interval_quarter / _compute_usual_interval(interval_quarter)),
        ],
        axis=1,
    )


def _compute_usual_interval(interval_quarter: FloatArray) -> FloatArray:
    """Return the median interval around each event [E]."""
    padded = np.pad(interval_quarter, SURROUNDINGS_EVENT // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, SURROUNDINGS_EVENT)
    return np.asarray(np.median(windows, axis=1))


def _describe_harmony(event: IntArray, pitch: IntArray) -> FloatArray:
    """Return four numbers [E, 4] about each chord: its size, the step of its top note, its height, its range."""
    top, bottom = _find_largest(event, pitch), -_find_largest(event, -pitch)
    step = np.diff(top, prepend=top[:1])
    return np.stack([(np.bincount(event) - 1) / 2, step / 12, (top - 70) / 12, (top - bottom) / 12], axis=1)


def _describe_metre(place_quarter: FloatArray, is_bar_start: npt.NDArray[np.bool_]) -> FloatArray:
    """Return four numbers [E, 4] about the place in the bar, the beat and the half beat."""
    tick = quarter_to_tick(place_quarter)
    return np.stack([is_bar_start, place_quarter / 4, tick % 24 == 0, tick % 12 == 0], axis=1).astype(np.float64)


def _describe_phrase(
    quarter: FloatArray,
    interval_quarter: FloatArray,
    interval_sec: FloatArray,
    onset_sec: FloatArray,
    end_quarter: FloatArray,
) -> FloatArray:
    """Return six numbers [E, 6]: how far long notes and rests, the beginning and the end of the piece are."""
    # Points of rest: events before a rest, and events much longer than those around them.
    index = np.arange(len(quarter))
    rest_follows = np.append(quarter[1:] > np.maximum.accumulate(end_quarter)[:-1] + 1e-6, True)
    is_break = rest_follows | (interval_quarter >= LONG * _compute_usual_interval(interval_quarter) - 1e-6)
    # Distances [E] in seconds to the next point of rest, from the last one, and to both ends of the piece.
    breaks = np.flatnonzero(is_break)
    ahead = np.searchsorted(breaks, index)
    to_break_sec = onset_sec[breaks[ahead]] - onset_sec
    since_break_sec = onset_sec - np.where(ahead > 0, onset_sec[breaks[ahead - 1]], onset_sec[0])
    to_end_sec = onset_sec[-1] + interval_sec[-1] - onset_sec
    near = [np.exp(-distance / scale) for distance in (to_end_sec, onset_sec - onset_sec[0]) for scale in (2.0, 8.0)]
    return np.stack([np.log1p(to_break_sec), np.log1p(since_break_sec), *near], axis=1)


def _describe_notes(
    notes: ScoreNotes, event: IntArray, duration_sec: FloatArray, interval_sec: FloatArray
) -> FloatArray:
    """Return NOTE_NUMBER_COUNT numbers about each note [N]: its length, its height, its place in the chord."""
    bottom = -_find_largest(event, -notes.pitch)
    return np.stack(
        [
            np.log(np.maximum(duration_sec, MIN_SEC) / interval_sec[event]),
            np.log(np.maximum(duration_sec, MIN_SEC) / 0.25),
            (notes.pitch - 70) / 12,
            (notes.pitch - bottom[event]) / 12,
            np.bincount(event)[event] > 1,
        ],
        axis=1,
    )
