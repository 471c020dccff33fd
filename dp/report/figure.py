"""Figures written as PNG, whole or not at all, without a display."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from dp.files import write_whole


@contextmanager
def figure(path: Path, row_count: int, row_inch: float) -> Iterator[list[Any]]:
    """Axes of `row_count` rows, written to `path` whole or not at all when the block ends."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.size": 9, "axes.titlesize": 11}):
        canvas = Figure(figsize=(16, row_inch * row_count + 0.6), layout="constrained")
        FigureCanvasAgg(canvas)
        yield list(canvas.subplots(row_count, 1, squeeze=False)[:, 0])
        buffer = BytesIO()
        canvas.savefig(buffer, format="png", dpi=90)
    write_whole(path, buffer.getvalue())
