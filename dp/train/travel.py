"""What a training needs on another machine, as one file."""

from pathlib import Path

from dp.audio.mel import mel_filterbank
from dp.config import Config
from dp.data.load import load_arrays
from dp.data.prepared import save_prepared
from dp.project import data_folder
from dp.train.run import Task


def write_task(project: Path, config: Config, preset: str, model: str, out: Path) -> Path:
    """Write out/<preset>/<model>.npz; returns its path.

    Raises:
        DataError: a dataset is missing or damaged.
        OSError: it cannot be written.
    """
    settings = config.presets[preset].models()[model]
    arrays = load_arrays(data_folder(project), config, settings, config.corpus.name)
    path = out / preset / f"{model}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_prepared(path, Task(preset, model, settings, arrays, mel_filterbank(config.mel)))
    return path
