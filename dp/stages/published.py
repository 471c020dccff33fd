"""Take published alignments in beside the recordings: the timing model learns from players who cannot be heard, too."""

from pathlib import Path

from dp.corpora import PublishedRecording
from dp.parallel.outcome import Outcome, attempt
from dp.stages import published_entry
from dp.store.cache import find_entry, make_entry
from dp.store.code import compute_code_digest
from dp.store.hashing import compute_file_sha256, make_result_key

STAGE = "published"


def ingest_published(alignment: PublishedRecording, cache: Path) -> Outcome:
    """Take one published alignment in, or find that this was done before; the reason says what was repaired."""
    return attempt(alignment.recording.recording_id, lambda: _ingest(alignment, cache))


def add_published(missing: Outcome, published: Outcome) -> Outcome:
    """Add to the outcome of a recording that is missing what became of its published alignment."""
    kept = "its published alignment is used" if published.entry is not None else "its published alignment is not used"
    reason = f"{missing.reason}; {kept}" + (f": {published.reason}" if published.reason else "")
    return Outcome(missing.recording_id, missing.outcome, reason)


def _ingest(alignment: PublishedRecording, cache: Path) -> Outcome:
    recording = alignment.recording
    digests = [
        compute_file_sha256(path) for path in (recording.score_path, alignment.notes_path, alignment.alignment_path)
    ]
    told = (recording.recording_id, recording.piece_id, recording.performer, recording.licence)
    key = make_result_key(*told, digests, compute_code_digest(published_entry.__name__))
    entry = find_entry(cache, STAGE, key)
    if entry is not None:
        return Outcome(recording.recording_id, "reused", published_entry.read_repairs(entry), entry)
    with make_entry(cache, STAGE, key) as fresh:
        repairs = published_entry.write_entry(fresh, alignment)
    return Outcome(recording.recording_id, "done", repairs, cache / STAGE / key)
