"""A score becomes a waveform here: `performance` decides what sounds when and how loud, `stream` makes it sound.

A rendering's way: score -> `performance.plan` (timing model) -> `stream.iterate_blocks` (synthesis model, vocoder),
block by block, so that memory does not grow with length -> `outputs` (files). Without a timing model: score ->
`performance.plan_as_written` -> `players` (voices and the soundfont, part by part) -> `mix_parts`.
`preparation` chooses the way. `render` does all of it at once, for short pieces.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dp.audio import write_audio
from dp.render.ensemble import Ensemble
from dp.render.excerpt import cut_excerpt
from dp.render.heard_mel import choose_heard_mel, iterate_heard_mel
from dp.render.model_set import ModelSet, load_models
from dp.render.note_files import note_columns
from dp.render.performance import Performance, plan
from dp.render.preparation import prepare
from dp.render.sound import synthesize
from dp.render.stream import iterate_blocks
from dp.render.timing import perform
from dp.render_options import MAX_PEAK, OutputOptions, RenderOptions
from dp.types import PerformedNotes, Score, make_pandas_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Ensemble",
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

    samples: npt.NDArray[np.float32]  # [L], or [L, 2] in stereo, within -MAX_PEAK and MAX_PEAK
    sample_rate_hz: int
    performance: Performance  # the N notes as they are played
    log_mel: npt.NDArray[np.float32]  # [T, M] before tuning, L = T * hop at the models' rate and A = 440 Hz; of what is
    # heard where voices and the soundfont play

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
    score: Score, models: ModelSet | Ensemble, options: RenderOptions | None = None, sample_rate_hz: int | None = None
) -> Rendering:
    """Perform a score, all of it in memory.

    Args:
        score: any; none of it need have been seen in training.
        models: trained on one log-mel, or voices.
        options: how; default: no performer in particular, the score's tempo.
        sample_rate_hz: of the samples; None = that of the models.

    Raises:
        DataError: see `cut_excerpt` and `prepare`.
    """
    options = options or RenderOptions()
    score = cut_excerpt(score, options.parts, options.start_bar, options.end_bar)
    prepared = prepare(score, models, options)
    rate_hz = sample_rate_hz or prepared.sample_rate_hz
    made = list(prepared.sound(rate_hz))
    samples = np.concatenate([block.samples for block in made])
    peak = float(np.abs(samples).max())
    samples = (samples * (MAX_PEAK / peak) if peak > MAX_PEAK else samples).astype(np.float32)
    if prepared.mel is None:
        log_mel = np.concatenate(list(iterate_heard_mel(samples, choose_heard_mel(rate_hz))))
    else:
        log_mel = np.concatenate([block.log_mel for block in made])
    return Rendering(samples, rate_hz, prepared.performance, log_mel)
