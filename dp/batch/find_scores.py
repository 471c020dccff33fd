"""This module finds the scores that paths, patterns and folders name."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from dp.errors import DataError
from dp.score import SCORE_SUFFIXES


def find_scores(sources: Sequence[str], out: Path) -> list[Path]:
    """Find the score files that are named, match a pattern, or lie in a folder at any depth; each once.

    Hidden files and folders in a folder are left out, and so is what lies in `out`: that was made here.

    Raises:
        DataError: a source is not there or holds no score, or `out` is a source.
    """
    found: dict[Path, Path] = {}
    for source in sources:
        for path in _find_in_source(source, out):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _find_in_source(source: str, out: Path) -> list[Path]:
    path = Path(source)
    if path.is_dir():
        if path.resolve() == out.resolve():
            advice = "choose another folder, in it for example"
            raise DataError(out, "holds the scores: MIDI that is written there would be rendered next time", advice)
        scores = list_scores(path, out)
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


def list_scores(folder: Path, out: Path) -> list[Path]:
    """List the scores in a folder at any depth, in order; neither hidden ones nor what lies in `out`."""
    out, found = out.resolve(), []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".") and (here / name).resolve() != out]
        found += [here / name for name in files if not name.startswith(".") and _is_score(here / name)]
    return sorted(found)


def _is_score(path: Path) -> bool:
    return path.suffix.lower() in SCORE_SUFFIXES and path.is_file()
