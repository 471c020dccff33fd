"""The picture of what several systems make of one passage: log-mels and waveforms over the piano roll of the score.

The arrangement is that of the publication's figures of its systems, one for the violin and one for the piano.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dp.report.figure import open_figure_grid
from dp.report.timing_plot import draw_roll
from dp.types import PerformedNotes

ROW_INCH = 1.35
RANGE = 9.0  # of the natural logarithm that is shown, below the loudest of each system: 78 dB


@dataclass(frozen=True)
class SystemSound:
    """What one system made of a passage."""

    log_mel: npt.NDArray[np.float32]  # [T, M]
    samples: npt.NDArray[np.float32] | None = None  # [L]


def plot_systems(
    path: Path,
    sounds: Mapping[str, SystemSound],
    notes: PerformedNotes | None,
    frame_rate_hz: float,
    sample_rate_hz: int,
    title: str,
) -> None:
    """Draw the log-mels of systems, and their waveforms at the right, over the piano roll as PNG.

    Args:
        path: PNG to write.
        sounds: by the systems' names, from top to bottom.
        notes: what was to be played, from the start of the passage; None leaves the piano roll out.
        frame_rate_hz: of the log-mels.
        sample_rate_hz: of the waveforms.
        title: headline.
    """
    length_sec = max(len(sound.log_mel) for sound in sounds.values()) / frame_rate_hz
    peaks = [float(np.abs(sound.samples).max()) for sound in sounds.values() if sound.samples is not None]
    rolls = [] if notes is None or len(notes) == 0 else [notes]
    with open_figure_grid(path, [ROW_INCH] * (len(sounds) + len(rolls)), 2 if peaks else 1) as rows:
        for axes, (name, sound) in zip(rows, sounds.items(), strict=False):
            _draw_mel(axes[0], name, sound.log_mel, frame_rate_hz)
            if sound.samples is not None:
                _draw_wave(axes[1], name, sound.samples, sample_rate_hz, max(peaks))
            elif peaks:
                axes[1].set_axis_off()
        for axis in rows[-1] if rolls else []:
            draw_roll(axis, rolls[0], color="C0")
            axis.set_title("score as played", loc="left", fontsize=10)
        for axis in rows[-1]:
            axis.set_xlabel("time (s)")
        for axis in (axis for axes in rows for axis in axes):
            axis.set_xlim(0.0, length_sec)
            axis.tick_params(labelbottom=axis in rows[-1])
        rows[0][0].figure.suptitle(title)


def _draw_mel(axis: Any, name: str, log_mel: npt.NDArray[np.float32], frame_rate_hz: float) -> None:
    loudest = float(log_mel.max())
    extent = (0.0, len(log_mel) / frame_rate_hz, 0.0, float(log_mel.shape[1]))
    limits = {"vmin": loudest - RANGE, "vmax": loudest}
    axis.imshow(log_mel.T, origin="lower", aspect="auto", cmap="magma", extent=extent, **limits)
    axis.set_ylabel("mel band")
    axis.set_title(name, loc="left", fontsize=10)


def _draw_wave(axis: Any, name: str, samples: npt.NDArray[np.float32], sample_rate_hz: int, peak: float) -> None:
    axis.plot(np.arange(len(samples)) / sample_rate_hz, samples, linewidth=0.4)
    axis.set_ylim(-1.05 * peak, 1.05 * peak)
    axis.set_ylabel("amplitude")
    axis.set_title(name, loc="left", fontsize=10)
