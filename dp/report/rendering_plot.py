"""The picture of a rendering: piano roll, log-mel and waveform over each other, as in the publication's figures."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dp.report.figure import open_figure
from dp.types import PerformedNotes

COLUMN_COUNT = 1400  # about the width of the picture in pixels: what is longer is drawn in so many columns
SOUNDING = 0.5  # how dark a note is after its beginning, which is 1
MARGIN_PITCH = 2  # above the highest note and below the lowest


class Rows(Protocol):
    """An array, or something else that is read by slices of its first axis."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> npt.NDArray[np.float32]: ...


def plot_rendering(
    path: Path,
    samples: Rows,
    sample_rate_hz: int,
    notes: PerformedNotes,
    log_mel: Rows,
    title: str,
    gain: float = 1.0,
) -> None:
    """Draw a rendering as PNG, a column at a time, so that hours of sound may stay in files.

    Args:
        path: PNG to write.
        samples: [L] the waveform.
        sample_rate_hz: of `samples`.
        notes: when each note was asked to sound.
        log_mel: [T, M] what the synthesis model made of them.
        title: headline.
        gain: of the waveform.
    """
    length_sec = len(samples) / sample_rate_hz
    roll_image, lowest_pitch = _draw_roll_image(notes, length_sec)
    low, high = np.array([(part.min(), part.max()) for part in _iterate_columns(samples)]).T * gain
    mel_image = np.array([part.max(axis=0) for part in _iterate_columns(log_mel)])
    with open_figure(path, 3, 2.4) as axes:
        roll, mel, wave = axes
        across = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
        pitches = (lowest_pitch - 0.5, lowest_pitch + len(roll_image) - 0.5)
        roll.imshow(roll_image, cmap="Blues", vmin=0.0, vmax=1.0, extent=(0, length_sec, *pitches), **across)
        roll.set_ylabel("pitch (MIDI)")
        mel.imshow(mel_image.T, cmap="magma", extent=(0, length_sec, 0, mel_image.shape[1]), **across)
        mel.set_ylabel("mel band")
        time_sec = (np.arange(len(low)) + 0.5) * length_sec / len(low)
        wave.fill_between(time_sec, low, high, linewidth=0.3, edgecolor="C0")
        wave.set_ylabel("amplitude")
        wave.set_xlabel("time (s)")
        for axis in axes:
            axis.set_xlim(0, length_sec)
        roll.set_title(title)


def _iterate_columns(values: Rows) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the values in COLUMN_COUNT parts of about the same length, or one by one where there are fewer."""
    borders = np.linspace(0, len(values), min(COLUMN_COUNT, len(values)) + 1).astype(np.int64)
    for first, end in pairwise(borders.tolist()):
        yield values[first:end]


def _draw_roll_image(notes: PerformedNotes, length_sec: float) -> tuple[npt.NDArray[np.float64], int]:
    """Draw a piano roll [P, COLUMN_COUNT], darkest where a note begins; return it and the lowest of its P pitches."""
    lowest, highest = int(notes.pitch.min()) - MARGIN_PITCH, int(notes.pitch.max()) + MARGIN_PITCH
    row = notes.pitch - lowest
    first, last = (
        np.clip((sec * COLUMN_COUNT / length_sec).astype(np.int64), 0, COLUMN_COUNT - 1)
        for sec in (notes.onset_sec, notes.offset_sec)
    )
    sounding = np.zeros((highest - lowest + 1, COLUMN_COUNT + 1))
    np.add.at(sounding, (row, first), 1.0)
    np.add.at(sounding, (row, np.maximum(last, first + 1)), -1.0)
    image = np.where(np.cumsum(sounding, axis=1)[:, :-1] > 0, SOUNDING, 0.0)
    image[row, first] = 1.0
    return image, lowest
