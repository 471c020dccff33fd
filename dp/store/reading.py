"""Read datasets of the feature store as dataclasses and arrays, for training, rendering and reports.

`data` is always the project's data folder. Every function raises DataError where a dataset is missing, damaged or
does not fit its schema.
"""

import itertools
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dp import schema
from dp.store.clips import FloatMel, unpack_mel
from dp.store.rows import AlignmentRow, ClipRow, PublishedPerformance, StageRow, StoredPerformance, StoredRecording
from dp.store.tables import iterate_dataset, read_column, read_dataset, read_table
from dp.types import PerformedNotes, Recording, Repeat, ScoreNotes


def read_stored_recordings(data: Path) -> tuple[StoredRecording, ...]:
    """Read all recordings that were ingested, in the corpus's order, with the digests of their files."""
    return tuple(_convert_recording(row, data) for row in _read_rows(data / "recordings", schema.RECORDINGS))


def read_recordings(data: Path) -> tuple[Recording, ...]:
    """Read all recordings that were ingested, in the corpus's order; for those whose score fits see read_clips."""
    return tuple(stored.recording for stored in read_stored_recordings(data))


def read_recording_file(path: Path) -> StoredRecording:
    """Read one file with one row of RECORDINGS."""
    (row,) = read_table(path, schema.RECORDINGS).to_pylist()
    return _convert_recording(row, path.parent)


def read_alignment_file(path: Path) -> AlignmentRow:
    """Read one file with one row of ALIGNMENT_REPORT."""
    (row,) = read_table(path, schema.ALIGNMENT_REPORT).to_pylist()
    return AlignmentRow(**row)


def read_mel_frame_counts(path: Path) -> list[int]:
    """Read the number of frames of each clip in one file of MELS, without reading the mels."""
    return read_column(path, "frame_count").to_pylist()


def read_score_notes(data: Path) -> dict[str, ScoreNotes]:
    """Read the notes of every score, by piece_id."""
    table = read_dataset(data / "score_notes", schema.SCORE_NOTES)
    return {key: convert_score_notes(part) for key, part in _iterate_groups(table, "piece_id")}


def read_score_repeats(data: Path) -> dict[str, tuple[Repeat, ...]]:
    """Read the repeats of every score that has some, by piece_id."""
    found: dict[str, tuple[Repeat, ...]] = {}
    for row in _read_rows(data / "score_repeats", schema.SCORE_REPEATS):
        piece_id = row.pop("piece_id")
        found[piece_id] = (*found.get(piece_id, ()), Repeat(**row))
    return found


def read_performed_notes(data: Path) -> dict[str, StoredPerformance]:
    """Read the performed notes of every accepted recording, by recording_id."""
    table = read_dataset(data / "performed_notes", schema.PERFORMED_NOTES)
    return {key: convert_performed_notes(part) for key, part in _iterate_groups(table, "recording_id")}


def read_published_notes(data: Path) -> tuple[PublishedPerformance, ...]:
    """Read the performances whose alignments the corpus publishes, in its order."""
    names = ("recording_id", "piece_id", "performer", "instrument", "licence")
    table = read_dataset(data / "published_notes", schema.PUBLISHED_NOTES)
    return tuple(
        PublishedPerformance(
            **{name: part.column(name)[0].as_py() for name in names},
            played=_convert_performance(part, schema.PUBLISHED_NOTES, names),
        )
        for _, part in _iterate_groups(table, "recording_id")
    )


def read_alignment_report(data: Path) -> tuple[AlignmentRow, ...]:
    """Read what alignment said about every recording it could align, accepted or not."""
    return tuple(AlignmentRow(**row) for row in _read_rows(data / "alignment_report", schema.ALIGNMENT_REPORT))


def read_clips(data: Path) -> tuple[ClipRow, ...]:
    """Read the clips of all accepted recordings, by recording, then in time."""
    return tuple(ClipRow(**row) for row in _read_rows(data / "clips", schema.CLIPS))


def read_mels(data: Path, clip_ids: Collection[str] | None = None) -> Iterator[tuple[str, FloatMel]]:
    """Read all clips, or those asked for, as (clip_id, natural log-mel [T, M] float32), a few in memory at a time."""
    for table in iterate_dataset(data / "mels", schema.MELS):
        for row in table.to_pylist():
            if clip_ids is None or row["clip_id"] in clip_ids:
                yield (
                    row["clip_id"],
                    unpack_mel(
                        row["mel"],
                        row["frame_count"],
                        row["band_count"],
                        row["dtype"],
                        f"{data / 'mels'}: {row['clip_id']}",
                    ),
                )


def read_peaks(data: Path) -> dict[str, float]:
    """Read the largest sample of every clip, by clip_id, its recording being at full level."""
    columns = [table.select(["clip_id", "peak"]).to_pydict() for table in iterate_dataset(data / "mels", schema.MELS)]
    return {key: peak for part in columns for key, peak in zip(part["clip_id"], part["peak"], strict=True)}


def read_stage_report(data: Path, stage: str) -> tuple[StageRow, ...]:
    """Read what a stage (ingest, align, features) did for each recording."""
    return tuple(StageRow(**row) for row in _read_rows(data / f"{stage}_report", schema.STAGE_REPORT))


def convert_score_notes(table: pa.Table) -> ScoreNotes:
    """Convert rows of SCORE_NOTES, all of one piece, to arrays [N]."""
    return ScoreNotes(**_convert_arrays(table, schema.SCORE_NOTES, skip=("piece_id", "note_id")))


def convert_performed_notes(table: pa.Table) -> StoredPerformance:
    """Convert rows of PERFORMED_NOTES, all of one recording, to arrays [M]."""
    return _convert_performance(table, schema.PERFORMED_NOTES, ("recording_id",))


def _convert_performance(table: pa.Table, table_schema: pa.Schema, skip: tuple[str, ...]) -> StoredPerformance:
    arrays = _convert_arrays(table, table_schema, skip)
    return StoredPerformance(arrays.pop("note_id"), arrays.pop("onset_quarter"), PerformedNotes(**arrays))


def _convert_recording(row: dict[str, Any], data: Path) -> StoredRecording:
    digests = {name: row.pop(name) for name in ("audio_sha256", "score_sha256")}
    paths = {name: data.absolute().parent / row.pop(name) for name in ("audio_path", "score_path")}
    return StoredRecording(Recording(**row, **paths), **digests)


def _read_rows(folder: Path, table_schema: pa.Schema) -> list[dict[str, Any]]:
    return read_dataset(folder, table_schema).to_pylist()


def _convert_arrays(table: pa.Table, table_schema: pa.Schema, skip: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {name: table.column(name).to_numpy() for name in table_schema.names if name not in skip}


def _iterate_groups(table: pa.Table, column: str) -> Iterator[tuple[str, pa.Table]]:
    """Yield runs of rows with the same value; the store keeps the rows of one id together."""
    if not table.num_rows:
        return
    values = table.column(column).to_numpy(zero_copy_only=False)
    borders = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist(), len(values)]
    for start, end in itertools.pairwise(borders):
        yield values[start], table.slice(start, end - start)
