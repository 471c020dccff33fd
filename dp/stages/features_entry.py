"""Keep the features of one recording. What this module imports is what the kept file depends on."""

from pathlib import Path

import numpy as np

from dp import schema
from dp.audio.level import scale_to_full_level
from dp.audio.mel import compute_log_mel
from dp.audio.reading import read_audio
from dp.config import MelConfig
from dp.errors import DataError
from dp.store.clips import find_clip_bounds, make_clip_id
from dp.store.tables import write_table
from dp.store.writing import make_mel_columns
from dp.types import Recording

MELS_FILE = "mels.parquet"


def write_entry(entry: Path, recording: Recording, mel: MelConfig) -> None:
    """Write the log-mels of all clips of a recording, and the peak of each clip's samples, into a folder.

    Raises:
        DataError: the audio cannot be used.
        OSError: the file cannot be written.
    """
    samples = scale_to_full_level(
        read_audio(recording.audio_path, mel.sample_rate_hz, recording.start_sec, recording.end_sec)
    )
    frames = compute_log_mel(samples, mel)
    bounds = find_clip_bounds(len(frames), mel.frame_rate_hz)
    if not bounds:
        raise DataError(recording.audio_path, f"has {len(samples)} samples, less than a frame", "correct start and end")
    clips = {
        make_clip_id(recording.recording_id, index): frames[start:end] for index, (start, end) in enumerate(bounds)
    }
    hop = mel.hop_sample
    peaks = [float(np.abs(samples[start * hop : end * hop]).max()) for start, end in bounds]
    write_table(entry / MELS_FILE, make_mel_columns(recording.recording_id, clips, peaks), schema.MELS)
