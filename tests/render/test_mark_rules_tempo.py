"""Ritardandi, accelerandi and fermatas; a quarter is a second."""

import numpy as np
import pytest

from dp.data.tempo_map import build_written_tempo_map
from dp.render.rubato import apply_tempo_changes
from dp.types import Fermata, PerformedNotes, ScoreNotes, TempoChange
from tests.factories import notes_in_order
from tests.render.written import as_written, rows, score_of

QUARTERS = notes_in_order([(i, 1, 60 + i) for i in range(4)])


def played(onset_sec: list[float], offset_sec: list[float], notes: ScoreNotes = QUARTERS) -> PerformedNotes:
    return PerformedNotes(notes.pitch, notes.velocity, np.array(onset_sec), np.array(offset_sec), np.ones(len(notes)))


def test_a_ritardando_slows_evenly_to_its_tempo() -> None:
    """The square of the tempo falls from 1 to 1/4 over two quarters: 1, sqrt(5/8), 1/2 at their ends."""
    performance = as_written(score_of(QUARTERS, tempo_changes=(TempoChange(1, 3, 1.0, 0.5),)))
    middle = (5 / 8) ** 0.5
    lengths = [1.0, 2 / (1 + middle), 2 / (middle + 0.5), 1.0]
    np.testing.assert_allclose(performance.performed.onset_sec, np.cumsum([0.0, *lengths[:-1]]))
    np.testing.assert_allclose(performance.performed.offset_sec, np.cumsum(lengths))
    assert sum(lengths[1:3]) == pytest.approx(2 / 0.75)  # at the mean of the tempos


def test_a_fermata_holds_the_last_event_under_it() -> None:
    notes = notes_in_order([(0, 2, 60), (1, 1, 64), (2, 1, 62)])
    performance = as_written(score_of(notes, fermatas=(Fermata(0, 2, 2.0),)))
    assert rows(performance) == [(0.0, 3.0, 60), (1.0, 3.0, 64), (3.0, 4.0, 62)]


def test_a_fermata_over_the_last_note_and_over_a_rest() -> None:
    last = as_written(score_of(QUARTERS, fermatas=(Fermata(3, 4, 1.5),)))
    assert rows(last)[-1] == (3.0, 4.5, 63)
    rest = notes_in_order([(0, 1, 60), (2, 1, 62)])
    assert rows(as_written(score_of(rest, fermatas=(Fermata(1, 2, 2.0),)))) == [(0.0, 1.0, 60), (3.0, 4.0, 62)]


def test_a_fermata_on_a_long_note_adds_three_seconds() -> None:
    assert rows(as_written(score_of(notes_in_order([(0, 8, 60)]), fermatas=(Fermata(0, 8, 2.0),)))) == [(0.0, 11.0, 60)]


def test_the_rule_is_not_added_to_what_the_model_does_already() -> None:
    """A ritardando that the model makes by itself stays; where it hurries, the rule holds it back."""
    score = score_of(QUARTERS, tempo_changes=(TempoChange(1, 3, 0.5, 0.5),))
    performed = played([0.0, 1.0, 4.0, 4.9], [1.0, 4.0, 4.9, 5.9])
    made, tempo_map = apply_tempo_changes(score, performed, build_written_tempo_map(score, None), "x")
    np.testing.assert_allclose(made.onset_sec, [0.0, 1.0, 4.0, 6.0])
    np.testing.assert_allclose(made.offset_sec, [1.0, 4.0, 6.0, 7.0])
    np.testing.assert_allclose(tempo_map.find_sec([0, 1, 2, 3, 4]), [0.0, 1.0, 4.0, 6.0, 7.0])


def test_an_accelerando_is_as_fast_as_its_rule_at_least() -> None:
    score = score_of(QUARTERS, tempo_changes=(TempoChange(0, 2, 2.0, 2.0),))
    performed = played([0.0, 0.25, 1.25, 2.25], [0.25, 1.25, 2.25, 3.25])
    made, _ = apply_tempo_changes(score, performed, build_written_tempo_map(score, None), "x")
    np.testing.assert_allclose(made.onset_sec, [0.0, 0.25, 0.75, 1.75])


def test_short_last_notes_do_not_make_the_last_fermata_longer() -> None:
    notes = notes_in_order([(0, 1, 60), (1, 4, 62), (1, 4, 65)])
    score = score_of(notes, fermatas=(Fermata(1, 5, 1.5),))
    made, _ = apply_tempo_changes(
        score, played([0, 1, 1], [1, 1.5, 4.0], notes), build_written_tempo_map(score, None), "x"
    )
    np.testing.assert_allclose(made.offset_sec, [1.0, 1.75, 5.5])


def test_without_changes_nothing_is_touched() -> None:
    performed = played([0.0, 1.1, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0])
    score = score_of(QUARTERS)
    assert apply_tempo_changes(score, performed, build_written_tempo_map(score, None), "x")[0] is performed
