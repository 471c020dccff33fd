"""From a score to a waveform: `performance` says what sounds when and how loud, `stream` makes it sound.

A rendering's way: score -> `performance.plan` (timing model) -> `stream.blocks` (synthesis model, vocoder), block by
block, so that length costs no memory -> `outputs` (files). `render` does all of it at once, for short pieces.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.render.mix import cast
from dp.render.model_set import ModelSet, load_models
from dp.render.options import MAX_PEAK, OutputOptions, RenderOptions
from dp.render.performance import Performance, plan
from dp.render.sound import synthesize
from dp.render.stream import blocks
from dp.render.timing import perform
from dp.types import PerformedNotes, Score

__all__ = [
    "ModelSet",
    "OutputOptions",
    "Performance",
    "RenderOptions",
    "Rendering",
    "blocks",
    "load_models",
    "perform",
    "plan",
    "render",
    "synthesize",
]


@dataclass(frozen=True)
class Rendering:
    """A rendered score, with what each model made of it."""

    samples: npt.NDArray[np.float32]  # [L]
    sample_rate_hz: int
    performed: PerformedNotes
    log_mel: npt.NDArray[np.float32]  # [T, M]; L = T * hop


def render(score: Score, models: ModelSet, options: RenderOptions | None = None) -> Rendering:
    """Perform a score, all of it in memory.

    Args:
        score: any; none of it need have been seen in training.
        models: trained on one log-mel.
        options: how; default: no performer in particular, the score's tempo.

    Raises:
        DataError: see `plan`.
    """
    options = options or RenderOptions()
    performance = plan(score, models, options)
    made = list(blocks(performance, cast(models, options)[0]))
    samples = np.concatenate([block.samples for block in made])
    peak = float(np.abs(samples).max())
    samples = samples * (MAX_PEAK / peak) if peak > MAX_PEAK else samples
    log_mel = np.concatenate([block.log_mel for block in made])
    return Rendering(samples.astype(np.float32), models.synthesis.mel.sample_rate_hz, performance.performed, log_mel)
