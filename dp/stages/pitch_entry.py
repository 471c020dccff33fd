"""Keep the pitch curves of one recording. What this module imports is what the kept file depends on."""

from pathlib import Path

from dp import schema
from dp.audio.harmonic_sums import PITCH_SAMPLE_RATE_HZ
from dp.audio.pitch_curves import track_pitch
from dp.audio.sample_file import open_samples
from dp.store.note_pitch import make_note_pitch_columns
from dp.store.rows import StoredPerformance
from dp.store.tables import write_table
from dp.types import Recording

CURVES_FILE = "note_pitch.parquet"


def write_entry(entry: Path, recording: Recording, played: StoredPerformance, tuning_cent: float) -> None:
    """Write the pitch curves of all notes of a recording into a folder.

    Raises:
        DataError: the audio cannot be used.
        OSError: a file cannot be written.
    """
    notes = played.performed
    with open_samples(recording.audio_path, PITCH_SAMPLE_RATE_HZ, recording.start_sec, recording.end_sec) as samples:
        curves = track_pitch(samples, notes.pitch, notes.onset_sec, notes.offset_sec, tuning_cent)
    columns = make_note_pitch_columns(recording.recording_id, played.note_id, curves)
    write_table(entry / CURVES_FILE, columns, schema.NOTE_PITCH)
