import numpy as np
import pytest

from dp.metrics.holes import find_holes, measure_note_levels_db
from dp.units import FloatArray
from tests.metrics.sounds import RATE_HZ, play_notes

PITCHES = np.array([67, 69, 71, 72, 74, 76, 74, 72, 71, 69, 67, 65])
ONSETS_SEC: FloatArray = np.linspace(0.1, 2.85, len(PITCHES))


def measure(levels_db: FloatArray, sound: FloatArray | None = None) -> FloatArray:
    sound = (
        play_notes(PITCHES.tolist(), ONSETS_SEC.tolist(), levels_db.tolist(), 0.22, 30.0) if sound is None else sound
    )
    return measure_note_levels_db(sound, RATE_HZ, PITCHES, ONSETS_SEC, ONSETS_SEC + 0.22)


def at(index: int, level_db: float) -> FloatArray:
    levels_db = np.zeros(len(PITCHES))
    levels_db[index] = level_db
    return levels_db


@pytest.mark.parametrize(("level_db", "is_hole"), [(0.0, False), (-12.0, False), (-18.0, True), (-200.0, True)])
def test_a_note_15_db_below_its_neighbours_is_a_hole(level_db: float, is_hole: bool) -> None:
    holes = find_holes(measure(at(5, level_db)), ONSETS_SEC)
    assert np.flatnonzero(holes).tolist() == ([5] if is_hole else [])


def test_the_level_is_that_of_the_notes_harmonics() -> None:
    levels_db = measure(np.zeros(len(PITCHES)))
    # A partial of 0.1 has a mean power of .005, but for 20 ms of attack.
    assert levels_db[3] == pytest.approx(-23.0, abs=1.0)
    assert measure(at(3, -6.0))[3] == pytest.approx(levels_db[3] - 6.0, abs=0.3)


def test_a_note_that_is_missing_from_a_chord_is_a_hole() -> None:
    onsets_sec: FloatArray = np.repeat(0.1 + 0.4 * np.arange(6), 2)
    pitches = np.array([60, 69] * 6)
    levels = [0.0, 0.0, 0.0, 0.0, 0.0, -200.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    sound = play_notes(pitches.tolist(), onsets_sec.tolist(), levels, 0.35, 30.0)
    found = measure_note_levels_db(sound, RATE_HZ, pitches, onsets_sec, onsets_sec + 0.35)
    assert np.flatnonzero(find_holes(found, onsets_sec)).tolist() == [5]


def test_a_passage_that_is_soft_throughout_has_no_holes() -> None:
    levels_db = np.where(np.arange(len(PITCHES)) < 6, 0.0, -14.0)
    assert not find_holes(measure(levels_db), ONSETS_SEC).any()


def test_a_tuned_sound_is_found_at_its_tuning() -> None:
    sound = play_notes([69], [0.1], [0.0], 0.4, 30.0)
    where = (np.array([68]), np.array([0.1]), np.array([0.5]))
    apart = [measure_note_levels_db(sound, RATE_HZ, *where, cent)[0] for cent in (0.0, 100.0)]
    assert apart[1] > apart[0] + 20.0


def test_notes_outside_the_sound_are_left_out() -> None:
    found = measure_note_levels_db(
        np.ones(RATE_HZ), RATE_HZ, np.array([60, 60, 60]), np.array([-1.0, 0.2, 0.98]), np.array([0.0, 0.4, 1.4])
    )
    assert np.isnan(found).tolist() == [True, False, True]
    assert len(find_holes(found, np.array([-1.0, 0.2, 0.98]))) == 1
