"""Keep per-recording results outside DVC's outs: DVC empties those before a stage runs.

An entry is the folder ROOT/STAGE/KEY. It gets its name when it is complete, so that a name is the proof that all is
there, and a killed run goes on where it was. KEY is made of everything that the result depends on
(`hashing.make_result_key`), so entries never go stale. No command removes them: a value that is changed back finds
its results again. `collect_garbage` removes those that nobody used for long, for whoever calls it.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dp.store.files import TEMPORARY_PREFIX, open_whole_folder

ABANDONED_SEC = 24 * 3600.0  # a temporary folder this old belongs to no running job


@dataclass(frozen=True)
class Garbage:
    """What `collect_garbage` removed."""

    entry_count: int
    size_byte: int


def find_entry(root: Path, stage: str, key: str) -> Path | None:
    """Find the folder of a complete entry, or None. Finding it counts as using it."""
    entry = root / stage / key
    try:
        os.utime(entry)
    except FileNotFoundError:
        return None
    return entry


@contextmanager
def make_entry(root: Path, stage: str, key: str) -> Iterator[Path]:
    """Make a temporary folder that becomes the entry when the block ends without an error.

    Raises:
        OSError: it cannot be written, for example because the disk is full; nothing is left of it.
    """
    with open_whole_folder(root / stage / key) as temporary:
        yield temporary


def discard_entry(entry: Path) -> None:
    """Remove an entry whose files turned out to be damaged."""
    shutil.rmtree(entry)


def collect_garbage(root: Path, unused_sec: float) -> Garbage:
    """Remove the entries that nobody used for `unused_sec` seconds, and what killed runs left."""
    now_sec = time.time()
    removed = [
        entry
        for entry in root.glob("*/*")
        if now_sec - entry.stat().st_mtime >= (ABANDONED_SEC if entry.name.startswith(TEMPORARY_PREFIX) else unused_sec)
    ]
    size_byte = 0
    for entry in removed:
        size_byte += sum(path.stat().st_size for path in entry.rglob("*") if path.is_file())
        shutil.rmtree(entry)
    return Garbage(len(removed), size_byte)
