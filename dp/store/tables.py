"""Read and write Parquet files and datasets, which `dp.schema` validates on the way in and on the way out.

A dataset is a folder: `part-0.parquet`, or `collection=NAME/part-0.parquet` where it is partitioned. Small row
groups keep random reads of mels cheap; other datasets have a row group for each table that they are written from.
"""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from dp.errors import DataError
from dp.files import open_whole_file
from dp.schema import MELS, validate
from dp.store.files import open_whole_folder

PART_FILE = "part-0.parquet"
ROW_GROUP_ROW = 32  # of mels; measured: 200 clips/s at random
ADVICE = "delete its folder, if there is one, and run dp rebuild"


def make_table(columns: Mapping[str, object], schema: pa.Schema, subject: object) -> pa.Table:
    """Make a validated table of columns: arrays or sequences of one length.

    Raises:
        DataError: they do not fit the schema.
    """
    arrays = {}
    for name, values in columns.items():
        kind = schema.field(name).type if name in schema.names else None
        try:
            arrays[name] = pa.array(values, type=kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise DataError(subject, f"column {name} does not fit its schema ({error})") from error
    return validate(pa.table(arrays), schema, subject)


def write_table(path: Path, columns: Mapping[str, object], schema: pa.Schema) -> None:
    """Write one Parquet file, whole or not at all.

    Raises:
        DataError: the columns do not fit the schema.
        OSError: the file cannot be written.
    """
    table = make_table(columns, schema, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_whole_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=_choose_row_group_row(schema))


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Read one Parquet file.

    Raises:
        DataError: it is missing, damaged, or does not fit the schema.
    """
    return validate(_read(path), schema, path)


def read_column(path: Path, name: str) -> pa.ChunkedArray:
    """Read one column of a Parquet file, without reading the others.

    Raises:
        DataError: it is missing or damaged.
    """
    return _read(path, [name]).column(name)


def write_dataset(folder: Path, tables: Iterable[tuple[str | None, pa.Table]], schema: pa.Schema) -> int:
    """Write a dataset folder from pieces, one in memory at a time, whole or not at all.

    Args:
        folder: where it goes; what is there is replaced.
        tables: (collection, rows) pairs; collection None puts the rows into the folder itself.
        schema: of the rows.

    Returns:
        the number of rows.

    Raises:
        DataError: rows do not fit the schema.
        OSError: the folder cannot be written.
    """
    row_count = 0
    with open_whole_folder(folder) as temporary, ExitStack() as stack:
        writers: dict[str | None, pq.ParquetWriter] = {}
        for collection, table in tables:
            if collection not in writers:
                part = (
                    temporary / PART_FILE if collection is None else temporary / _name_partition(collection) / PART_FILE
                )
                part.parent.mkdir(parents=True, exist_ok=True)
                writers[collection] = stack.enter_context(pq.ParquetWriter(part, schema, compression="zstd"))
            writers[collection].write_table(
                validate(table, schema, folder), row_group_size=_choose_row_group_row(schema)
            )
            row_count += table.num_rows
        if not writers:
            pq.write_table(schema.empty_table(), temporary / PART_FILE)
        stack.close()  # footers are written before the folder gets its name
    return row_count


def iterate_dataset(folder: Path, schema: pa.Schema) -> Iterable[pa.Table]:
    """Yield the row groups of a dataset, one in memory at a time, by partition, then in the order written.

    Raises:
        DataError: it is missing, damaged, or does not fit the schema.
    """
    parts = sorted(folder.rglob("*.parquet"))
    if not parts:
        raise DataError(folder, "is missing", ADVICE)
    for part in parts:
        try:
            file = pq.ParquetFile(part)
            for index in range(file.num_row_groups):
                yield validate(file.read_row_group(index), schema, part)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(part, f"is not readable Parquet ({error})", ADVICE) from error


def read_dataset(folder: Path, schema: pa.Schema) -> pa.Table:
    """Read all partitions and row groups of a dataset as one table.

    Raises:
        DataError: it is missing, damaged, or does not fit the schema.
    """
    return pa.concat_tables([schema.empty_table(), *iterate_dataset(folder, schema)])


def _name_partition(collection: str) -> str:
    return f"collection={quote(collection, safe='')}"


def _choose_row_group_row(schema: pa.Schema) -> int | None:
    return ROW_GROUP_ROW if schema.equals(MELS) else None


def _read(path: Path, names: list[str] | None = None) -> pa.Table:
    try:
        return pq.ParquetFile(path).read(columns=names)
    except FileNotFoundError as error:
        raise DataError(path, "is missing", ADVICE) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(path, f"is not readable Parquet ({error})", ADVICE) from error
