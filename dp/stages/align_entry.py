"""Keep what align makes of one recording. What this module imports is what the kept files depend on."""

from collections.abc import Sequence
from pathlib import Path

from dp import schema
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.align.doubts import describe_doubts
from dp.audio.sample_file import open_samples
from dp.config import AlignConfig
from dp.store.rows import AlignmentRow
from dp.store.tables import write_table
from dp.store.writing import make_performed_note_columns, make_row_columns
from dp.types import Recording, Repeat, ScoreNotes
from dp.units import sample_to_sec

NOTES_FILE = "performed_notes.parquet"
REPORT_FILE = "report.parquet"


def write_entry(
    entry: Path, recording: Recording, notes: ScoreNotes, repeats: Sequence[Repeat], config: AlignConfig
) -> None:
    """Align a recording, and write its notes and the row of its report into a folder, whether its score fits or not.

    Raises:
        DataError: the recording cannot be aligned.
        OSError: a file cannot be written.
    """
    slice_sec = (recording.start_sec, recording.end_sec)
    with open_samples(recording.audio_path, ALIGN_SAMPLE_RATE_HZ, *slice_sec) as samples:
        alignment = align(samples, notes, config, str(recording.audio_path), repeats)
    row = AlignmentRow(
        recording_id=recording.recording_id,
        accepted=alignment.accepted,
        reason=alignment.reason,
        note_count=len(alignment.performed),
        score_fit=alignment.score_fit,
        mean_confidence=float(alignment.performed.confidence.mean()),
        tuning_cent=alignment.tuning_cent,
        audio_sec=sample_to_sec(len(samples), ALIGN_SAMPLE_RATE_HZ),
        structure=alignment.structure,
        doubts=describe_doubts(alignment.doubts),
    )
    onset_quarter = alignment.notes.onset_quarter
    columns = make_performed_note_columns(
        recording.recording_id, alignment.score_index, onset_quarter, alignment.performed
    )
    write_table(entry / NOTES_FILE, columns, schema.PERFORMED_NOTES)
    names = schema.ALIGNMENT_REPORT.names
    write_table(entry / REPORT_FILE, make_row_columns([row], names), schema.ALIGNMENT_REPORT)
