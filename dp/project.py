"""A project folder: finding it, and where it keeps what it makes."""

from pathlib import Path

from dp.config import PARAMS_FILE
from dp.errors import DataError

DATA_FOLDER = "data"
MODELS_FOLDER = "models"
METRICS_FILE = "metrics/evaluation.json"
EVALUATION_REPORT = "reports/evaluation.md"  # the same figures as tables
STATE_FOLDER = ".dp"  # whatever a run needs and nobody reads: caches, logs, databases of the orchestrators


def find_project(start: Path | None = None) -> Path:
    """The project: `start`, or the nearest folder from the current one upwards, that has params.yaml.

    Raises:
        DataError: there is none.
    """
    if start is not None:
        if (start / PARAMS_FILE).is_file():
            return start.resolve()
        raise DataError(start, f"has no {PARAMS_FILE}", "give a project folder")
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / PARAMS_FILE).is_file():
            return folder
    raise DataError(here, f"is not inside a project: no {PARAMS_FILE} here or above", "change there or give --project")


def data_folder(project: Path) -> Path:
    """Datasets that the stages publish; DVC versions them."""
    return project / DATA_FOLDER


def models_folder(project: Path) -> Path:
    """Checkpoints, one folder a model; DVC versions them."""
    return project / MODELS_FOLDER


def cache_folder(project: Path) -> Path:
    """The per-recording cache."""
    return project / STATE_FOLDER / "cache"


def corpus_root(project: Path, root: str) -> Path:
    """The folder of `corpus.root` in params.yaml; relative paths start at the project folder."""
    return project / root
