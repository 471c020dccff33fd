"""Published alignments: taken in beside the recordings, so that the timing model learns from players we cannot hear."""

from pathlib import Path

from dp import schema
from dp.corpora import PublishedRecording, read_published_alignment
from dp.parallel.outcome import Outcome, attempt
from dp.score import read_score
from dp.store.cache import find_entry, new_entry
from dp.store.hashing import code_digest, file_sha256, result_key
from dp.store.tables import write_table
from dp.store.writing import published_note_columns, score_note_columns

STAGE = "published"
CODE = (
    "dp.score",
    "dp.corpora.bach_violin",
    "dp.corpora.published",
    "dp.stages.published",
    "dp.store.writing",
    "dp.schema",
)
PUBLISHED_FILE = "published_notes.parquet"
NOTES_FILE = "score_notes.parquet"


def ingest_published(alignment: PublishedRecording, cache: Path) -> Outcome:
    """Take one published alignment in, or find that this was done before; the reason says what was repaired."""
    return attempt(alignment.recording.recording_id, lambda: _ingest(alignment, cache))


def add_published(missing: Outcome, published: Outcome) -> Outcome:
    """The outcome of a recording that is missing, with what became of its published alignment."""
    kept = "its published alignment is used" if published.entry is not None else "its published alignment is not used"
    reason = f"{missing.reason}; {kept}" + (f": {published.reason}" if published.reason else "")
    return Outcome(missing.recording_id, missing.outcome, reason)


def _ingest(alignment: PublishedRecording, cache: Path) -> Outcome:
    recording = alignment.recording
    digests = [file_sha256(path) for path in (recording.score_path, alignment.notes_path, alignment.alignment_path)]
    key = result_key(recording.recording_id, recording.piece_id, recording.performer, digests, code_digest(*CODE))
    entry = find_entry(cache, STAGE, key)
    if entry is not None:
        return Outcome(recording.recording_id, "reused", (entry / "reason").read_text(encoding="utf-8"), entry)
    notes = read_score(recording.score_path).notes
    found = read_published_alignment(alignment, notes)
    parts = [(found.repaired_count, "repaired"), (found.left_out_count, "left out")]
    said = [f"{count} of {len(notes)} notes {what}" for count, what in parts if count]
    reason = ", ".join(said)
    with new_entry(cache, STAGE, key) as fresh:
        columns = published_note_columns(recording, found.note_id, found.onset_quarter, found.performed)
        write_table(fresh / PUBLISHED_FILE, columns, schema.PUBLISHED_NOTES)
        write_table(fresh / NOTES_FILE, score_note_columns(recording.piece_id, notes), schema.SCORE_NOTES)
        (fresh / "reason").write_text(reason, encoding="utf-8")
    return Outcome(recording.recording_id, "done", reason, cache / STAGE / key)
