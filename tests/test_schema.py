import pyarrow as pa
import pytest

from dp import schema
from dp.errors import DataError

ROW = {
    "recording_id": ["r"],
    "note_id": [0],
    "onset_quarter": [0.0],
    "pitch": [60],
    "velocity": [0],
    "onset_sec": [0.5],
    "offset_sec": [0.75],
    "confidence": [1.0],
}


def test_a_good_table_gets_the_schema_with_its_units() -> None:
    table = schema.validate(pa.table(ROW), schema.PERFORMED_NOTES, "x")
    assert table.schema.field("onset_sec").metadata[b"unit"] == b"s"
    assert table.schema.equals(schema.PERFORMED_NOTES)


@pytest.mark.parametrize(
    ("column", "value", "part"),
    [
        ("pitch", 128, "pitch = 128 in row 0 (recording_id 'r') is out of bounds, expected at most 127"),
        ("confidence", -0.1, "confidence = -0.1 in row 0 (recording_id 'r') is out of bounds, expected at least 0"),
        ("onset_sec", float("nan"), "is not finite"),
        ("note_id", None, "has no value"),
        ("pitch", "c", "does not fit its schema"),
    ],
)
def test_a_bad_value_is_named_with_its_row_and_bounds(column: str, value: object, part: str) -> None:
    with pytest.raises(DataError) as caught:
        schema.validate(pa.table(ROW | {column: [value]}), schema.PERFORMED_NOTES, "notes.parquet")
    assert str(caught.value).startswith("notes.parquet: ")
    assert part in str(caught.value)


def test_missing_and_unknown_columns_are_named() -> None:
    short = {key: value for key, value in ROW.items() if key != "pitch"}
    with pytest.raises(DataError, match="column pitch is missing"):
        schema.validate(pa.table(short), schema.PERFORMED_NOTES, "x")
    with pytest.raises(DataError, match="column colour is unknown"):
        schema.validate(pa.table(ROW | {"colour": ["red"]}), schema.PERFORMED_NOTES, "x")


@pytest.mark.parametrize(
    "name",
    ["RECORDINGS", "SCORE_NOTES", "SCORE_REPEATS", "PERFORMED_NOTES", "ALIGNMENT_REPORT", "CLIPS", "MELS"],
)
def test_every_column_says_what_it_is(name: str) -> None:
    for field in getattr(schema, name):
        assert field.metadata[b"description"], field.name
