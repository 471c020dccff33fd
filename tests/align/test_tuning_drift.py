"""Recordings at A = 392 to 466 Hz, whose pitch drifts while they last."""

import numpy as np
import pytest

from dp.align import align
from dp.config import AlignConfig
from tests.align.played import MELODY, play
from tests.factories import notes_of

DRIFT_CENT = 20.0
TURN_COUNT = 3
MEDIAN_SEC, MAX_SEC = 0.005, 0.012  # without drift 0.0037 and 0.0075


def performance(a4_hz: float, drift_cent: float) -> list[tuple[float, float, float]]:
    """The tune some times over at a swinging tempo, as (onset, offset, pitch), higher by the end than at first."""
    length = MELODY[-1][0] + MELODY[-1][1]
    rows = [(turn * length + onset, duration, pitch) for turn in range(TURN_COUNT) for onset, duration, pitch in MELODY]
    concert_semitone = 12.0 * np.log2(a4_hz / 440.0)

    def second(quarter: float) -> float:
        return 0.7 + 0.5 * quarter + 0.06 * float(np.sin(0.9 * quarter))

    def semitone(quarter: float) -> float:
        return float(concert_semitone) + drift_cent / 100.0 * quarter / (TURN_COUNT * length)

    return [(second(onset), second(onset + 0.95 * d), pitch + semitone(onset)) for onset, d, pitch in rows]


def errors_sec(a4_hz: float, drift_cent: float) -> np.ndarray:
    """[N] of the aligned onsets."""
    length = MELODY[-1][0] + MELODY[-1][1]
    notes = notes_of([(turn * length + o, d, p) for turn in range(TURN_COUNT) for o, d, p in MELODY])
    rows = performance(a4_hz, drift_cent)
    found = align(play(rows, rows[-1][1] + 0.7), notes, AlignConfig(), "drift")
    assert found.accepted
    middle_cent = 1200.0 * np.log2(a4_hz / 440.0) + drift_cent / 2.0
    assert found.tuning_cent == pytest.approx(middle_cent, abs=6.0)
    return np.asarray(np.abs(found.performed.onset_sec - np.array([row[0] for row in rows])))


@pytest.mark.parametrize("a4_hz", [392.0, 415.0, 427.5, 440.0, 466.0])  # 427.5: between two semitones
@pytest.mark.parametrize("drift_cent", [0.0, DRIFT_CENT, -DRIFT_CENT])
def test_drift_moves_no_onset(a4_hz: float, drift_cent: float) -> None:
    error_sec = errors_sec(a4_hz, drift_cent)
    assert np.median(error_sec) < MEDIAN_SEC
    assert error_sec.max() < MAX_SEC
