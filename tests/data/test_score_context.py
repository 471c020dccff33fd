import numpy as np
import pytest

from dp.data.clips import make_constant_tempo_map
from dp.data.score_context import (
    CODE_COUNT,
    EVENT_NUMBER_COUNT,
    NOTE_NUMBER_COUNT,
    ScoreContext,
    build_score_context,
    compute_played_times_sec,
    make_steady_tempo_map,
)
from dp.types import ScoreNotes
from dp.units import FloatArray
from tests.factories import notes_in_order

Row = tuple[float, float, int, int]
# (onset, duration, pitch, measure): a grace note, a chord, eighths in the second bar, and a note held over them.
ROWS: list[Row] = [
    (0, 1, 60, 1),
    (1, 0, 72, 1),
    (1, 2, 55, 1),
    (1, 2, 71, 1),
    (4, 2, 50, 2),
    (4, 0.5, 62, 2),
    (4.5, 1.5, 64, 2),
]


def notes_of(rows: list[Row] = ROWS) -> ScoreNotes:
    return notes_in_order([row[:3] for row in rows], measure=[row[3] for row in rows])


def context_of(rows: list[Row] = ROWS, tempo_qpm: float = 60.0) -> ScoreContext:
    return build_score_context(notes_of(rows), make_constant_tempo_map(0.0, 0.0, tempo_qpm))


def say(
    context: ScoreContext, stretch: float = 0.0, spread: float = 0.0, articulation: float = 0.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    events, notes = len(context.onset_sec), len(context.event_of_note)
    return np.full(events, stretch), np.full(notes, spread), np.full(notes, articulation)


def test_events_and_their_intervals() -> None:
    context = context_of(tempo_qpm=120.0)
    assert context.event_of_note.tolist() == [0, 1, 1, 1, 2, 2, 3]
    assert context.onset_sec.tolist() == [0.0, 0.5, 2.0, 2.25]
    assert context.interval_sec.tolist() == [0.5, 1.5, 0.25, 0.75]
    assert context.codes.tolist() == [[60, 24, 0], [72, 72, 24], [62, 12, 0], [64, 36, 12]]
    assert context.numbers.shape == (4, EVENT_NUMBER_COUNT) and context.codes.shape == (4, CODE_COUNT)
    assert context.note_numbers.shape == (7, NOTE_NUMBER_COUNT)
    assert np.isfinite(context.numbers).all() and np.isfinite(context.note_numbers).all()


def test_the_tempo_is_told_and_nothing_else_depends_on_where_the_piece_stands() -> None:
    slow, fast = context_of(tempo_qpm=60.0), context_of(tempo_qpm=120.0)
    assert np.allclose(slow.numbers[:, 3] - fast.numbers[:, 3], np.log(2.0))
    later = build_score_context(notes_of(), make_constant_tempo_map(100.0, 0.0, 60.0))
    np.testing.assert_allclose(later.numbers, slow.numbers, atol=1e-6)


def test_bars_and_rests_are_told() -> None:
    numbers = context_of().numbers
    bar_start, rest_ahead = numbers[:, 10], np.expm1(numbers[:, 14])
    assert bar_start.tolist() == [1.0, 0.0, 1.0, 0.0]
    # The chord's two quarters end a quarter before the next bar, so it is a point of rest: one second from the start.
    np.testing.assert_allclose(rest_ahead, [1.0, 0.0, 0.5, 0.0], atol=1e-6)


def test_a_model_that_says_nothing_plays_as_written() -> None:
    context = context_of()
    onset_sec, duration_sec = compute_played_times_sec(context, *say(context))
    np.testing.assert_allclose(onset_sec, [0, 0.92, 1, 1, 4, 4, 4.5])
    np.testing.assert_allclose(duration_sec, [1, 0.08, 2, 2, 2, 0.5, 1.5])


def test_expression_0_plays_as_written_whatever_is_said() -> None:
    context = context_of()
    rng = np.random.default_rng(0)
    stretch, spread, articulation = (rng.normal(size=values.shape) for values in say(context))
    onset_sec, duration_sec = compute_played_times_sec(context, stretch, spread, articulation, expression=0.0)
    np.testing.assert_allclose(onset_sec, [0, 0.92, 1, 1, 4, 4, 4.5])
    np.testing.assert_allclose(duration_sec, [1, 0.08, 2, 2, 2, 0.5, 1.5])


def test_intervals_stretch_and_the_mean_tempo_stays() -> None:
    context = context_of()
    stretch, spread, articulation = say(context)
    stretch[0] = np.log(2.0)  # 2 + 3 + .5 seconds, to be played in 4.5
    onset_sec, duration_sec = compute_played_times_sec(context, stretch, spread, articulation)
    scale = 4.5 / 5.5
    np.testing.assert_allclose(onset_sec[[0, 2, 4, 6]], [0, 2 * scale, 5 * scale, 4.5])
    np.testing.assert_allclose(duration_sec[0], 2 * scale)
    np.testing.assert_allclose(duration_sec[2], 2 * scale)  # two of the interval's three quarters
    np.testing.assert_allclose(duration_sec[4], 0.5 * scale + 1.5)  # held over the next event, to the end


def test_chords_spread_about_their_event_and_no_further_than_their_neighbours() -> None:
    context = context_of()
    stretch, spread, articulation = say(context)
    spread[[4, 5]] = [0.1, 0.3]
    onset_sec, _ = compute_played_times_sec(context, stretch, spread, articulation)
    np.testing.assert_allclose(onset_sec[[4, 5]], [3.9, 4.1])
    spread[[4, 5]] = [-50.0, 50.0]
    onset_sec, _ = compute_played_times_sec(context, stretch, spread, articulation)
    np.testing.assert_allclose(onset_sec[[4, 5]], [4 - 0.45 * 3, 4 + 0.45 * 0.5])


def test_articulation_is_a_factor() -> None:
    context = context_of()
    _, duration_sec = compute_played_times_sec(context, *say(context, articulation=np.log(0.5)))
    np.testing.assert_allclose(duration_sec, [0.5, 0.08, 1, 1, 1, 0.25, 0.75])


def test_whatever_is_said_events_follow_each_other() -> None:
    rows = [(i / 4, 0.25, 60 + i % 7, 1 + i // 16) for i in range(64)]
    context = context_of(rows)
    rng = np.random.default_rng(1)
    stretch, spread, articulation = (3 * rng.normal(size=values.shape) for values in say(context))
    onset_sec, duration_sec = compute_played_times_sec(context, stretch, spread, articulation)
    assert (np.diff(onset_sec) > 0).all() and (duration_sec > 0).all()
    assert onset_sec[-1] - onset_sec[0] == pytest.approx(63 / 4)


def test_one_event_alone() -> None:
    context = context_of([(0, 1, 60, 1)])
    onset_sec, duration_sec = compute_played_times_sec(context, *say(context, 1.0))
    assert (onset_sec.tolist(), duration_sec.tolist()) == ([0.0], [1.0])


def test_steady_tempo_goes_through_both_ends() -> None:
    tempo_map = make_steady_tempo_map(np.array([0.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0]))
    assert tempo_map.outer_tempo_qpm == (120.0, 120.0)
    np.testing.assert_allclose(tempo_map.find_sec([0.0, 3.0, 4.0]), [1.0, 2.5, 3.0])
