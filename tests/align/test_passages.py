"""Passages that a recording does not have, or has otherwise."""

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ as RATE_HZ
from dp.align import align
from dp.config import AlignConfig
from dp.types import Alignment
from tests.align.played import play
from tests.factories import notes_of

CONFIG = AlignConfig()
SEC_PER_QUARTER = 0.5


@pytest.fixture(scope="module")
def tune() -> list[tuple[float, float, int]]:
    """Two minutes of a wandering melody in quarters and eighths."""
    rng = np.random.default_rng(4)
    rows, onset, pitch = [], 0.0, 67
    while onset < 160:
        duration = float(rng.choice([0.5, 1.0]))
        pitch = int(np.clip(pitch + rng.choice([-5, -3, -2, -1, 1, 2, 3, 5]), 55, 84))
        rows.append((onset, duration, pitch))
        onset += duration
    return rows


def sounded(rows: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    return [(1.0 + SEC_PER_QUARTER * o, 1.0 + SEC_PER_QUARTER * (o + 0.95 * d), p) for o, d, p in rows]


def check(found: Alignment, bad: np.ndarray, near: np.ndarray) -> None:
    """Confidence is low in the passage, and high everywhere else; nothing is asked near its borders."""
    assert found.accepted
    assert np.mean(found.performed.confidence[bad & ~near] < 0.5) > 0.9
    assert np.mean(found.performed.confidence[~bad & ~near] > 0.5) > 0.9


def test_right_everywhere(tune: list[tuple[float, float, int]]) -> None:
    found = align(play(sounded(tune), 84.0), notes_of(tune), CONFIG, "tune")
    assert np.percentile(found.performed.confidence, 10) > 0.5


def test_other_notes_in_the_middle(tune: list[tuple[float, float, int]]) -> None:
    notes = notes_of(tune)
    rng = np.random.default_rng(8)
    bad = (notes.onset_quarter >= 70) & (notes.onset_quarter < 100)
    other = [(o, d, int(rng.integers(55, 84)) if 70 <= o < 100 else p) for o, d, p in tune]
    found = align(play(sounded(other), 84.0), notes, CONFIG, "tune")
    check(found, bad, np.minimum(abs(notes.onset_quarter - 70), abs(notes.onset_quarter - 100)) < 5)


def test_noise_in_the_middle(tune: list[tuple[float, float, int]]) -> None:
    notes = notes_of(tune)
    bad = (notes.onset_quarter >= 70) & (notes.onset_quarter < 100)
    sound = play(sounded(tune), 84.0)
    first, last = round((1 + 35) * RATE_HZ), round((1 + 50) * RATE_HZ)
    sound[first:last] = 0.05 * np.random.default_rng(1).standard_normal(last - first)
    found = align(sound, notes, CONFIG, "tune")
    check(found, bad, np.minimum(abs(notes.onset_quarter - 70), abs(notes.onset_quarter - 100)) < 5)


def test_a_cut(tune: list[tuple[float, float, int]]) -> None:
    notes = notes_of(tune)
    bad = (notes.onset_quarter >= 70) & (notes.onset_quarter < 100)
    sound = play(sounded(tune), 84.0)
    sound = np.concatenate([sound[: round((1 + 35) * RATE_HZ)], sound[round((1 + 50) * RATE_HZ) :]])
    found = align(sound, notes, CONFIG, "tune")
    check(found, bad, np.minimum(abs(notes.onset_quarter - 70), abs(notes.onset_quarter - 100)) < 5)
    true_sec = 1 + SEC_PER_QUARTER * notes.onset_quarter - 15 * (notes.onset_quarter >= 100)
    after = notes.onset_quarter > 105
    assert np.median(np.abs(found.performed.onset_sec - true_sec)[after]) < 0.02


def test_a_cadenza(tune: list[tuple[float, float, int]]) -> None:
    notes = notes_of(tune)
    rng = np.random.default_rng(9)
    cadenza = [(0.25 * i, 0.25, int(rng.integers(60, 90))) for i in range(64)]
    later = [(o + 16.0, d, p) for o, d, p in tune if o >= 80]
    rows = [row for row in tune if row[0] < 80] + [(o + 80.0, d, p) for o, d, p in cadenza] + later
    found = align(play(sounded(rows), 92.0), notes, CONFIG, "tune")
    away = abs(notes.onset_quarter - 80) > 8
    true_sec = 1 + SEC_PER_QUARTER * (notes.onset_quarter + 16 * (notes.onset_quarter >= 80))
    assert found.accepted
    assert np.median(np.abs(found.performed.onset_sec - true_sec)[away]) < 0.02
    assert np.mean(found.performed.confidence[away] > 0.5) > 0.9
