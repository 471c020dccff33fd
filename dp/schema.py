"""Define the Arrow schemas of the feature store, and validate tables by them.

Field metadata say unit, bounds and meaning of every column.
"""

import pyarrow as pa
import pyarrow.compute as pc

from dp.errors import DataError


def _make_field(
    name: str,
    kind: pa.DataType,
    description: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    null: bool = False,
) -> pa.Field:
    """Make a column; `validate` refuses numbers outside low..high, and nulls where null is false."""
    meta = {"description": description, "unit": unit}
    meta |= {key: repr(float(bound)) for key, bound in (("low", low), ("high", high)) if bound is not None}
    return pa.field(name, kind, nullable=null, metadata=meta)


def _make_text(name: str, description: str) -> pa.Field:
    return _make_field(name, pa.string(), description)


RECORDINGS = pa.schema(
    [
        _make_text("recording_id", "stable id of the performance, unique in its collection"),
        _make_text("collection", "corpus or sub-collection the recording belongs to"),
        _make_text("piece_id", "id of the score it follows"),
        _make_text("performer", "who plays; 'unknown' where nobody says"),
        _make_text("instrument", "what is played"),
        _make_text("audio_path", "audio file"),
        _make_text("score_path", "score file"),
        _make_field("movement", pa.int64(), "which of the score file's movements is played; 0 = all of them", low=0),
        _make_field("start_sec", pa.float64(), "start of the slice inside the audio file", unit="s", low=0),
        _make_field("end_sec", pa.float64(), "end of the slice inside the audio file", unit="s", low=0),
        _make_text("audio_sha256", "SHA-256 of the audio file's bytes"),
        _make_text("score_sha256", "SHA-256 of the score file's bytes"),
        _make_text("licence", "licence of the recording; 'unknown' where nobody says"),
    ]
)

SCORE_NOTES = pa.schema(
    [
        _make_text("piece_id", "id of the score"),
        _make_field("note_id", pa.int64(), "index of the note in the unfolded score, by onset, then pitch", low=0),
        _make_field("onset_quarter", pa.float64(), "onset as written, repeats unfolded", unit="quarter", low=0),
        _make_field("duration_quarter", pa.float64(), "as written, ties joined; 0 = grace note", unit="quarter", low=0),
        _make_field("pitch", pa.int64(), "sounding MIDI pitch", unit="semitone", low=0, high=127),
        _make_field("velocity", pa.int64(), "MIDI velocity; 0 = unknown", low=0, high=127),
        _make_field("voice", pa.int64(), "voice inside the part", low=0),
        _make_field("measure", pa.int64(), "measure as played; 0 = pickup", low=0),
        _make_field("part", pa.int64(), "index of the part in the score file", low=0),
    ]
)

SCORE_REPEATS = pa.schema(
    [
        _make_text("piece_id", "id of the score"),
        _make_field("at_quarter", pa.float64(), "where the stretch is played, repeats unfolded", unit="quarter", low=0),
        _make_field("begin_quarter", pa.float64(), "where the stretch begins, repeats unfolded", unit="quarter", low=0),
        _make_field("end_quarter", pa.float64(), "where it ends", unit="quarter", low=0),
        _make_field("is_written", pa.bool_(), "in the unfolded score, but may be left out; else it may be added"),
        _make_text("bars", "the stretch's bars, as the score numbers them"),
        _make_field(
            "is_declared",
            pa.bool_(),
            "by a repeat sign, or written out twice; else a section of the score, or all of it",
        ),
    ]
)

PERFORMED_NOTES = pa.schema(
    [
        _make_text("recording_id", "id of the performance"),
        _make_field(
            "note_id", pa.int64(), "note of the unfolded score; more than once where a repeat was added", low=0
        ),
        _make_field("onset_quarter", pa.float64(), "onset as written, in the order played", unit="quarter", low=0),
        _make_field("pitch", pa.int64(), "sounding MIDI pitch of the score's note", unit="semitone", low=0, high=127),
        _make_field("velocity", pa.int64(), "MIDI velocity; 0 = unknown", low=0, high=127),
        _make_field("onset_sec", pa.float64(), "onset from the start of the slice, by alignment", unit="s"),
        _make_field("offset_sec", pa.float64(), "offset from the start of the slice, by alignment", unit="s"),
        _make_field("confidence", pa.float64(), "how sure the alignment is of this note", low=0, high=1),
    ]
)

