"""Find a project folder, and where it keeps what it makes."""

from pathlib import Path

from dp.config import PARAMS_FILE
from dp.errors import DataError

DATA_FOLDER = "data"
MODELS_FOLDER = "models"
METRICS_FOLDER = "metrics"  # figures of every evaluation, a file a preset
CLIP_METRICS_FOLDER = "metrics/clips"  # the same clip by clip
EVALUATION_REPORT = "reports/evaluation.md"  # the same figures as tables
SIMPLE_BASELINES = "simple-baselines"  # measured beside the presets: recordings, constant tempo and the like
VOICES = "voices"  # a model that makes sound by itself; it also learns from the pitch of notes
RENDERING_MODELS = ("timing", "synthesis", "vocoder")  # what a rendering needs, each in a folder of its name
REGISTRY_PREFIX = "models:/"  # of addresses of registered models, as MLflow writes them
CHECKPOINT_FILE = "config.json"  # in the folder of every trained model; written last, it describes the weights
STATE_FOLDER = ".dp"  # whatever a run needs and nobody reads: caches, logs, databases of the orchestrators


def find_project(start: Path | None = None) -> Path:
    """Find the project: `start`, or the nearest folder from the current one upwards, that has params.yaml.

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


def locate_data_folder(project: Path) -> Path:
    """Locate the datasets that the stages publish; DVC versions them."""
    return project / DATA_FOLDER


def locate_models_folder(project: Path, preset: str) -> Path:
    """Locate the checkpoints of a preset, one folder a model; DVC versions them."""
    return project / MODELS_FOLDER / preset


def locate_model_folder(project: Path, preset: str, model: str) -> Path:
    """Locate the checkpoint of one model of a preset."""
    return locate_models_folder(project, preset) / model


def locate_training_folder(project: Path, preset: str, model: str) -> Path:
    """Locate what the training of a model needs to be resumed."""
    return project / STATE_FOLDER / "training" / preset / model


def name_evaluate_stage(name: str) -> str:
    """Name the stage of DVC that measures a preset, or the simple baselines."""
    return name if name == SIMPLE_BASELINES else f"evaluate@{name}"


def name_train_stage(preset: str, model: str) -> str:
    """Name the stage of DVC that trains a model."""
    return f"voices@{preset}" if model == VOICES else f"train@{preset}-{model}"


def locate_cache_folder(project: Path) -> Path:
    """Locate the per-recording cache."""
    return project / STATE_FOLDER / "cache"


def locate_logs_folder(project: Path) -> Path:
    """Locate what runs leave to read where something went wrong."""
    return project / STATE_FOLDER / "logs"


def find_logs_folder(project: Path | None, otherwise: Path) -> Path:
    """Find the folder of logs of the project (see `find_project`) or, outside of one, of the folder `otherwise`."""
    try:
        return locate_logs_folder(find_project(project))
    except DataError:
        return locate_logs_folder(otherwise)


def locate_corpus_root(project: Path, root: str) -> Path:
    """Locate the folder of `corpus.root` in params.yaml; relative paths start at the project folder."""
    return project / root


def find_rendering_models(project: Path) -> Path:
    """Find the folder of the preset that can render and whose synthesis model is the latest.

    Raises:
        DataError: no preset has all that rendering needs.
    """
    found = [
        folder.parent
        for folder in project.glob(f"{MODELS_FOLDER}/*/synthesis")
        if all((folder.parent / name / CHECKPOINT_FILE).is_file() for name in RENDERING_MODELS)
    ]
    if not found:
        raise DataError(project, "has no trained models", "run `dp train`, or give --model: a folder, or packaged")
    return max(found, key=lambda folder: ((folder / "synthesis" / CHECKPOINT_FILE).stat().st_mtime, folder.name))
