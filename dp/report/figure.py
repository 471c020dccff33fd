"""Figures written as PNG, whole or not at all, without a display."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from dp.files import write_whole


@contextmanager
def figure(path: Path, row_count: int, row_inch: float) -> Iterator[list[Any]]:
    """Axes of `row_count` rows, written to `path` whole or not at all when the block ends."""
    with figure_grid(path, [row_inch] * row_count) as rows:
        yield [axes[0] for axes in rows]


@contextmanager
def figure_grid(path: Path, row_inch: Sequence[float], column_count: int = 1) -> Iterator[list[list[Any]]]:
    """Axes by row and column, of rows of the given heights, written to `path` whole or not at all."""
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