PUBLISHED_NOTES = pa.schema(
    [
        _make_text("recording_id", "id of the performance, whose audio may be missing"),
        _make_text("piece_id", "id of the score"),
        _make_text("performer", "who plays"),
        _make_text("instrument", "what is played"),
        _make_text("licence", "licence of the alignment, which is that of the recording; 'unknown' where nobody says"),
        _make_field("note_id", pa.int64(), "note of the unfolded score", low=0),
        _make_field("onset_quarter", pa.float64(), "onset as written", unit="quarter", low=0),
        _make_field("pitch", pa.int64(), "sounding MIDI pitch of the score's note", unit="semitone", low=0, high=127),
        _make_field("velocity", pa.int64(), "MIDI velocity; 0 = unknown", low=0, high=127),
        _make_field("onset_sec", pa.float64(), "onset from the start of the slice, as published", unit="s"),
        _make_field("offset_sec", pa.float64(), "offset, as published; says nothing about articulation", unit="s"),
        _make_field("confidence", pa.float64(), "1: the corpus states none", low=0, high=1),
    ]
)

ALIGNMENT_REPORT = pa.schema(
    [
        _make_text("recording_id", "id of the performance"),
        _make_field("accepted", pa.bool_(), "whether the score fits the recording"),
        _make_text("reason", "why not; empty where accepted"),
        _make_field("note_count", pa.int64(), "notes as played", low=1),
        _make_field("score_fit", pa.float64(), "how well the score fits, 0 = chance", low=0, high=1),
        _make_field("mean_confidence", pa.float64(), "mean of the notes' confidence", low=0, high=1),
        _make_field("tuning_cent", pa.float64(), "tuning against A = 440 Hz, transposition included", unit="cent"),
        _make_field("audio_sec", pa.float64(), "length of the slice", unit="s", low=0),
        _make_text("structure", "which repeats are played otherwise than written; empty where none is"),
        _make_text("doubts", "bars as played that are not heard, or played otherwise; empty where none is"),
    ]
)

CLIPS = pa.schema(
    [
        _make_text("clip_id", "recording_id and clip_index"),
        _make_text("recording_id", "id of the performance"),
        _make_text("piece_id", "id of the score"),
        _make_text("performer", "who plays"),
        _make_field("clip_index", pa.int64(), "i: frames round(312.5 i) to round(312.5 (i+1))", low=0),
        _make_field("start_frame", pa.int64(), "first frame, from the start of the slice", unit="frame", low=0),
        _make_field("end_frame", pa.int64(), "one past the last frame", unit="frame", low=1),
        _make_field("valid_by_clip", pa.bool_(), "held out in the publication's `clip` split"),
        _make_field("valid_by_recording", pa.bool_(), "held out in the `recording` split"),
    ]
)

MELS = pa.schema(
    [
        _make_text("clip_id", "the clip"),
        _make_text("recording_id", "id of the performance"),
        _make_field("mel", pa.binary(), "natural log-mel, row-major [frame_count, band_count]"),
        _make_field("frame_count", pa.int64(), "T", unit="frame", low=1),
        _make_field("band_count", pa.int64(), "M", low=1),
        _make_text("dtype", "numpy dtype of the bytes"),
        _make_field(
            "peak", pa.float64(), "largest sample of the clip, the recording being at full level", low=0, high=1
        ),
    ]
)

NOTE_PITCH = pa.schema(
    [
        _make_text("recording_id", "id of the performance"),
        _make_field("note_index", pa.int64(), "which row of the recording's performed notes it is, from 0", low=0),
        _make_field("note_id", pa.int64(), "note of the unfolded score", low=0),
        _make_field("first_frame", pa.int64(), "of 8 ms, from the start of the slice", unit="frame", low=0),
        _make_field("frame_count", pa.int64(), "T", unit="frame", low=1),
        _make_field("cent", pa.binary(), "[T] above the written pitch at A = 440 Hz", unit="cent"),
        _make_field("confidence", pa.binary(), "[T] how sure the pitch is, 0 to 1"),
        _make_field("median_cent", pa.float64(), "median of cent", unit="cent"),
        _make_text("dtype", "numpy dtype of the bytes"),
    ]
)

