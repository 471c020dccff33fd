"""Figures written as PNG, whole or not at all, without a display."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from dp.files import write_whole


@contextmanager
def open_figure(path: Path, row_count: int, row_inch: float) -> Iterator[list[Any]]:
    """Open the axes of `row_count` rows; they are written to `path` whole or not at all when the block ends."""
    with open_figure_grid(path, [row_inch] * row_count) as rows:
        yield [axes[0] for axes in rows]


@contextmanager
def open_figure_grid(path: Path, row_inch: Sequence[float], column_count: int = 1) -> Iterator[list[list[Any]]]:
    """Open axes by row and column, with a height for each row; they are written to `path` whole or not at all."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.size": 9, "axes.titlesize": 11}):
        canvas = Figure(figsize=(16, sum(row_inch) + 0.6), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots(len(row_inch), column_count, squeeze=False, height_ratios=row_inch)
        yield [list(row) for row in axes]
        buffer = BytesIO()
        canvas.savefig(buffer, format="png", dpi=90)
    write_whole(path, buffer.getvalue())
