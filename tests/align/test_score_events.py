"""Events, grace notes, and what sounds before."""

import numpy as np

from dp.align.score_events import NO_PITCH, backwards, plan_score
from tests.factories import notes_of


def test_chords_are_one_event() -> None:
    plan = plan_score(notes_of([(4, 1, 60), (4, 2, 64), (5, 1, 62)]))
    assert plan.event.tolist() == [0, 0, 1]
    assert plan.event_quarter.tolist() == [0.0, 1.0]
    assert plan.event_size.tolist() == [2, 1]
    assert plan.end_quarter.tolist() == [1.0, 2.0, 2.0]
    assert plan.first_quarter == 4.0


def test_what_sounds_about_a_note_leaves_out_its_own_pitch() -> None:
    plan = plan_score(notes_of([(0, 4, 48), (0, 1, 60), (1, 1, 60), (1, 1, 64), (2, 1, 62)]))
    before, chord, after = ([set(row) - {NO_PITCH} for row in part.tolist()] for part in plan.context.parts())
    assert before == [set(), set(), {48}, {48}, {48, 60, 64}]
    assert chord == [{60}, {48}, {64}, {60}, set()]
    assert after == [{64}, {64}, {62}, {62}, set()]  # 60 is struck again: that is no other pitch


def test_a_shifted_context_keeps_its_gaps() -> None:
    context = plan_score(notes_of([(0, 1, 60), (1, 1, 62)])).context.shifted(-2)
    assert [set(row) for row in context.before.tolist()] == [{NO_PITCH}, {NO_PITCH, 58}]


def test_a_grace_note_gets_time_before_its_main_note() -> None:
    plan = plan_score(notes_of([(0, 1, 60), (1, 0, 65), (1, 1, 64)]))
    onset = dict(zip(plan.pitch.tolist(), plan.onset_quarter.tolist(), strict=True))
    assert onset == {60: 0.0, 65: 0.88, 64: 1.0}
    assert plan.event_loose.tolist() == [False, True, True]
    assert (plan.end_quarter > plan.onset_quarter).all()


def test_a_grace_note_stays_behind_the_note_before() -> None:
    plan = plan_score(notes_of([(0, 0.1, 60), (0.1, 0, 65), (0.1, 1, 64)]))
    onset = dict(zip(plan.pitch.tolist(), np.round(plan.onset_quarter, 6).tolist(), strict=True))
    assert onset == {60: 0.0, 65: 0.05, 64: 0.1}


def test_a_leading_grace_note_begins_the_plan() -> None:
    plan = plan_score(notes_of([(0, 0, 65), (0, 1, 64)]))
    assert plan.event_quarter.tolist() == [0.0, 0.12]
    assert plan.first_quarter == -0.12


def test_backwards_keeps_lengths_and_refuses_palindromes() -> None:
    plan = plan_score(notes_of([(0, 1, 60), (1, 3, 62), (4, 1, 64)]))
    mirrored = backwards(plan)
    assert mirrored is not None
    assert mirrored.onset_quarter.tolist() == [4.0, 1.0, 0.0]
    assert mirrored.end_quarter.tolist() == [5.0, 4.0, 1.0]
    assert backwards(plan_score(notes_of([(0, 1, 60), (1, 3, 62), (4, 1, 60)]))) is None