STAGE_REPORT = pa.schema(
    [
        _make_text("recording_id", "id of the performance"),
        _make_text("outcome", "done, reused, rejected, failed, crashed or missing"),
        _make_text("reason", "why not done, or what is doubtful about what was done; mostly empty"),
    ]
)

RENDERINGS = pa.schema(
    [
        _make_text("score", "score file, relative to the folder of the table"),
        _make_text("score_sha256", "SHA-256 of the score file's bytes; empty where it cannot be read"),
        _make_text("outcome", "done, skipped, failed or crashed"),
        _make_text("reason", "why it was not rendered; empty where done or skipped"),
        _make_field(
            "files",
            pa.list_(pa.struct([("path", pa.string()), ("size_byte", pa.int64()), ("sha256", pa.string())])),
            "what was written, the audio first; paths relative to the folder of the table",
        ),
        _make_field("note_count", pa.int64(), "notes that sound", low=0),
        _make_field("warnings", pa.list_(pa.string()), "what was odd about the score, or could not be done"),
        _make_field("audio_sec", pa.float64(), "length of the audio", unit="s", low=0),
        _make_field("render_sec", pa.float64(), "how long rendering took", unit="s", low=0),
        _make_text("model_version", "SHA-256 over the weights of the models"),
        _make_text("options", "what was asked for, as JSON"),
        _make_text("version", "of this library"),
    ]
)

RENDER_OUTCOMES = ("done", "skipped", "failed", "crashed")
OUTCOMES = ("done", "reused", "rejected", "failed", "crashed", "missing")
FAILURES = ("failed", "crashed")  # of both


def validate(table: pa.Table, schema: pa.Schema, subject: object) -> pa.Table:
    """Cast `table` to `schema` and check every bound and null.

    Args:
        table: the rows; columns in any order.
        schema: one of this module's.
        subject: what an error names, e.g. the file to be written.

    Raises:
        DataError: a column is missing or unknown, has another type, a null, a NaN or a value out of bounds; the
            message names the column, the first bad value, its row's id and the bounds.
    """
    names = set(table.column_names)
    for name in sorted(names ^ set(schema.names)):
        raise DataError(subject, f"column {name} is {'unknown' if name in names else 'missing'}")
    try:
        table = table.select(schema.names).cast(pa.schema([(field.name, field.type) for field in schema]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise DataError(subject, f"does not fit its schema ({error})") from error
    for field in schema:
        _check_column(table, field, subject)
    return table.cast(schema)  # now with its metadata and without nulls


def _check_column(table: pa.Table, field: pa.Field, subject: object) -> None:
    column = table.column(field.name)
    if column.null_count and not field.nullable:
        _refuse(table, field.name, pc.is_null(column), subject, "has no value")
    if pa.types.is_floating(field.type):
        _refuse(table, field.name, pc.invert(pc.is_finite(column)), subject, "is not finite")
    meta = field.metadata or {}
    for key, out_of_bounds, word in ((b"low", pc.less, "at least"), (b"high", pc.greater, "at most")):
        if key in meta:
            bound = float(meta[key])
            reason = f"is out of bounds, expected {word} {bound:g}"
            _refuse(table, field.name, out_of_bounds(column, bound), subject, reason)


def _refuse(table: pa.Table, name: str, bad: pa.ChunkedArray, subject: object, reason: str) -> None:
    """Raise for the first row where `bad` is true."""
    index = pc.index(bad, True).as_py()
    if index >= 0:
        first = table.schema.names[0]
        where = f"row {index} ({first} {table.column(first)[index].as_py()!r})"
        raise DataError(subject, f"{name} = {table.column(name)[index].as_py()!r} in {where} {reason}")
