"""A folder of renderings and its manifest: what is finished, and so need not be made again."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import lock_descriptor

from dp.errors import DataError
from dp.store.hashing import compute_file_sha256
from dp.store.renderings import MadeFile, RenderingRow, read_renderings, write_renderings

WRITE_EVERY_SEC = 2.0
_WORK = ("score_sha256", "model_version", "options", "version")  # columns that a rendering's files depend on


class Manifest:
    """The rows of a folder, by score. Those of scores that nobody asks for now are kept."""

    def __init__(self, folder: Path) -> None:
        """Read it; see `open_manifest`."""
        self.folder = folder
        self._rows = {row.score: row for row in read_renderings(folder)}
        self._written_sec = -WRITE_EVERY_SEC
        self._changed = False

    def find_same_work(self, wanted: RenderingRow) -> RenderingRow | None:
        """Find the row of the same score, models and options, whatever its outcome; None where there is none."""
        row = self._rows.get(wanted.score)
        same = row is not None and all(getattr(row, name) == getattr(wanted, name) for name in _WORK)
        return row if same else None

    def find_finished(self, wanted: RenderingRow) -> RenderingRow | None:
        """Find the row of the same work if all its files are still as they were written; else None."""
        row = self.find_same_work(wanted)
        if row is None or not row.files or not all(self._is_there(file) for file in row.files):
            return None
        return row

    def record(self, row: RenderingRow) -> None:
        """Put down what became of a score; on the disk it is soon after, and at the latest when the run ends."""
        if row.files:
            audio = row.files[0].path
            taken = [old.score for old in self._rows.values() if old.files and old.files[0].path == audio]
            for score in taken:  # another score's files that these replaced
                del self._rows[score]
        self._rows[row.score] = row
        self._changed = True
        if time.monotonic() - self._written_sec >= WRITE_EVERY_SEC:
            self.write()

    def write(self) -> None:
        """Bring the rows to the disk, by score."""
        if self._changed:
            write_renderings(self.folder, [self._rows[score] for score in sorted(self._rows)])
            self._written_sec, self._changed = time.monotonic(), False

    def _is_there(self, file: MadeFile) -> bool:
        path = self.folder / file.path
        try:
            return path.stat().st_size == file.size_byte and compute_file_sha256(path) == file.sha256
        except (OSError, DataError):
            return False


def make_relative_path(path: Path, folder: Path) -> str:
    """Return a path relative to the manifest's folder, so that scores and renderings can move together."""
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()


def describe_file(path: Path, folder: Path) -> MadeFile:
    """Describe a file that was just written for the manifest of a folder."""
    return MadeFile(make_relative_path(path, folder), path.stat().st_size, compute_file_sha256(path))


@contextmanager
def open_manifest(folder: Path) -> Iterator[Manifest]:
    """Open the manifest of a folder, which is made where it is missing; it is written when the block ends in any way.

    Raises:
        DataError: the manifest is damaged, the folder cannot be written to, or another command is rendering into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise DataError(folder, f"cannot be written to ({error.strerror})", "choose another folder") from error
    try:
        if not os.access(folder, os.W_OK):
            raise DataError(folder, "cannot be written to", "choose another folder")
        if not lock_descriptor(handle, blocking=False):  # the folder itself is locked: no file is left in it
            raise DataError(folder, "another dp command is rendering into it", "wait for it")
        manifest = Manifest(folder)
        try:
            yield manifest
        finally:
            manifest.write()
    finally:
        os.close(handle)
