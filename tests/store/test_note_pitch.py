"""Pitch curves survive being stored, and damage is named."""

from pathlib import Path

import numpy as np
import pytest

from dp import schema
from dp.errors import DataError
from dp.store.note_pitch import make_note_pitch_columns, read_median_cents, read_note_pitch
from dp.store.tables import make_table, write_dataset, write_table
from dp.types import PitchCurve


def curve(first_frame: int, *cent: float) -> PitchCurve:
    values = np.array(cent, np.float32)
    return PitchCurve(first_frame, values, np.linspace(0, 1, len(cent), dtype=np.float32))


CURVES = {
    "b": (curve(3, 1.5, 2.5, 3.5), curve(0, -7.0)),
    "a": tuple(curve(i, *np.arange(i + 1.0)) for i in range(100)),
}


def test_curves_come_back_a_recording_at_a_time_as_they_were_written(tmp_path: Path) -> None:
    tables = [
        (None, make_table(make_note_pitch_columns(name, np.arange(len(curves)) + 5, curves), schema.NOTE_PITCH, "x"))
        for name, curves in CURVES.items()
    ]
    write_dataset(tmp_path / "note_pitch", tables, schema.NOTE_PITCH)
    read = list(read_note_pitch(tmp_path))
    assert [name for name, _ in read] == ["b", "a"]
    for name, curves in read:
        for found, expected in zip(curves, CURVES[name], strict=True):
            assert found.first_frame == expected.first_frame
            assert found.cent.tolist() == expected.cent.tolist()
            assert found.confidence.tolist() == expected.confidence.tolist()
            assert found.cent.dtype == np.float32
    assert [name for name, _ in read_note_pitch(tmp_path, {"a"})] == ["a"]


def test_medians_are_those_of_long_notes(tmp_path: Path) -> None:
    path = tmp_path / "curves.parquet"
    write_table(path, make_note_pitch_columns("b", np.array([8, 9]), CURVES["b"]), schema.NOTE_PITCH)
    assert read_median_cents(path, 1).tolist() == [2.5, -7.0]
    assert read_median_cents(path, 2).tolist() == [2.5]


def test_a_note_of_another_length_than_it_says_is_named(tmp_path: Path) -> None:
    columns = make_note_pitch_columns("b", np.array([8, 9]), CURVES["b"])
    columns["frame_count"] = [3, 2]
    write_dataset(tmp_path / "note_pitch", [(None, make_table(columns, schema.NOTE_PITCH, "x"))], schema.NOTE_PITCH)
    with pytest.raises(DataError, match="note_pitch: b: note 1 has 1 values of cent, expected 2; run dp rebuild"):
        list(read_note_pitch(tmp_path))
