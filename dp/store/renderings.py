"""Read and write the manifest of a folder of renderings: one row per score and what became of it."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dp import schema
from dp.errors import DataError
from dp.store.tables import read_table, write_table

MANIFEST_FILE = "manifest.parquet"


@dataclass(frozen=True)
class MadeFile:
    """A file that was written, so that it can be known again."""

    path: str  # relative to the manifest's folder
    size_byte: int
    sha256: str


@dataclass(frozen=True)
class RenderingRow:
    """What became of one score; the columns of RENDERINGS."""

    score: str  # relative to the manifest's folder
    score_sha256: str  # empty where it cannot be read
    outcome: str  # one of dp.schema.RENDER_OUTCOMES
    model_version: str
    options: str  # JSON
    version: str  # of this library
    reason: str = ""
    files: tuple[MadeFile, ...] = ()  # the audio first
    note_count: int = 0
    warnings: tuple[str, ...] = ()
    audio_sec: float = 0.0
    render_sec: float = 0.0


def read_renderings(folder: Path) -> tuple[RenderingRow, ...]:
    """Read the rows of a folder's manifest, in the order written; none where there is no manifest yet.

    Raises:
        DataError: the manifest is damaged.
    """
    path = folder / MANIFEST_FILE
    if not path.exists():
        return ()
    try:
        rows = read_table(path, schema.RENDERINGS).to_pylist()
    except DataError as error:
        raise DataError(path, error.reason, "delete it, then every score is rendered again") from error
    return tuple(
        RenderingRow(
            **{
                **row,
                "files": tuple(MadeFile(**file) for file in row["files"]),
                "warnings": tuple(row["warnings"]),
            }
        )
        for row in rows
    )


def write_renderings(folder: Path, rows: Sequence[RenderingRow]) -> None:
    """Replace the manifest of a folder, in one step.

    Raises:
        OSError: it cannot be written; the old one stays.
    """
    columns = {name: [getattr(row, name) for row in rows] for name in schema.RENDERINGS.names}
    columns["files"] = [[dataclasses.asdict(file) for file in row.files] for row in rows]
    write_table(folder / MANIFEST_FILE, columns, schema.RENDERINGS)
