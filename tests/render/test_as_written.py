"""Without a model a score is played as it is written, marks and changes of tempo included."""

import numpy as np
import pytest

from dp.errors import DataError
from dp.render.performance import plan_as_written
from dp.render_options import RenderOptions
from dp.types import Fermata, Mark, TempoChange
from tests.factories import notes_in_order, notes_of
from tests.render.written import as_written, rows, score_of

ORNATE = score_of(
    notes_in_order(
        [(0.0, 1.0, 60), (1.0, 0.0, 62), (1.0, 1.0, 64), (2.0, 2.0, 65), (2.0, 2.0, 69), (4.0, 1.0, 60)],
        marks=[int(Mark.STACCATO), int(Mark.SLASHED), int(Mark.ACCENT), int(Mark.ARPEGGIO), int(Mark.ARPEGGIO), 0],
        grace_order=[0, 1, 0, 0, 0, 0],
        dynamic=[50.0, 50.0, 50.0, 90.0, 90.0, 90.0],
    ),
    tempo_changes=(TempoChange(2.0, 4.0, 1.0, 0.5),),
    fermatas=(Fermata(4.0, 5.0, 2.0),),
)


def test_it_is_what_a_timing_model_plays_without_expression() -> None:
    made, expected = plan_as_written(ORNATE, RenderOptions(tempo_factor=1.5)), as_written(ORNATE, tempo_factor=1.5)
    assert rows(made) == rows(expected)
    np.testing.assert_array_equal(made.level_db, expected.level_db)
    np.testing.assert_array_equal(made.performed.velocity, expected.performed.velocity)
    assert made.performer is None


def test_a_staccato_quarter_lasts_half_a_second_at_60() -> None:
    score = score_of(notes_in_order([(0.0, 1.0, 60), (1.0, 1.0, 62)], marks=[int(Mark.STACCATO), 0]))
    assert rows(plan_as_written(score, RenderOptions())) == [(0.0, 0.5, 60), (1.0, 2.0, 62)]


def test_grace_notes_alone_sound_one_after_the_other() -> None:
    notes = notes_in_order([(0.0, 0.0, 60), (0.0, 0.0, 62)], grace_order=[1, 2], value_quarter=[0.5, 0.5])
    made = plan_as_written(score_of(notes), RenderOptions()).performed
    assert made.onset_sec[0] == 0.0 and 0.03 < made.onset_sec[1] < 0.3
    assert made.offset_sec[1] > made.onset_sec[1]


def test_every_pitch_of_midi_can_be_played() -> None:
    assert plan_as_written(score_of(notes_of([(0.0, 1.0, 0), (1.0, 1.0, 127)])), RenderOptions()).warnings == ()


def test_a_score_without_notes_is_refused() -> None:
    score = score_of(notes_of([(0.0, 1.0, 60)]).take(np.zeros(0, np.int64)))
    with pytest.raises(DataError, match="has no notes"):
        plan_as_written(score, RenderOptions())
