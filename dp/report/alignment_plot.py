"""The picture of an alignment: constant-Q of the recording, white ticks at onsets, green lines for durations.

The arrangement is that of the publication's figure of its alignments.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dp.audio.cqt import ConstantQ, compute_constant_q
from dp.report.figure import open_figure
from dp.types import Doubt, PerformedNotes

ROW_SEC = 12.0  # one row of the picture
ROW_INCH = 2.2
DYNAMIC_RANGE_DB = 70.0
_COLORS = {"absent": "#ff3030", "otherwise": "#ffa020", "more": "#40a0ff"}  # of bars in doubt


def plot_alignment(
    path: Path,
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    notes: PerformedNotes,
    title: str,
    doubts: Sequence[Doubt] = (),
) -> None:
    """Draw the alignment of one recording as PNG, a row for every 12 seconds.

    Args:
        path: PNG to write.
        samples: [L] the recording's slice, mono.
        sample_rate_hz: of `samples`.
        notes: when each note sounds, seconds from the start of the slice.
        title: headline.
        doubts: where the recording does not bear out the score, to be marked along the top.
    """
    constant_q = compute_constant_q(samples, sample_rate_hz)
    length_sec = len(samples) / sample_rate_hz
    row_count = max(1, int(np.ceil(length_sec / ROW_SEC)))
    with open_figure(path, row_count, ROW_INCH) as axes:
        for row, axis in enumerate(axes):
            _draw_row(axis, constant_q, notes, row * ROW_SEC)
            _draw_doubts(axis, doubts, row * ROW_SEC)
        axes[0].set_title(title)
        marked = "; red: not heard, orange: played otherwise, blue: more is played" if doubts else ""
        axes[-1].set_xlabel(f"time (s); white: onset, green: duration{marked}")


def _draw_doubts(axis: Any, doubts: Sequence[Doubt], start_sec: float) -> None:
    top = axis.get_ylim()[1]
    for doubt in doubts:
        begin, end = (
            max(doubt.begin_sec, start_sec),
            min(max(doubt.end_sec, doubt.begin_sec + 0.1), start_sec + ROW_SEC),
        )
        if begin < end:
            axis.hlines(top - 1, begin, end, colors=_COLORS[doubt.kind], linewidth=6)


def _draw_row(axis: Any, constant_q: ConstantQ, notes: PerformedNotes, start_sec: float) -> None:
    end_sec = start_sec + ROW_SEC
    rate_hz = constant_q.frame_rate_hz
    first, last = int(start_sec * rate_hz), int(np.ceil(end_sec * rate_hz))
    part = constant_q.db[:, first:last]
    half_bin = 0.5 / constant_q.bins_per_semitone
    low = constant_q.min_pitch - half_bin
    high = low + len(constant_q.db) / constant_q.bins_per_semitone
    top_db = float(constant_q.db.max())
    extent = ((first - 0.5) / rate_hz, (first + part.shape[1] - 0.5) / rate_hz, low, high)
    axis.imshow(
        part, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=top_db - DYNAMIC_RANGE_DB, vmax=top_db
    )
    seen = (notes.offset_sec > start_sec) & (notes.onset_sec < end_sec)
    axis.hlines(notes.pitch[seen], notes.onset_sec[seen], notes.offset_sec[seen], colors="#39ff14", linewidth=1.8)
    axis.vlines(notes.onset_sec[seen], notes.pitch[seen] - 0.9, notes.pitch[seen] + 0.9, colors="white", linewidth=1.8)
    axis.set_xlim(start_sec, end_sec)
    axis.set_ylim(max(low, notes.pitch.min() - 3), min(high, notes.pitch.max() + 27))
    axis.set_ylabel("pitch (MIDI)")
