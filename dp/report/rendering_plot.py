"""The picture of a rendering: piano roll, log-mel and waveform over each other, as in the publication's figures."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp.report.figure import figure
from dp.types import PerformedNotes


def plot_rendering(
    path: Path,
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    notes: PerformedNotes,
    log_mel: npt.NDArray[np.float32],
    title: str,
) -> None:
    """Draw a rendering as PNG.

    Args:
        path: PNG to write.
        samples: [L] the waveform.
        sample_rate_hz: of `samples`.
        notes: when each note was asked to sound.
        log_mel: [T, M] what the synthesis model made of them.
        title: headline.
    """
    length_sec = len(samples) / sample_rate_hz
    with figure(path, 3, 2.4) as axes:
        roll, mel, wave = axes
        roll.hlines(notes.pitch, notes.onset_sec, notes.offset_sec, linewidth=3)
        roll.set_ylabel("pitch (MIDI)")
        mel.imshow(log_mel.T, origin="lower", aspect="auto", cmap="magma", extent=(0, length_sec, 0, log_mel.shape[1]))
        mel.set_ylabel("mel band")
        wave.plot(np.arange(len(samples)) / sample_rate_hz, samples, linewidth=0.3)
        wave.set_ylabel("amplitude")
        wave.set_xlabel("time (s)")
        for axis in axes:
            axis.set_xlim(0, length_sec)
        roll.set_title(title)
