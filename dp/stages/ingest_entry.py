"""Keep what ingest makes of one recording. What this module imports is what the kept files depend on."""

from dataclasses import replace
from pathlib import Path

from dp import schema
from dp.audio.reading import find_slice_end_sec
from dp.score import read_score
from dp.store.rows import StoredRecording
from dp.store.tables import write_table
from dp.store.writing import make_recording_columns, make_score_note_columns, make_score_repeat_columns
from dp.types import Recording

RECORDING_FILE = "recording.parquet"
NOTES_FILE = "score_notes.parquet"
REPEATS_FILE = "score_repeats.parquet"


def write_entry(entry: Path, recording: Recording, audio_sha256: str, score_sha256: str) -> None:
    """Write the recording with its end found, and the notes and repeats of its score, into a folder.

    Raises:
        DataError: the audio or the score cannot be used.
        OSError: a file cannot be written.
    """
    end_sec = find_slice_end_sec(recording.audio_path, recording.start_sec, recording.end_sec)
    stored = StoredRecording(replace(recording, end_sec=end_sec), audio_sha256, score_sha256)
    score, piece_id = read_score(recording.score_path, recording.movement or None), recording.piece_id
    write_table(entry / RECORDING_FILE, make_recording_columns([stored], None), schema.RECORDINGS)
    write_table(entry / NOTES_FILE, make_score_note_columns(piece_id, score.notes), schema.SCORE_NOTES)
    write_table(entry / REPEATS_FILE, make_score_repeat_columns(piece_id, score.repeats), schema.SCORE_REPEATS)
