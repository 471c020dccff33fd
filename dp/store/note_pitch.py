"""Store the pitch curves of a recording's notes, and read them: rows of NOTE_PITCH."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dp import schema
from dp.errors import DataError
from dp.store.tables import iterate_dataset, read_column
from dp.types import PitchCurve
from dp.units import FloatArray

PITCH_DTYPE = "float32"


def make_note_pitch_columns(
    recording_id: str, note_id: npt.NDArray[np.int64], curves: Sequence[PitchCurve]
) -> dict[str, Any]:
    """Make the columns of NOTE_PITCH for one recording: `note_id` [N] and N curves, as its performed notes are."""
    return {
        "recording_id": [recording_id] * len(curves),
        "note_index": np.arange(len(curves)),
        "note_id": note_id,
        "first_frame": [curve.first_frame for curve in curves],
        "frame_count": [len(curve.cent) for curve in curves],
        "cent": [_pack(curve.cent) for curve in curves],
        "confidence": [_pack(curve.confidence) for curve in curves],
        "median_cent": [float(np.median(curve.cent)) for curve in curves],
        "dtype": [PITCH_DTYPE] * len(curves),
    }


def read_note_pitch(
    data: Path, recording_ids: Collection[str] | None = None
) -> Iterator[tuple[str, tuple[PitchCurve, ...]]]:
    """Read all recordings, or those asked for, as (recording_id, curves), one in memory at a time.

    The curves are in the order of the recording's performed notes.

    Raises:
        DataError: the dataset is missing, damaged or does not fit its schema.
    """
    for table in iterate_dataset(data / "note_pitch", schema.NOTE_PITCH):  # a recording a table, as it was written
        recording_id = table.column("recording_id")[0].as_py()
        if recording_ids is None or recording_id in recording_ids:
            yield recording_id, convert_note_pitch(table, f"{data / 'note_pitch'}: {recording_id}")


def convert_note_pitch(table: pa.Table, subject: object) -> tuple[PitchCurve, ...]:
    """Convert rows of NOTE_PITCH, all of one recording, to curves.

    Raises:
        DataError: a row has too many bytes, or too few.
    """
    return tuple(
        PitchCurve(row["first_frame"], *(_unpack(row, name, subject) for name in ("cent", "confidence")))
        for row in table.to_pylist()
    )


def read_median_cents(path: Path, shortest_frame: int) -> FloatArray:
    """Read the medians [n] of the curves in one file of NOTE_PITCH that last so many frames at least.

    Raises:
        DataError: it is missing or damaged.
    """
    median, frame_count = (read_column(path, name).to_numpy() for name in ("median_cent", "frame_count"))
    long: FloatArray = median[frame_count >= shortest_frame]
    return long


def _pack(values: npt.NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(values, dtype=PITCH_DTYPE).tobytes()


def _unpack(row: dict[str, Any], name: str, subject: object) -> npt.NDArray[np.float32]:
    values = np.frombuffer(row[name], dtype=row["dtype"])
    if len(values) != row["frame_count"]:
        reason = f"note {row['note_index']} has {len(values)} values of {name}, expected {row['frame_count']}"
        raise DataError(subject, reason, "run dp rebuild")
    return values.astype(np.float32)
