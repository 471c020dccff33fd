"""Read CSV files as rows that know where they stand, so that an error can say so."""

import csv
from dataclasses import dataclass
from pathlib import Path

from dp.errors import DataError
from dp.units import parse_clock_sec


@dataclass(frozen=True)
class Row:
    """One row of a CSV."""

    path: Path
    line: int  # the header is line 1
    cells: dict[str, str]  # stripped

    def text(self, column: str) -> str:
        """Return the text of a cell, which must not be empty.

        Raises:
            DataError: it is.
        """
        if not self.cells[column]:
            raise self.error(column, "is empty")
        return self.cells[column]

    def time_sec(self, column: str) -> float:
        """Return the time in a cell, written as seconds or h:mm:ss, in seconds.

        Raises:
            DataError: the cell holds no such time.
        """
        try:
            return parse_clock_sec(self.cells[column])
        except ValueError as error:
            raise self.error(column, "is not a time", "write seconds or h:mm:ss") from error

    def number(self, column: str, low: float, high: float) -> float:
        """Return the number in a cell, which must lie between `low` and `high`.

        Raises:
            DataError: the cell holds no number from low to high.
        """
        try:
            value = float(self.cells[column])
        except ValueError as error:
            raise self.error(column, "is not a number") from error
        if not low <= value <= high:
            raise self.error(column, f"is out of bounds, expected {low:g} to {high:g}")
        return value

    def error(self, column: str, reason: str, advice: str = "correct it") -> DataError:
        """Make a DataError that names file, line, column and value."""
        return DataError(f"{self.path}, line {self.line}", f"{column} {self.cells[column]!r} {reason}", advice)


def read_table(path: Path, required: tuple[str, ...], optional: tuple[str, ...] | None = None) -> list[Row]:
    """Read all rows of a CSV with a header; lines without any text are passed over.

    Args:
        path: UTF-8, comma-separated.
        required: columns that must be there.
        optional: columns that may be there, and are empty in every row where they are not; None = any may.

    Raises:
        DataError: the file cannot be read, a column is missing, twice or unknown, or a row has too few or many cells.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if any(cells)]
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", "check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(path, f"is not a CSV in UTF-8 ({error})", "save it as one") from error
    if not lines:
        raise DataError(path, "is empty", f"expected a header with {', '.join(required)}")
    header = lines[0][1]
    _check_header(path, header, required, optional)
    absent = dict.fromkeys(name for name in optional or () if name not in header)
    rows = []
    for line, cells in lines[1:]:
        if len(cells) != len(header):
            reason = f"has {len(cells)} cells, the header has {len(header)}"
            raise DataError(f"{path}, line {line}", reason, "quote cells that hold commas")
        rows.append(Row(path, line, dict.fromkeys(absent, "") | dict(zip(header, cells, strict=True))))
    return rows


def read_header(path: Path) -> list[str]:
    """Read the column names of a CSV; empty where the file is not one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [cell.strip() for cell in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _check_header(path: Path, header: list[str], required: tuple[str, ...], optional: tuple[str, ...] | None) -> None:
    for name in required:
        if name not in header:
            raise DataError(f"{path}, line 1", f"column {name} is missing", f"expected {', '.join(required)}")
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"{path}, line 1", f"column {name} is there {header.count(name)} times", "keep one")
        if optional is not None and name not in required + optional:
            known = ", ".join(required + optional)
            raise DataError(f"{path}, line 1", f"column {name!r} is unknown", f"known: {known}")
