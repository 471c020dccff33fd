"""What marks do to the notes that have them; one quarter is a second, and nothing else moves."""

import numpy as np
import pytest

from dp.types import Mark
from tests.factories import notes_in_order
from tests.render.written import as_written, rows, score_of

TWO = [(0, 1, 60), (1, 1, 62)]


def marked(*marks: Mark) -> tuple[float, float, int]:
    return rows(as_written(score_of(notes_in_order(TWO, marks=[int(mark) for mark in (*marks, 0)][:2]))))[0]


@pytest.mark.parametrize(
    ("mark", "end_sec"),
    [
        (Mark(0), 1.0),
        (Mark.STACCATO, 0.5),
        (Mark.STACCATISSIMO, 0.33),
        (Mark.STACCATO | Mark.TENUTO, 0.67),
        (Mark.STACCATO | Mark.SLURRED, 0.67),
        (Mark.TENUTO, 1.0),
    ],
)
def test_lengths(mark: Mark, end_sec: float) -> None:
    assert marked(mark) == (0.0, end_sec, 60)


def test_slurred_and_tenuto_notes_sound_to_the_next_whatever_the_model_says() -> None:
    from dp.data.tempo_map import TempoMap
    from dp.render.mark_rules import shape_notes
    from dp.types import PerformedNotes

    notes = notes_in_order([(0, 1, 60), (1, 1, 62), (2, 1, 64)], marks=[Mark.SLURRED, Mark.STACCATO, Mark.TENUTO])
    short = PerformedNotes(notes.pitch, notes.velocity, np.arange(3.0), np.arange(3.0) + 0.8, np.ones(3))
    made = shape_notes(notes, short, TempoMap(np.array([0.0, 3.0]), np.array([0.0, 3.0]), (60.0, 60.0)))
    np.testing.assert_allclose(made.offset_sec, [1.0, 1.4, 3.0])


def test_levels_and_velocities_of_dynamics_and_stresses() -> None:
    marks = [0, Mark.ACCENT, Mark.STRONG_ACCENT, Mark.SFORZANDO, 0]
    notes = notes_in_order([(i, 1, 60) for i in range(5)], dynamic=[80.0, 80.0, 80.0, 40.0, 0.0], marks=marks)
    performance = as_written(score_of(notes))
    np.testing.assert_allclose(performance.level_db, [0, 3, 4, -12.0412 + 6, 0], atol=1e-4)
    assert performance.performed.velocity.tolist() == [80, 95, 101, 57, 80]


def test_a_score_without_dynamics_leaves_velocities_unknown() -> None:
    performance = as_written(score_of(notes_in_order(TWO)))
    assert performance.performed.velocity.tolist() == [0, 0]
    assert performance.level_db.tolist() == [0, 0]


def test_the_scores_own_velocities_stay_and_make_levels() -> None:
    performance = as_written(score_of(notes_in_order(TWO, velocity=[80, 1])))
    assert performance.performed.velocity.tolist() == [80, 1]
    assert performance.level_db.tolist() == [0, -30]


def test_the_pedal_holds_notes() -> None:
    assert rows(as_written(score_of(notes_in_order(TWO, ring_quarter=[0.5, 0.0]))))[0] == (0.0, 1.5, 60)


def test_short_grace_notes_come_before_the_beat_in_their_order() -> None:
    grace = [(0, 1, 60), (1, 0, 64), (1, 1, 62), (1, 0, 65)]
    notes = notes_in_order(grace, grace_order=[0, 2, 0, 1], marks=[0, Mark.SLASHED, 0, Mark.SLASHED])
    assert rows(as_written(score_of(notes))) == [(0.0, 0.84, 60), (0.84, 0.92, 65), (0.92, 1.0, 64), (1.0, 2.0, 62)]


def test_grace_notes_before_the_first_beat_move_all_of_it() -> None:
    notes = notes_in_order([(0, 1, 60), (0, 0, 64), (0, 0, 65)], grace_order=[0, 1, 2])
    performance = as_written(score_of(notes))
    assert rows(performance) == [(0.0, 0.08, 64), (0.08, 0.16, 65), (0.16, 1.16, 60)]
    assert performance.tempo_map.find_sec(0.0) == pytest.approx(0.16)


@pytest.mark.parametrize(
    ("length", "value", "expected_sec"),
    [(1.0, 0.25, 0.25), (1.0, 0.5, 0.5), (1.0, 2.0, 0.5), (1.5, 2.0, 1.0)],
)
def test_an_appoggiatura_takes_its_value_from_its_note(length: float, value: float, expected_sec: float) -> None:
    notes = notes_in_order(
        [(0, 1, 59), (1, length, 60), (1, 0, 62)], grace_order=[0, 0, 1], value_quarter=[0.0, 0.0, value]
    )
    played = rows(as_written(score_of(notes)))
    assert played == [(0.0, 1.0, 59), (1.0, 1 + expected_sec, 62), (1 + expected_sec, 1 + length, 60)]


@pytest.mark.parametrize(("direction", "order"), [(Mark(0), [60, 64, 67]), (Mark.DOWNWARDS, [67, 64, 60])])
def test_rolled_chords(direction: Mark, order: list[int]) -> None:
    chord = notes_in_order(
        [(0, 1, 60), (0, 1, 64), (0, 1, 67), (1, 1, 72)], marks=[Mark.ARPEGGIO | direction] * 3 + [0]
    )
    played = rows(as_written(score_of(chord)))
    assert played[:3] == [(start, 1.0, pitch) for start, pitch in zip((0.0, 0.06, 0.12), order, strict=True)]


def test_a_short_rolled_chord_is_rolled_in_half_its_length() -> None:
    chord = notes_in_order([(0, 0.1, 60), (0, 0.1, 64), (0, 0.1, 67)], marks=[Mark.ARPEGGIO] * 3)
    assert [row[0] for row in rows(as_written(score_of(chord)))] == [0.0, 0.025, 0.05]


def test_tempo_factor_and_tempo_go_together() -> None:
    assert rows(as_written(score_of(notes_in_order(TWO)), tempo_factor=2.0))[1] == (0.5, 1.0, 62)
    assert rows(as_written(score_of(notes_in_order(TWO)), tempo_qpm=30.0, tempo_factor=2.0))[1] == (1.0, 2.0, 62)


def test_what_is_odd_is_counted_and_named() -> None:
    notes = notes_in_order([(0, 1, 10), (0, 1, 12)] + [(0, 1, 60)] * 68)
    warnings = as_written(score_of(notes, 2000.0, oddities=("read so",))).warnings
    assert warnings == (
        "read so",
        "tempo marks brought into 10 to 600 quarters per minute: 1 (2000)",
        "2 notes outside MIDI pitches 21 to 108, which the models know (10, 12)",
        "70 notes at once, in bar 1",
    )
    assert as_written(score_of(notes_in_order(TWO))).warnings == ()
