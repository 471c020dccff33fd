from pathlib import Path

import pytest

from dp.corpora.table import read_table
from dp.errors import DataError


def test_rows_know_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffname,start\r\n"x, y", 1:30 \r\n\r\nz,0:01:00.5\r\n'.encode())
    rows = read_table(path, ("name", "start"), ("end",))
    assert [(row.line, row.text("name"), row.time_sec("start"), row.cells["end"]) for row in rows] == [
        (2, "x, y", 90.0, ""),
        (4, "z", 60.5, ""),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv: is empty; expected a header with name, start"),
        (b"name\nx\n", "a.csv, line 1: column start is missing; expected name, start"),
        (b"name,start,name\n", "a.csv, line 1: column name is there 2 times; keep one"),
        (b"name,start,license\n", "a.csv, line 1: column 'license' is unknown; known: name, start, end"),
        (b"name,start\nx,1\ny\n", "a.csv, line 3: has 1 cells, the header has 2; quote cells that hold commas"),
        (b"name,start\nx,1,2\n", "a.csv, line 2: has 3 cells, the header has 2; quote cells that hold commas"),
        (b"name,start\n\xff\xfe,1\n", "a.csv: is not a CSV in UTF-8"),
        (b'name,start\n"x,1\n', "a.csv: is not a CSV in UTF-8"),
    ],
)
def test_bad_tables(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "a.csv", ("name", "start"), ("end",))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["soon", "-1", "1:2:3:4", "nan", "", "0:-5"])
def test_bad_times_name_line_and_value(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(f"name,start\nx,{text}\n")
    row = read_table(tmp_path / "a.csv", ("name", "start"))[0]
    with pytest.raises(DataError) as caught:
        row.time_sec("start")
    assert str(caught.value) == f"{tmp_path}/a.csv, line 2: start {text!r} is not a time; write seconds or h:mm:ss"


def test_numbers_and_empty_cells(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,pitch\n,128\n")
    row = read_table(tmp_path / "a.csv", ("name", "pitch"))[0]
    with pytest.raises(DataError, match="line 2: pitch '128' is out of bounds, expected 0 to 127"):
        row.number("pitch", 0, 127)
    with pytest.raises(DataError, match="line 2: name '' is empty"):
        row.text("name")
    with pytest.raises(DataError, match="line 2: name '' is not a number"):
        row.number("name", 0, 1)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "a.csv", ("name",))
