"""What peaks keeps of one recording. What this module imports is what the kept files depend on."""

from pathlib import Path

import numpy as np

from dp import schema
from dp.audio.reading import read_audio
from dp.store.tables import write_table
from dp.types import Recording

PEAKS_FILE = "peaks.parquet"
SAMPLE_RATE_HZ = 8000


def write_entry(entry: Path, recording: Recording) -> None:
    """Write the largest sample of a recording into a folder."""
    samples = read_audio(recording.audio_path, SAMPLE_RATE_HZ, recording.start_sec, recording.end_sec)
    columns = {"recording_id": [recording.recording_id], "peak": [float(np.abs(samples).max())]}
    write_table(entry / PEAKS_FILE, columns, schema.PEAKS)
