"""The picture of timings: piano rolls of one passage above each other, as in the publication's figure of its timing.

The publication shows its model's timing against constant tempo and the score.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dp.report.figure import open_figure
from dp.types import PerformedNotes

ROW_INCH = 1.7


def plot_timings(path: Path, rolls: Mapping[str, PerformedNotes], title: str) -> None:
    """Draw the same notes under several timings as PNG, one piano roll above the other.

    Args:
        path: PNG to write.
        rolls: by name, from top to bottom; the onsets of the first are drawn through all of them. Note i is the same
            note in all; a score is given at the tempo it is to be shown at.
        title: headline.
    """
    first = next(iter(rolls.values()))
    start_sec = min(float(notes.onset_sec.min()) for notes in rolls.values())
    end_sec = max(float(notes.offset_sec.max()) for notes in rolls.values())
    with open_figure(path, len(rolls), ROW_INCH) as axes:
        for row, (axis, (name, notes)) in enumerate(zip(axes, rolls.items(), strict=True)):
            for onset_sec in np.unique(first.onset_sec):
                axis.axvline(onset_sec, color="0.8", linewidth=0.7, zorder=0)
            draw_roll(axis, notes, color=f"C{row}")
            axis.set_xlim(start_sec - 0.1, end_sec + 0.1)
            axis.set_title(name, loc="left", fontsize=10)
            axis.tick_params(labelbottom=axis is axes[-1])
        axes[0].figure.suptitle(title)
        axes[-1].set_xlabel(f"time (s); grey: onsets of {next(iter(rolls))}")


def draw_roll(axis: Any, notes: PerformedNotes, color: str) -> None:
    """Draw notes as bars one semitone high, a dark edge at each onset."""
    axis.barh(
        notes.pitch, notes.offset_sec - notes.onset_sec, left=notes.onset_sec, height=0.9, color=color, linewidth=0
    )
    axis.vlines(notes.onset_sec, notes.pitch - 0.45, notes.pitch + 0.45, color="black", linewidth=1.2)
    axis.set_ylim(int(notes.pitch.min()) - 2, int(notes.pitch.max()) + 2)
    axis.set_ylabel("pitch (MIDI)")
