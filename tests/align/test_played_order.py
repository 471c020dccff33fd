"""The order in which a score is played, and what becomes of notes that are held from one part of it into the next."""

import numpy as np

from dp.align.structure.played_order import find_stretches, unfold_played_notes
from dp.types import Repeat, ScoreNotes
from tests.factories import notes_of

TWICE = (Repeat(4.0, 4.0, 8.0, True, "2"),)  # four quarters before two passes of four quarters, and four after them


def rows_of(notes: ScoreNotes) -> list[tuple[float, float, int]]:
    columns = (notes.onset_quarter.tolist(), notes.duration_quarter.tolist(), notes.pitch.tolist())
    return list(zip(*columns, strict=True))


def test_a_note_held_from_a_pass_that_is_left_out_keeps_what_is_played() -> None:
    rows = [(0.0, 4.0, 60), (4.0, 3.0, 62), (7.0, 3.0, 65), (8.0, 2.0, 52), (10.0, 2.0, 62), (12.0, 4.0, 60)]
    notes = notes_of(rows)
    every, index = unfold_played_notes(notes, find_stretches(TWICE), {0})
    assert rows_of(every) == rows
    np.testing.assert_array_equal(index, np.arange(6))
    found, index = unfold_played_notes(notes, find_stretches(TWICE), set())
    assert rows_of(found) == [(0.0, 4.0, 60), (4.0, 2.0, 52), (4.0, 2.0, 65), (6.0, 2.0, 62), (8.0, 4.0, 60)]
    np.testing.assert_array_equal(index, [0, 3, 2, 4, 5])


def test_a_note_held_into_both_passes_is_one() -> None:
    """What is held from before the repeat sounds on into the second pass, if that is the first to be played."""
    notes = notes_of([(0.0, 5.0, 65), (5.0, 2.0, 62), (7.0, 2.0, 65), (9.0, 3.0, 62), (12.0, 4.0, 60)])
    found, index = unfold_played_notes(notes, find_stretches(TWICE), set())
    assert rows_of(found) == [(0.0, 5.0, 65), (5.0, 3.0, 62), (8.0, 4.0, 60)]
    np.testing.assert_array_equal(index, [0, 3, 4])


def test_a_note_held_into_a_score_that_begins_with_its_second_pass() -> None:
    repeats = (Repeat(0.0, 0.0, 4.0, True, "1"),)
    notes = notes_of([(0.0, 3.0, 62), (3.0, 2.0, 65), (5.0, 3.0, 62), (8.0, 4.0, 60)])
    found, index = unfold_played_notes(notes, find_stretches(repeats), set())
    assert rows_of(found) == [(0.0, 1.0, 65), (1.0, 3.0, 62), (4.0, 4.0, 60)]
    np.testing.assert_array_equal(index, [1, 2, 3])


def test_a_section_played_again_begins_with_the_note_held_into_it() -> None:
    again = (Repeat(8.0, 4.0, 8.0, False, "2", is_declared=False),)
    notes = notes_of([(0.0, 5.0, 65), (5.0, 3.0, 62), (8.0, 4.0, 60)])
    found, index = unfold_played_notes(notes, find_stretches(again), {0})
    assert rows_of(found) == [(0.0, 5.0, 65), (5.0, 3.0, 62), (8.0, 1.0, 65), (9.0, 3.0, 62), (12.0, 4.0, 60)]
    np.testing.assert_array_equal(index, [0, 1, 0, 1, 2])
