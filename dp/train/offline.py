"""Training on another machine: writes what it needs to one file, and reads the trained models back."""

from pathlib import Path

from dp.audio.mel import make_mel_filterbank
from dp.config import Config
from dp.data.prepared import save_prepared
from dp.errors import DataError
from dp.models.checkpoint import BARE_WEIGHTS_FILE, load_bare, save_checkpoint
from dp.models.kinds import MODEL_TYPES
from dp.project import locate_data_folder, locate_model_folder
from dp.train.load import load_arrays
from dp.train.run import Task


def write_task(project: Path, config: Config, preset: str, model: str, out: Path) -> Path:
    """Write out/<preset>/<model>.npz; return its path.

    Raises:
        DataError: a dataset is missing or damaged.
        OSError: it cannot be written.
    """
    settings = config.presets[preset].models()[model]
    arrays = load_arrays(locate_data_folder(project), config, settings, config.corpus.name)
    path = out / preset / f"{model}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_prepared(path, Task(preset, model, settings, arrays, make_mel_filterbank(config.mel)))
    return path


def bring_models(project: Path, config: Config, source: Path) -> list[tuple[str, str]]:
    """Write the checkpoints of all models under source/<preset>/<model>/; return (preset, model) of each.

    Raises:
        DataError: there are none, one is damaged, or its preset or log-mel is not the project's; then none is written.
    """
    folders = sorted(path.parent for path in source.glob(f"*/*/{BARE_WEIGHTS_FILE}"))
    if not folders:
        raise DataError(
            source, "holds no trained models", "name the folder that `python -m dp.train --arrays` worked in"
        )
    found = []
    for folder in folders:
        preset, model = folder.parts[-2:]
        if preset not in config.presets or model not in config.presets[preset].models():
            raise DataError(folder, f"is no model of this project: {preset}/{model}", "add the preset to params.yaml")
        checkpoint = load_bare(folder, MODEL_TYPES)
        if checkpoint.mel != config.mel:
            raise DataError(folder, "was trained on another log-mel", "train it again with `dp train --prepare`")
        found.append((preset, model, checkpoint))
    for preset, model, checkpoint in found:
        save_checkpoint(checkpoint, locate_model_folder(project, preset, model))
    return [(preset, model) for preset, model, _ in found]
