"""Published alignments: taken in beside the recordings, so that the timing model learns from players we cannot hear."""

from pathlib import Path

from dp import schema
from dp.corpora import Given, read_given
from dp.parallel.outcome import Outcome, attempt
from dp.score import read_score
from dp.store.cache import find_entry, new_entry
from dp.store.hashing import code_digest, file_sha256, result_key
from dp.store.tables import write_table
from dp.store.writing import given_note_columns, score_note_columns

STAGE = "given"
CODE = (
    "dp.score",
    "dp.corpora.bach_violin",
    "dp.corpora.published",
    "dp.stages.published",
    "dp.store.writing",
    "dp.schema",
)
GIVEN_FILE = "given_notes.parquet"
NOTES_FILE = "score_notes.parquet"


def ingest_given(given: Given, cache: Path) -> Outcome:
    """Take one published alignment in, or find that this was done before; the reason says what was repaired."""
    return attempt(given.recording.recording_id, lambda: _ingest(given, cache))


def told(missing: Outcome, given: Outcome) -> Outcome:
    """The outcome of a recording that is missing, with what became of its published alignment."""
    kept = "its published alignment is used" if given.entry is not None else "its published alignment is not used"
    reason = f"{missing.reason}; {kept}" + (f": {given.reason}" if given.reason else "")
    return Outcome(missing.recording_id, missing.outcome, reason)


def _ingest(given: Given, cache: Path) -> Outcome:
    recording = given.recording
    digests = [file_sha256(path) for path in (recording.score_path, given.notes_path, given.alignment_path)]
    key = result_key(recording.recording_id, recording.piece_id, recording.performer, digests, code_digest(*CODE))
    entry = find_entry(cache, STAGE, key)
    if entry is not None:
        return Outcome(recording.recording_id, "reused", (entry / "reason").read_text(encoding="utf-8"), entry)
    notes = read_score(recording.score_path).notes
    found = read_given(given, notes)
    parts = [(found.repaired_count, "repaired"), (found.left_out_count, "left out")]
    said = [f"{count} of {len(notes)} notes {what}" for count, what in parts if count]
    reason = ", ".join(said)
    with new_entry(cache, STAGE, key) as fresh:
        columns = given_note_columns(recording, found.note_id, found.onset_quarter, found.performed)
        write_table(fresh / GIVEN_FILE, columns, schema.GIVEN_NOTES)
        write_table(fresh / NOTES_FILE, score_note_columns(recording.piece_id, notes), schema.SCORE_NOTES)
        (fresh / "reason").write_text(reason, encoding="utf-8")
    return Outcome(recording.recording_id, "done", reason, cache / STAGE / key)
