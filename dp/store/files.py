"""Write folders whole or not at all; `dp.files` does the same for files."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_PREFIX = ".tmp-"


@contextmanager
def open_whole_folder(target: Path) -> Iterator[Path]:
    """Open an empty temporary folder beside `target`, which takes its place when the block ends without an error.

    On any error, a full disk among them, nothing is left of it and `target` stays as it was. A folder cannot be
    replaced in one step: between two renames there is none for a moment, but never half of one.
    """
    temporary, old = _make_temporary_path(target), _make_temporary_path(target)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        flush_folder(temporary)
        if target.exists():
            target.rename(old)
        try:
            temporary.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
    except OSError as error:
        error.filename = str(target)  # what was asked for, not the temporary name
        error.filename2 = None
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def flush_folder(folder: Path) -> None:
    """Bring the files of a folder to the disk, so that after a power cut a finished name holds finished files."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _make_temporary_path(target: Path) -> Path:
    return target.parent / f"{TEMPORARY_PREFIX}{target.name}-{uuid.uuid4().hex[:12]}"
