import numpy as np
import pytest

from bench.align.rejection import Verdict, kind_of, piece_of, reliability, verdict_table
from bench.align.scoring import Errors
from bench.align.sounds import RATE_HZ, SOUNDS


@pytest.mark.parametrize(
    ("piece", "other", "kind"),
    [
        ("bwv1002_mov5", "bwv1002_mov5", "right"),
        ("bwv1002_mov5", "bwv1002_mov6", "same work"),
        ("bwv1002_mov5", "bwv1001_mov5", "another piece"),
        ("Chopin_op10_no3", "Schubert_D783_no15", "another piece"),
        ("Chopin_op10_no3", "bwv1001_mov1", "another instrument"),
    ],
)
def test_kinds_of_wrong_scores(piece: str, other: str, kind: str) -> None:
    assert kind_of(piece, other) == kind


def test_a_recording_names_its_piece() -> None:
    assert piece_of("karen-gomyo_bwv1006_mov4-2_415hz") == "bwv1006_mov4"
    assert piece_of("Chopin_op10_no3_p07") == "Chopin_op10_no3"


def test_the_table_counts_and_names_mistakes() -> None:
    verdicts = [
        Verdict("right", "a", "s", 0.9, True, ""),
        Verdict("right", "b", "s", 0.3, False, "no"),
        Verdict("noise", "c", "s", 0.1, False, "no"),
        Verdict("noise", "d", "s", 0.7, True, ""),
    ]
    table = verdict_table(verdicts)
    assert table[1].split() == ["right", "2", "1", "1", "0.30", "0.60", "0.90"]
    assert "weakest right pair 0.30, strongest wrong 0.70" in table[3]
    assert table[4] == "1 right pairs rejected, 1 wrong pairs kept"
    assert len(table) == 7


def test_reliability() -> None:
    onset_ms, confidence = np.array([10.0, 20.0, 80.0, 49.0, 5.0]), np.array([0.85, 0.85, 0.85, 0.15, np.nan])
    table = reliability(Errors(onset_ms, onset_ms, onset_ms, 1, confidence))
    assert table[1].split()[3:] == ["1", "0.150", "1.000"]
    assert table[2].split()[3:] == ["3", "0.850", "0.667"]
    assert table[3] == "expected calibration error 0.3500"  # 1/4 * 0.85 + 3/4 * 0.1833


@pytest.mark.parametrize("name", SOUNDS)
def test_sounds_are_as_long_as_asked_and_never_silent(name: str) -> None:
    samples = SOUNDS[name](2.0, np.random.default_rng(3))
    assert abs(len(samples) / RATE_HZ - 2.0) < 0.5
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() == pytest.approx(0.5)
