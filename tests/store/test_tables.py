"""Parquet files and datasets: validated, and whole or not at all."""

import errno
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dp import schema
from dp.errors import DataError
from dp.store.tables import iterate_dataset, make_table, read_dataset, read_table, write_dataset, write_table

ROWS = {"recording_id": ["a", "b"], "outcome": ["done", "failed"], "reason": ["", "no audio"]}


def test_a_table_comes_back_with_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "x" / "report.parquet"
    write_table(path, ROWS, schema.STAGE_REPORT)
    assert read_table(path, schema.STAGE_REPORT).to_pydict() == ROWS
    stored = pq.read_schema(path)
    assert stored.field("outcome").metadata[b"description"] == b"done, reused, rejected, failed, crashed or missing"
    assert [p.name for p in path.parent.iterdir()] == ["report.parquet"]


def test_rows_that_break_a_bound_are_not_written(tmp_path: Path) -> None:
    notes = {"piece_id": ["p"], "note_id": [0], "onset_quarter": [0.0], "duration_quarter": [1.0]}
    notes |= {"pitch": [128], "velocity": [0], "voice": [1], "measure": [1], "part": [0]}
    with pytest.raises(
        DataError, match=r"pitch = 128 in row 0 \(piece_id 'p'\) is out of bounds, expected at most 127"
    ):
        write_table(tmp_path / "notes.parquet", notes, schema.SCORE_NOTES)
    assert list(tmp_path.iterdir()) == []


def test_a_value_of_another_type_names_its_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column recording_id does not fit"):
        make_table(ROWS | {"recording_id": [1, 2]}, schema.STAGE_REPORT, "x")


@pytest.mark.parametrize("content", [None, b"", b"PAR1 not parquet"])
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "report.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"report\.parquet: is (missing|not readable Parquet)"):
        read_table(path, schema.STAGE_REPORT)


def test_a_dataset_is_partitioned_by_collection_and_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    table = make_table(ROWS, schema.STAGE_REPORT, "x")
    assert write_dataset(folder, [("solo violin", table), ("piano", table)], schema.STAGE_REPORT) == 4
    assert sorted(p.name for p in folder.iterdir()) == ["collection=piano", "collection=solo%20violin"]
    assert write_dataset(folder, [(None, table)], schema.STAGE_REPORT) == 2
    assert [p.name for p in folder.iterdir()] == ["part-0.parquet"]
    assert read_dataset(folder, schema.STAGE_REPORT).to_pydict() == ROWS
    assert [p.name for p in tmp_path.iterdir()] == ["reports"]


def test_a_dataset_without_rows_is_there_all_the_same(tmp_path: Path) -> None:
    write_dataset(tmp_path / "empty", [], schema.STAGE_REPORT)
    assert read_dataset(tmp_path / "empty", schema.STAGE_REPORT).num_rows == 0
    with pytest.raises(DataError, match="nowhere: is missing; delete its folder, if there is one, and run dp rebuild"):
        read_dataset(tmp_path / "nowhere", schema.STAGE_REPORT)


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_dataset(tmp_path / name, [(None, make_table(ROWS, schema.STAGE_REPORT, "x"))], schema.STAGE_REPORT)
    assert (tmp_path / "a/part-0.parquet").read_bytes() == (tmp_path / "b/part-0.parquet").read_bytes()


def test_mels_are_kept_in_small_row_groups(tmp_path: Path) -> None:
    columns = {"clip_id": [f"c{i}" for i in range(70)], "recording_id": ["r"] * 70, "mel": [b"\0\0"] * 70}
    columns |= {"frame_count": [1] * 70, "band_count": [1] * 70, "dtype": ["float16"] * 70, "peak": [0.5] * 70}
    write_dataset(tmp_path / "mels", [("c", make_table(columns, schema.MELS, "x"))], schema.MELS)
    assert [len(table) for table in iterate_dataset(tmp_path / "mels", schema.MELS)] == [32, 32, 6]


def test_a_full_disk_leaves_the_old_dataset_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "reports"
    table = make_table(ROWS, schema.STAGE_REPORT, "x")
    write_dataset(folder, [(None, table)], schema.STAGE_REPORT)

    class FullDisk(pq.ParquetWriter):
        def write_table(self, *args: object, **kwargs: object) -> None:
            super().write_table(*args, **kwargs)
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "ParquetWriter", FullDisk)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_dataset(folder, [(None, table), (None, table)], schema.STAGE_REPORT)
    assert caught.value.filename == str(folder)
    assert read_dataset(folder, schema.STAGE_REPORT).to_pydict() == ROWS
    assert [p.name for p in tmp_path.iterdir()] == ["reports"]
