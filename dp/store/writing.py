"""Make the columns of the store's tables of dataclasses and arrays: the counterpart of `dp.store.reading`."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dp import schema
from dp.store.clips import MEL_DTYPE, FloatMel, pack_mel
from dp.store.rows import AlignmentRow, ClipRow, StageRow, StoredRecording
from dp.types import PerformedNotes, Recording, Repeat, ScoreNotes

Columns = dict[str, Any]


def make_recording_columns(stored: Sequence[StoredRecording], project: Path | None) -> Columns:
    """Make the columns of RECORDINGS, of one row per recording.

    Args:
        stored: the rows.
        project: folder that paths are made relative to, so that corpus and project can move together; None keeps them.
    """
    columns: Columns = {}
    for name in schema.RECORDINGS.names:
        if name.endswith("_sha256"):
            columns[name] = [getattr(row, name) for row in stored]
        elif name.endswith("_path"):
            columns[name] = [_format_path(getattr(row.recording, name), project) for row in stored]
        else:
            columns[name] = [getattr(row.recording, name) for row in stored]
    return columns


def make_score_note_columns(piece_id: str, notes: ScoreNotes) -> Columns:
    """Make the columns of SCORE_NOTES for the N notes of one piece."""
    return {
        "piece_id": [piece_id] * len(notes),
        "note_id": np.arange(len(notes)),
        **_select_columns(notes, schema.SCORE_NOTES),
    }


def make_score_repeat_columns(piece_id: str, repeats: Sequence[Repeat]) -> Columns:
    """Make the columns of SCORE_REPEATS for one piece."""
    names = [field.name for field in dataclasses.fields(Repeat)]
    columns: Columns = {name: [getattr(repeat, name) for repeat in repeats] for name in names}
    return {"piece_id": [piece_id] * len(repeats), **columns}


def make_performed_note_columns(
    recording_id: str, note_id: np.ndarray, onset_quarter: np.ndarray, notes: PerformedNotes
) -> Columns:
    """Make the columns of PERFORMED_NOTES for one recording.

    `note_id` [M], `onset_quarter` [M] in quarters and the M notes are parallel: see `dp.store.rows.StoredPerformance`.
    """
    ids = {"recording_id": [recording_id] * len(notes), "note_id": note_id}
    return {**ids, "onset_quarter": onset_quarter, **_select_columns(notes, schema.PERFORMED_NOTES)}


def make_published_note_columns(
    recording: Recording, note_id: np.ndarray, onset_quarter: np.ndarray, notes: PerformedNotes
) -> Columns:
    """Make the columns of PUBLISHED_NOTES for one recording, whose alignment its corpus publishes.

    `note_id` [M], `onset_quarter` [M] in quarters and the M notes are parallel: see `dp.store.rows.StoredPerformance`.
    """
    names = ("piece_id", "performer", "instrument", "licence")
    told: Columns = {name: [getattr(recording, name)] * len(notes) for name in names}
    return {**told, **make_performed_note_columns(recording.recording_id, note_id, onset_quarter, notes)}


def make_mel_columns(recording_id: str, mels: Mapping[str, FloatMel], peaks: Sequence[float]) -> Columns:
    """Make the columns of MELS for one recording's clips: clip_id -> natural log-mel [T, M], and the peak of each."""
    return {
        "clip_id": list(mels),
        "recording_id": [recording_id] * len(mels),
        "mel": [pack_mel(mel) for mel in mels.values()],
        "frame_count": [len(mel) for mel in mels.values()],
        "band_count": [mel.shape[1] for mel in mels.values()],
        "dtype": [MEL_DTYPE] * len(mels),
        "peak": list(peaks),
    }


def make_row_columns(
    rows: Sequence[AlignmentRow] | Sequence[ClipRow] | Sequence[StageRow], names: Sequence[str]
) -> Columns:
    """Make the columns of a table whose rows are dataclasses with fields of the same names."""
    return {name: [getattr(row, name) for row in rows] for name in names}


def _format_path(path: Path, project: Path | None) -> str:
    return str(path.absolute()) if project is None else os.path.relpath(path.absolute(), project.absolute())


def _select_columns(notes: ScoreNotes | PerformedNotes, table_schema: pa.Schema) -> Columns:
    """Select the columns that are stored: a score's marks are not, since rendering reads the score itself."""
    names = [field.name for field in dataclasses.fields(notes)]
    return {name: getattr(notes, name) for name in names if name in table_schema.names}
