"""Real recordings with the notes they play, as a project's dataset has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp.audio.level import scale_to_full_level
from dp.audio.reading import read_audio
from dp.errors import DataError
from dp.project import locate_data_folder
from dp.store.reading import read_alignment_report, read_clips, read_performed_notes, read_recordings
from dp.types import PerformedNotes

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RealRecording:
    """One recording to be compared with."""

    recording_id: str
    performer: str
    performed: PerformedNotes  # by alignment
    tuning_cent: float
    samples: F32  # [L] at full level


def read_real_recordings(project: Path, patterns: Sequence[str], sample_rate_hz: int) -> list[RealRecording]:
    """Read the recordings that the project's split holds out, or those whose ids match any of `patterns`.

    Raises:
        DataError: there are none, or the dataset is missing.
    """
    data = locate_data_folder(project)
    held_out = {row.recording_id for row in read_clips(data) if row.valid_by_recording}
    performed = read_performed_notes(data)
    tuning_cent = {row.recording_id: row.tuning_cent for row in read_alignment_report(data)}
    found = []
    for recording in read_recordings(data):
        name = recording.recording_id
        chosen = any(fnmatch(name, pattern) for pattern in patterns) if patterns else name in held_out
        if chosen and name in performed:
            slice_sec = (recording.start_sec, recording.end_sec)
            samples = scale_to_full_level(read_audio(recording.audio_path, sample_rate_hz, *slice_sec))
            notes = performed[name].performed
            found.append(RealRecording(name, recording.performer, notes, tuning_cent[name], samples))
    if not found:
        raise DataError(project, "holds out no whole recording", "name some by --recording")
    return found
