"""Rendering in a process that renders many scores: it reads the models once."""

from functools import lru_cache
from pathlib import Path

from dp.errors import DataError
from dp.render import ModelSet, load_models
from dp.render.options import OutputOptions, RenderOptions
from dp.render.outputs import RenderedFiles, render_to_files


@lru_cache(maxsize=1)
def models_of(folder: Path, version: str) -> ModelSet:
    """The models of a folder; a newer version takes the place of the older."""
    return load_models(folder)


def render_file(
    score: Path, audio: Path, models: Path, version: str, options: RenderOptions, output: OutputOptions
) -> RenderedFiles:
    """Render a score file with the models of a folder; see `render_to_files`."""
    return render_to_files(score, audio, models_of(models, version), options, output)


def check_request(models: Path, version: str, options: RenderOptions) -> None:
    """Refuse what would fail for every score, before any is rendered.

    Raises:
        DataError: a model is missing or damaged, or a performer is unknown to the models.
    """
    known = models_of(models, version).performer_names
    for name, _ in options.performers:
        if name not in known:
            raise DataError(f"performer {name!r}", "is unknown to the models", f"known: {', '.join(known) or 'none'}")
