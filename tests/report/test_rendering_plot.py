"""The picture of a rendering, short or hours long."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dp.report.rendering_plot import COLUMN_COUNT, plot_rendering
from dp.types import PerformedNotes


@dataclass
class Far:
    """Rows of noise that note how many of them are asked for at once."""

    count: int
    shape: tuple[int, ...] = ()
    asked: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice) -> np.ndarray:
        self.asked.append(rows.stop - rows.start)
        return np.random.default_rng(rows.start).normal(size=(self.asked[-1], *self.shape)).astype(np.float32)


def notes(count: int, length_sec: float) -> PerformedNotes:
    onset_sec = np.linspace(0, length_sec - 0.5, count)
    pitch = 50 + np.arange(count) % 30
    return PerformedNotes(pitch, 0 * pitch, onset_sec, onset_sec + 0.5, np.ones(count))


def test_hours_are_read_a_column_at_a_time(tmp_path: Path) -> None:
    samples, log_mel = Far(3 * 3600 * 1000), Far(3 * 3600 * 10, (20,))
    plot_rendering(tmp_path / "x.png", samples, 1000, notes(50_000, 3 * 3600), log_mel, "long")
    for rows in (samples, log_mel):
        assert sum(rows.asked) == len(rows)
        assert max(rows.asked) <= len(rows) // COLUMN_COUNT + 1


def test_the_same_picture_has_the_same_bytes(tmp_path: Path) -> None:
    samples, log_mel = np.sin(np.arange(700, dtype=np.float32)), np.zeros((7, 20), dtype=np.float32)
    for name in ("a.png", "b.png"):
        plot_rendering(tmp_path / name, samples, 1000, notes(3, 0.7), log_mel, "short", gain=0.5)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
