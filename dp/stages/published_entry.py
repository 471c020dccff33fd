"""Keep what ingest makes of one published alignment. What this module imports is what the kept files depend on."""

from pathlib import Path

from dp import schema
from dp.corpora.listing import PublishedRecording
from dp.corpora.published import read_published_alignment
from dp.score import read_score
from dp.store.tables import write_table
from dp.store.writing import make_published_note_columns, make_score_note_columns

PUBLISHED_FILE = "published_notes.parquet"
NOTES_FILE = "score_notes.parquet"
_REPAIRS_FILE = "reason"


def write_entry(entry: Path, alignment: PublishedRecording) -> str:
    """Write the notes of an alignment, and those of its score, into a folder; returns in words what was repaired.

    Raises:
        DataError: the score or the alignment cannot be used.
        OSError: a file cannot be written.
    """
    recording = alignment.recording
    notes = read_score(recording.score_path, recording.movement or None).notes
    found = read_published_alignment(alignment, notes)
    parts = [(found.repaired_count, "repaired"), (found.left_out_count, "left out")]
    repairs = ", ".join(f"{count} of {len(notes)} notes {what}" for count, what in parts if count)
    columns = make_published_note_columns(recording, found.note_id, found.onset_quarter, found.performed)
    write_table(entry / PUBLISHED_FILE, columns, schema.PUBLISHED_NOTES)
    write_table(entry / NOTES_FILE, make_score_note_columns(recording.piece_id, notes), schema.SCORE_NOTES)
    (entry / _REPAIRS_FILE).write_text(repairs, encoding="utf-8")
    return repairs


def read_repairs(entry: Path) -> str:
    """Read in words what was repaired."""
    return (entry / _REPAIRS_FILE).read_text(encoding="utf-8")
