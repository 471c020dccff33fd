"""The distribution of onset errors as a picture."""

from io import BytesIO
from pathlib import Path

import numpy as np

from bench.align.scoring import Errors
from dp.files import write_whole

_LOW_MS, _HIGH_MS = 1.0, 1000.0
_TICKS_MS = (1, 2, 5, 10, 25, 50, 100, 250, 1000)
_STYLE = {
    "ours": ("#0072b2", 2.6, "this project"),
    "P": ("#d55e00", 1.8, "publication (constant-Q DTW)"),
    "R": ("#cc79a7", 1.4, "align.method: publication"),
    "Y": ("#6b6b6b", 1.8, "synctoolbox (MrMsDTW)"),
}
_SUITE_NAME = {
    "S1": "S1: piano, played by humans",
    "S2": "S2: Bach for solo violin, human timing",
    "H1": "H1: piano, held out",
    "H2": "H2: violin, held out",
    "H3": "H3: other instruments",
}


def draw_errors(path: Path, errors: dict[str, dict[str, Errors]]) -> None:
    """Write a PNG: the share of notes whose onset is off by less than x, a panel a suite, a line a system.

    Args:
        path: PNG to write.
        errors: by system, by suite.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    suites = sorted({suite for of_suite in errors.values() for suite in of_suite})
    with matplotlib.rc_context({"font.size": 10, "axes.titlesize": 11, "axes.spines.top": False}):
        canvas = Figure(figsize=(5.2 * len(suites) + 0.4, 4.0), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots(1, len(suites), sharey=True, squeeze=False)[0]
        for axis, suite in zip(axes, suites, strict=True):
            for system, of_suite in errors.items():
                if suite in of_suite:
                    color, width, label = _STYLE[system]
                    onset_ms = np.sort(of_suite[suite].onset_ms)
                    share = 100 * np.arange(1, len(onset_ms) + 1) / len(onset_ms)
                    axis.step(np.maximum(onset_ms, 1e-3), share, where="post", color=color, lw=width, label=label)
            axis.set_xscale("log")
            axis.set_xlim(_LOW_MS, _HIGH_MS)
            axis.set_xticks(_TICKS_MS, [str(tick) for tick in _TICKS_MS])
            axis.minorticks_off()
            axis.set_ylim(0, 100)
            axis.grid(color="#e2e2e2", lw=0.8)
            axis.spines["right"].set_visible(False)
            axis.set_title(_SUITE_NAME[suite], loc="left")
            axis.set_xlabel("error of the onset, ms")
        axes[0].set_ylabel("notes within that error, %")
        axes[0].legend(loc="lower right", frameon=False)
        buffer = BytesIO()
        canvas.savefig(buffer, format="png", dpi=120)
    write_whole(path, buffer.getvalue())
