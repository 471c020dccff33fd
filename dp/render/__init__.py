"""A score becomes a waveform here: `performance` decides what sounds when and how loud, `stream` makes it sound.

A rendering's way: score -> `performance.plan` (timing model) -> `stream.iterate_blocks` (synthesis model, vocoder),
block by block, so that memory does not grow with length -> `outputs` (files). `render` does all of it at once, for
short pieces.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dp.audio import write_audio
from dp.render import sound_files
from dp.render.excerpt import cut_excerpt
from dp.render.model_set import ModelSet, load_models
from dp.render.note_files import note_columns
from dp.render.performance import Performance, plan
from dp.render.sound import synthesize
from dp.render.stream import iterate_blocks
from dp.render.timing import perform
from dp.render_options import MAX_PEAK, OutputOptions, RenderOptions
from dp.types import PerformedNotes, Score, make_pandas_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ModelSet",
    "OutputOptions",
    "Performance",
    "RenderOptions",
    "Rendering",
    "iterate_blocks",
    "load_models",
    "perform",
    "plan",
    "render",
    "synthesize",
]


@dataclass(frozen=True)
class Rendering:
    """A rendered score, with what each model made of it."""

    samples: npt.NDArray[np.float32]  # [L] within -MAX_PEAK and MAX_PEAK
    sample_rate_hz: int
    performance: Performance  # the N notes as they are played
    log_mel: npt.NDArray[np.float32]  # [T, M] before tuning; L = T * hop at the models' rate and A = 440 Hz

    @property
    def performed(self) -> PerformedNotes:
        """When each note sounds."""
        return self.performance.performed

    def to_pandas(self) -> "pd.DataFrame":
        """Make a table of the notes: one row per note, with the columns of the CSV that `dp render` writes.

        Raises:
            DataError: pandas is not installed.
        """
        return make_pandas_table(note_columns(self.performance))

    def write(self, path: str | Path) -> None:
        """Write the sound to a file.

        Args:
            path: ends in .wav, .flac or .ogg.

        Raises:
            DataError: the suffix is another one.
            OSError: the file cannot be written; nothing is left behind.
        """
        write_audio(Path(path), self.samples, self.sample_rate_hz)


def render(
    score: Score, models: ModelSet, options: RenderOptions | None = None, sample_rate_hz: int | None = None
) -> Rendering:
    """Perform a score, all of it in memory.

    Args:
        score: any; none of it need have been seen in training.
        models: trained on one log-mel.
        options: how; default: no performer in particular, the score's tempo.
        sample_rate_hz: of the samples; None = that of the models.

    Raises:
        DataError: see `cut_excerpt` and `plan`.
    """
    options, rate_hz = options or RenderOptions(), sample_rate_hz or models.synthesis.mel.sample_rate_hz
    performance = plan(cut_excerpt(score, options.parts, options.start_bar, options.end_bar), models, options)
    made = list(sound_files.sound(performance, models, options, rate_hz))
    samples = np.concatenate([block.samples for block in made])
    peak = float(np.abs(samples).max())
    samples = samples * (MAX_PEAK / peak) if peak > MAX_PEAK else samples
    log_mel = np.concatenate([block.log_mel for block in made])
    return Rendering(samples.astype(np.float32), rate_hz, performance, log_mel)
