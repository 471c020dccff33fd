"""Figures: that they are drawn at the size their rows ask for, and that the axes say what they show."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from dp.report.figure import open_figure_grid
from dp.report.systems_plot import SystemSound, plot_systems
from dp.report.timing_plot import plot_timings
from dp.types import PerformedNotes

NOTES = PerformedNotes(
    np.array([60, 64, 67]), np.zeros(3, int), np.array([0.1, 0.5, 1.0]), np.array([0.4, 1.0, 1.9]), np.ones(3)
)
LATE = PerformedNotes(NOTES.pitch, NOTES.velocity, NOTES.onset_sec + 0.3, NOTES.offset_sec + 0.3, NOTES.confidence)
DOT_PER_INCH = 90


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[list[list[Any]]]:
    """The axes of figures, by row and column, as they are when written."""
    grids: list[list[list[Any]]] = []

    @contextmanager
    def kept(path: Path, row_inch: Sequence[float], column_count: int = 1) -> Iterator[list[list[Any]]]:
        with open_figure_grid(path, row_inch, column_count) as rows:
            yield rows
            grids.append(rows)

    for module in ("dp.report.figure", "dp.report.systems_plot"):
        monkeypatch.setattr(f"{module}.open_figure_grid", kept)
    return grids


def height_inch(path: Path) -> float:
    return float(imread(path).shape[0] / DOT_PER_INCH)


def test_systems_stand_over_the_score(tmp_path: Path, drawn: list[list[list[Any]]]) -> None:
    tone = (0.5 * np.sin(np.arange(32000))).astype(np.float32)
    mel = np.linspace(-11, 0, 125 * 80, dtype=np.float32).reshape(125, 80)
    sounds = {
        "recording": SystemSound(mel, tone),
        "ours": SystemSound(mel - 3, (tone / 2).astype(np.float32)),
        "mean": SystemSound(mel),
    }
    plot_systems(tmp_path / "systems.png", sounds, NOTES, 62.5, 16000, "two seconds")
    (rows,) = drawn
    assert [axes[0].get_title(loc="left") for axes in rows] == ["recording", "ours", "mean", "score as played"]
    assert all(axis.get_xlim() == (0.0, 2.0) for axes in rows for axis in axes)
    assert [axes[1].axison for axes in rows] == [True, True, False, True]
    assert rows[0][1].get_ylim() == rows[1][1].get_ylim()  # so that levels can be compared
    assert rows[0][0].images[0].get_clim() == (-9.0, 0.0)
    assert rows[1][0].images[0].get_clim() == (-12.0, -3.0)
    assert height_inch(tmp_path / "systems.png") == pytest.approx(4 * 1.35 + 0.6, abs=0.02)


def test_without_waveforms_there_is_one_column(tmp_path: Path, drawn: list[list[list[Any]]]) -> None:
    plot_systems(tmp_path / "mels.png", {"m": SystemSound(np.zeros((125, 80), np.float32))}, NOTES, 62.5, 16000, "")
    assert [len(axes) for axes in drawn[0]] == [1, 1]


def test_timings_share_time_and_show_the_first_ones_onsets(tmp_path: Path, drawn: list[list[list[Any]]]) -> None:
    plot_timings(tmp_path / "timings.png", {"performed": NOTES, "late": LATE}, "three notes")
    rows = [axes[0] for axes in drawn[0]]
    assert [axis.get_title(loc="left") for axis in rows] == ["performed", "late"]
    assert rows[0].get_xlim() == rows[1].get_xlim() == pytest.approx((0.0, 2.3))
    for axis in rows:
        assert [float(line.get_xdata()[0]) for line in axis.lines] == [0.1, 0.5, 1.0]
    assert [bar.get_x() for bar in rows[1].patches] == pytest.approx([0.4, 0.8, 1.3])
    assert "onsets of performed" in rows[1].get_xlabel()
    assert height_inch(tmp_path / "timings.png") == pytest.approx(2 * 1.7 + 0.6, abs=0.02)
