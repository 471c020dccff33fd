"""Choose where `dp render` puts what it makes."""

import os
from dataclasses import dataclass
from pathlib import Path

from dp.cli.paths import check_out
from dp.errors import DataError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg")


@dataclass(frozen=True)
class Out:
    """Where the audio goes: a file, or a folder of files that end in `suffix`."""

    path: Path
    is_file: bool
    suffix: str

    def name_file(self, score: Path) -> Path:
        """Name the audio file of a score that is rendered alone."""
        return self.path if self.is_file else self.path / f"{score.stem}{self.suffix}"


def choose_out(out: Path, audio_format: str | None) -> Out:
    """Choose what `--out` and `--format` ask for: a file where the name ends like one, else a folder.

    Raises:
        DataError: it could not be written at the end, or the two contradict each other.
    """
    wanted = f".{audio_format or 'wav'}".lower()
    if wanted not in AUDIO_SUFFIXES:
        raise DataError("--format", f"is {audio_format!r}", f"choose {', '.join(s[1:] for s in AUDIO_SUFFIXES)}")
    if out.is_dir() or not out.suffix:
        _check_folder(out)
        return Out(out, False, wanted)
    check_out(out, AUDIO_SUFFIXES)
    if audio_format is not None and out.suffix.lower() != wanted:
        raise DataError(out, f"does not end in {wanted}, as --format says", "leave one of them out")
    return Out(out, True, out.suffix.lower())


def _check_folder(folder: Path) -> None:
    """Check that a folder is there, or can be made."""
    nearest = folder.resolve()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise DataError(folder, f"is no folder, nor can it be: {nearest} is a file", "choose another")
    if not os.access(nearest, os.W_OK):
        raise DataError(folder, f"cannot be written to, as {nearest} cannot", "choose another folder")
