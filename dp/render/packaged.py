"""Where voices are on the disk: those that come with the library, those of a project, and what a folder holds."""

from importlib.resources import files
from pathlib import Path

from dp.errors import DataError
from dp.project import CHECKPOINT_FILE, RENDERING_MODELS, VOICES

PACKAGED = "packaged"  # what `--model` calls the players that come with the library
PACKAGED_NAMES = ("violin", "piano")


def find_packaged() -> dict[str, Path]:
    """Find the packaged voices by name; one whose folder is not there is left out."""
    home = Path(str(files("dp"))) / PACKAGED
    return {name: home / name for name in PACKAGED_NAMES if (home / name / CHECKPOINT_FILE).is_file()}


def find_named(name: str | Path) -> Path | None:
    """Find what `--model` may name beside folders: "packaged" is None, a packaged model its folder.

    Raises:
        DataError: the packaged model is not installed, or there is neither a model nor a folder of this name.
    """
    found = find_packaged()
    if str(name) == PACKAGED:
        return None
    if str(name) in found:
        return found[str(name)]
    if Path(name).is_dir():
        return Path(name).absolute()
    known = ", ".join((PACKAGED, *found))
    raise DataError(name, "is no folder and no packaged model", f"give a folder of models, or one of {known}")


def find_voices(folder: Path) -> Path | None:
    """Find the voices that a folder holds: itself, or in a preset's folder without a timing model; None = no voices."""
    if (folder / CHECKPOINT_FILE).is_file():
        return folder
    if (folder / VOICES / CHECKPOINT_FILE).is_file() and not (folder / RENDERING_MODELS[0]).is_dir():
        return folder / VOICES
    return None


def name_voices(folder: Path) -> str:
    """Name voices after their folder, or after the preset whose they are."""
    folder = folder.resolve()
    return folder.parent.name if folder.name == VOICES else folder.name


def list_model_folders(models: Path | None) -> list[Path]:
    """List the folders of all models that a rendering can come to use.

    Args:
        models: folder of voices, or of a timing, a synthesis and a vocoder model; None = the packaged voices.
    """
    voices = None if models is None else find_voices(models)
    if models is not None and voices is None:
        return [models / name for name in RENDERING_MODELS]
    return [*([] if voices is None else [voices]), *find_packaged().values()]
