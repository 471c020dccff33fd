import numpy as np

from dp.data.movements import assign_movements, digest_surroundings
from dp.types import ScoreNotes
from tests.factories import notes_of


def line(pitches: list[int], step_quarter: float = 0.5) -> ScoreNotes:
    return notes_of([(i * step_quarter, step_quarter, pitch) for i, pitch in enumerate(pitches)])


SECTION = [60, 64, 67, 62, 65, 69, 71, 72, 59, 55, 57, 66, 68, 70, 61, 63, 73, 74, 56, 58, 54, 75, 53, 76]


def test_an_event_is_known_by_four_to_either_side() -> None:
    one, other = digest_surroundings(line(SECTION)), digest_surroundings(line([*SECTION[:12], 40, *SECTION[13:]]))
    assert np.flatnonzero(one != other).tolist() == list(range(8, 17))


def test_a_repeat_is_the_same_place_again() -> None:
    twice = digest_surroundings(line(SECTION * 2))
    assert np.array_equal(twice[4:19], twice[28:43])  # the last note's length tells the end from the repeat
    assert len(set(twice[4:19].tolist())) == 15


def test_recordings_of_one_movement_are_found_whatever_repeats_they_play() -> None:
    other = [pitch + 1 for pitch in reversed(SECTION)]
    scores = {"b": line(SECTION * 2), "a": line(SECTION), "c": line(other), "d": line(SECTION, 1.0)}
    found = assign_movements({name: digest_surroundings(notes) for name, notes in scores.items()})
    assert found == {"a": "a", "b": "a", "c": "c", "d": "d"}
