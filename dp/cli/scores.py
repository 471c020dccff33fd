"""Which scores a command is given, and where what it makes of them goes."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dp.cli.paths import check_out
from dp.errors import DataError
from dp.score import MIDI_SUFFIXES, MUSICXML_SUFFIXES

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg")
SCORE_SUFFIXES = (*MUSICXML_SUFFIXES, *MIDI_SUFFIXES)


@dataclass(frozen=True)
class Out:
    """Where the audio goes: a file, or a folder of files that end in `suffix`."""

    path: Path
    is_file: bool
    suffix: str

    def file_of(self, score: Path) -> Path:
        """The audio file of a score that is rendered alone."""
        return self.path if self.is_file else self.path / f"{score.stem}{self.suffix}"


def choose_out(out: Path, audio_format: str | None) -> Out:
    """What `--out` and `--format` ask for: a file where the name ends like one, else a folder.

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
    """A folder that is there, or that can be made."""
    nearest = folder.resolve()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise DataError(folder, f"is no folder, nor can it be: {nearest} is a file", "choose another")
    if not os.access(nearest, os.W_OK):
        raise DataError(folder, f"cannot be written to, as {nearest} cannot", "choose another folder")


def find_scores(sources: Sequence[str], out: Path) -> list[Path]:
    """The score files that are named, match a pattern, or lie in a folder at any depth; each once.

    Hidden files and folders in a folder are left out, and so is what lies in `out`: that was made here.

    Raises:
        DataError: a source is not there or holds no score, or `out` is a source.
    """
    found: dict[Path, Path] = {}
    for source in sources:
        for path in _scores_of(source, out):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _scores_of(source: str, out: Path) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        if path.resolve() == out.resolve():
            advice = "choose another folder, in it for example"
            raise DataError(out, "holds the scores: MIDI that is written there would be rendered next time", advice)
        scores = sorted(_in_folder(path, out.resolve()))
    elif path.exists():
        return [path]
    else:
        if not glob.has_magic(source):
            raise DataError(path, "does not exist", "check the path")
        # Unlike Path.glob, it leaves hidden files out unless they are asked for, as shells do.
        matching = map(Path, sorted(glob.glob(source, recursive=True)))  # noqa: PTH207
        scores = [match for match in matching if _is_score(match)]
    if not scores:
        raise DataError(source, "holds no scores", f"name files that end in {', '.join(SCORE_SUFFIXES)}")
    return scores


def _in_folder(folder: Path, out: Path) -> list[Path]:
    found = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and (here / name).resolve() != out]
        found += [here / name for name in files if not name.startswith(".") and _is_score(here / name)]
    return found


def _is_score(path: Path) -> bool:
    return path.suffix.lower() in SCORE_SUFFIXES and path.is_file()
