"""The picture of pitch curves: constant-Q of the recording, over it the curve of every note, the brighter the surer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dp.audio.cqt import ConstantQ, compute_constant_q
from dp.report.figure import open_figure
from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve
from dp.units import IntArray

ROW_SEC = 6.0  # one row of the picture
ROW_INCH = 4.0
DYNAMIC_RANGE_DB = 60.0
BINS_PER_SEMITONE = 5
_PITCH_MARGIN = 2  # semitones below and above the notes


def plot_pitch(
    path: Path,
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    pitch: IntArray,
    curves: Sequence[PitchCurve],
    title: str,
    start_sec: float = 0.0,
) -> None:
    """Draw pitch curves as PNG, a row for every 6 seconds; green is sure, and red is not.

    Args:
        path: PNG to write.
        samples: [L] mono, from `start_sec` on.
        sample_rate_hz: of `samples`.
        pitch: [N] MIDI pitches, written.
        curves: N curves, whose frames count from the start of the recording's slice.
        title: headline.
        start_sec: of the samples in that slice.
    """
    constant_q = compute_constant_q(samples, sample_rate_hz, 256, bins_per_semitone=BINS_PER_SEMITONE)
    end_sec = start_sec + len(samples) / sample_rate_hz
    seen = [
        (int(written), curve)
        for written, curve in zip(pitch, curves, strict=True)
        if curve.first_frame < end_sec * PITCH_FRAME_RATE_HZ
        and curve.first_frame + len(curve.cent) > start_sec * PITCH_FRAME_RATE_HZ
    ]
    with open_figure(path, max(1, int(np.ceil((end_sec - start_sec) / ROW_SEC))), ROW_INCH) as axes:
        for row, axis in enumerate(axes):
            _draw_spectrum(axis, constant_q, start_sec)
            _draw_curves(axis, seen)
            axis.set_xlim(start_sec + row * ROW_SEC, start_sec + (row + 1) * ROW_SEC)
            axis.set_ylabel("pitch (MIDI)")
        axes[0].set_title(title)
        axes[-1].set_xlabel("time (s); a curve a note, from red (not to be believed) to green (sure)")


def _draw_spectrum(axis: Any, constant_q: ConstantQ, start_sec: float) -> None:
    half_bin, half_frame = 0.5 / constant_q.bins_per_semitone, 0.5 / constant_q.frame_rate_hz
    bin_count, frame_count = constant_q.db.shape
    low = constant_q.min_pitch - half_bin
    begin_sec = start_sec - half_frame
    extent = (begin_sec, begin_sec + frame_count / constant_q.frame_rate_hz, low, low + bin_count * 2 * half_bin)
    axis.imshow(
        constant_q.db, origin="lower", aspect="auto", extent=extent, cmap="gray", vmin=-DYNAMIC_RANGE_DB, vmax=0.0
    )


def _draw_curves(axis: Any, seen: Sequence[tuple[int, PitchCurve]]) -> None:
    from matplotlib.collections import LineCollection

    for written, curve in seen:
        time_sec = (curve.first_frame + np.arange(len(curve.cent))) / PITCH_FRAME_RATE_HZ
        points = np.column_stack([time_sec, written + curve.cent / 100.0])
        segments = np.stack([points[:-1], points[1:]], axis=1)
        lines = LineCollection(
            list(segments), array=curve.confidence[:-1], cmap="RdYlGn", clim=(0.0, 1.0), linewidth=1.6
        )
        axis.add_collection(lines, autolim=False)
    if seen:
        axis.set_ylim(min(p for p, _ in seen) - _PITCH_MARGIN, max(p for p, _ in seen) + _PITCH_MARGIN)
