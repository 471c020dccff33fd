from pathlib import Path

import numpy as np

from bench.align.performances import Truth, read_truth, write_truth
from bench.align.scoring import errors_of, figures_of, match_notes, pooled, read_found

HEADER = "pitch,onset_quarter,duration_quarter,onset_s,offset_s,confidence\n"


def truth_of(*rows: tuple[float, ...]) -> Truth:
    """Pitch, onset and duration in quarters, onset, release and end of sound in seconds; nan = not played."""
    table = np.array(rows, dtype=np.float64)
    pitch, onset, duration, onset_sec, offset_sec, sound_end_sec = table.T
    return Truth(pitch.astype(np.int64), onset, duration, onset_sec, offset_sec, sound_end_sec, np.isfinite(onset_sec))


TRUTH = truth_of(
    (60, -0.5, 0.5, 1.0, 1.5, 1.5),
    (64, 0.0, 1.0, 1.5, 2.0, 2.5),
    (64, 0.0, 0.25, np.nan, np.nan, np.nan),
    (60, 1.0, 1.0, 3.0, 4.0, 4.0),
)


def test_notes_are_found_wherever_the_score_starts_and_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    rows = [
        "60,1.5,1,3.01,4.2,0.5",
        "64,0.5,1,1.49,2.1,0.9",
        "64,0.5,0.25,7,8,0.1",
        "60,0,0.5,1.1,1.5,0.8",
        "70,0,1,0,1,1",
    ]
    path.write_text(HEADER + "\n".join(rows))
    times = match_notes(TRUTH, read_found(path))
    np.testing.assert_allclose(times[:, 0], [1.1, 1.49, 7.0, 3.01])
    errors = errors_of(TRUTH, read_found(path))
    np.testing.assert_allclose(errors.onset_ms, [100.0, 10.0, 10.0])
    np.testing.assert_allclose(errors.offset_ms, [0.0, 100.0, 200.0])
    np.testing.assert_allclose(errors.sound_end_ms, [0.0, 400.0, 200.0])
    assert errors.confidence.tolist() == [0.8, 0.9, 0.5]
    assert errors.lost == 0


def test_a_note_that_is_not_returned_counts_a_second(tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    path.write_text(HEADER.replace(",confidence", "") + "60,-0.5,0.5,1.0,1.5\n64,0.0,1.0,1.5,2.5\n")
    errors = errors_of(TRUTH, read_found(path))
    assert errors.onset_ms.tolist() == [0.0, 0.0, 1000.0]
    assert errors.offset_ms.tolist() == [0.0, 500.0, 1000.0]
    assert errors.lost == 1
    assert errors_of(TRUTH, read_found(tmp_path / "absent.csv")).onset_ms.tolist() == [1000.0] * 3


def test_figures() -> None:
    errors = errors_of(TRUTH, np.array([[60, -0.5, 0.5, 1.02, 1.5, np.nan], [64, 0.0, 1.0, 1.5, 2.0, np.nan]]))
    figures = figures_of(pooled([errors, errors]))
    np.testing.assert_allclose(figures.mean_ms, 340.0)
    np.testing.assert_allclose(figures.median_ms, 20.0)
    np.testing.assert_allclose(figures.within_percent, [100 / 3, 200 / 3, 200 / 3, 200 / 3])
    np.testing.assert_allclose(figures.sound_end_ms, 500.0)
    assert (figures.lost, figures.notes) == (2, 6)


def test_truth_survives_its_file(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth.csv", TRUTH)
    again = read_truth(tmp_path / "truth.csv")
    np.testing.assert_allclose(again.sound_end_sec, TRUTH.sound_end_sec)
    assert again.pitch.tolist() == [60, 64, 64, 60]
    assert again.played.tolist() == [True, True, False, True]
