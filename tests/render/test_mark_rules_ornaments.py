"""Ornaments as the notes that they stand for."""

import numpy as np
import pytest

from dp.render.performance import Performance
from dp.types import Mark
from tests.factories import notes_in_order
from tests.render.written import as_written, rows, score_of


def ornate(mark: Mark, length: float = 1.0, upper: int = 2, lower: int = 1, tempo_qpm: float = 60.0) -> Performance:
    notes = notes_in_order(
        [(0, length, 60), (length, 1, 67)],
        marks=[mark, 0],
        upper_semitone=[upper, 0],
        lower_semitone=[lower, 0],
        dynamic=[96.0, 49.0],
    )
    return as_written(score_of(notes, tempo_qpm))


def test_a_trill_begins_above_and_ends_on_its_note() -> None:
    performance = ornate(Mark.TRILL, 0.8)
    assert performance.performed.pitch.tolist() == [62, 60] * 5 + [67]
    np.testing.assert_allclose(performance.performed.onset_sec, np.arange(11) * 0.08)
    np.testing.assert_allclose(performance.performed.offset_sec[:-1], np.arange(1, 11) * 0.08)
    assert performance.score_index.tolist() == [0] * 10 + [1]
    np.testing.assert_allclose(performance.level_db[:10], performance.level_db[0])
    assert performance.performed.velocity.tolist() == [96] * 10 + [49]


def test_a_trill_may_begin_with_its_note() -> None:
    assert ornate(Mark.TRILL | Mark.FROM_MAIN, 0.8, upper=1).performed.pitch.tolist() == [60, 61] * 5 + [60, 67]


def test_a_trill_without_room_is_one_note() -> None:
    assert rows(ornate(Mark.TRILL, 0.07))[0] == (0.0, 0.07, 60)
    assert [row[2] for row in rows(ornate(Mark.TRILL, 0.09))] == [62, 60, 67]


@pytest.mark.parametrize(
    ("mark", "pitches"),
    [
        (Mark.MORDENT, [60, 59, 60]),
        (Mark.INVERTED_MORDENT, [60, 62, 60]),
        (Mark.MORDENT | Mark.LONG, [60, 59, 60, 59, 60]),
        (Mark.TURN, [62, 60, 59, 60]),
        (Mark.INVERTED_TURN, [59, 60, 62, 60]),
    ],
)
def test_mordents_and_turns_are_quick_and_then_rest_on_their_note(mark: Mark, pitches: list[int]) -> None:
    played = rows(ornate(mark))[:-1]
    assert [row[2] for row in played] == pitches
    assert [row[0] for row in played] == [round(0.08 * i, 2) for i in range(len(pitches))]
    assert played[-1][1] == 1.0


def test_a_delayed_turn_leads_to_the_next_note() -> None:
    played = rows(ornate(Mark.TURN | Mark.DELAYED))
    assert [row[2] for row in played] == [60, 62, 60, 59, 60, 67]
    assert [row[0] for row in played] == [0.0, 0.68, 0.76, 0.84, 0.92, 1.0]


def test_short_notes_have_quicker_mordents_or_none() -> None:
    assert [row[0] for row in rows(ornate(Mark.MORDENT, 0.24))][:3] == [0.0, 0.06, 0.12]
    assert [row[2] for row in rows(ornate(Mark.MORDENT, 0.12))] == [60, 67]


def test_a_tremolo_repeats_its_note() -> None:
    notes = notes_in_order([(0, 1, 60)], marks=[Mark.TREMOLO], value_quarter=[0.25])
    assert rows(as_written(score_of(notes))) == [(0.0, 0.25, 60), (0.25, 0.5, 60), (0.5, 0.75, 60), (0.75, 1.0, 60)]
    quick = rows(as_written(score_of(notes, 240.0)))
    assert [row[0] for row in quick] == [0.0, 0.0833, 0.1667]  # no faster than an ornament


def test_a_tremolo_between_two_notes_alternates_them() -> None:
    marks = [Mark.TREMOLO | Mark.ALTERNATING, Mark.TREMOLO | Mark.ALTERNATING | Mark.DELAYED]
    notes = notes_in_order([(0, 1, 60), (0, 1, 64)], marks=marks, value_quarter=[0.25, 0.25])
    performance = as_written(score_of(notes))
    assert rows(performance) == [(0.0, 0.25, 60), (0.25, 0.5, 64), (0.5, 0.75, 60), (0.75, 1.0, 64)]
    assert performance.score_index.tolist() == [0, 1, 0, 1]
    quick = rows(as_written(score_of(notes, 300.0)))
    assert [row[0] for row in quick] == [0.0, 0.06, 0.12]  # sixteen a second at most


def test_a_tremolo_between_two_notes_without_room_is_a_chord() -> None:
    marks = [Mark.TREMOLO | Mark.ALTERNATING, Mark.TREMOLO | Mark.ALTERNATING | Mark.DELAYED]
    notes = notes_in_order([(0, 0.07, 60), (0, 0.07, 64)], marks=marks, value_quarter=[0.125, 0.125])
    assert [row[2] for row in rows(as_written(score_of(notes)))] == [60, 64]


def test_ornaments_do_not_touch_the_tempo_map() -> None:
    assert ornate(Mark.TRILL).tempo_map.find_sec([0.0, 1.0, 2.0]).tolist() == [0.0, 1.0, 2.0]
