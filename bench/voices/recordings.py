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
from dp.store.note_pitch import read_note_pitch
from dp.store.reading import read_alignment_report, read_clips, read_performed_notes, read_recordings
from dp.types import PerformedNotes, PitchCurve

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RealRecording:
    """One recording to be compared with."""

    recording_id: str
    performer: str
    performed: PerformedNotes  # by alignment
    tuning_cent: float  # from A = 440 Hz
    curves: tuple[PitchCurve, ...]  # of its notes, as stage pitch tracked them
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
    chosen = {
        name for name in performed if (any(fnmatch(name, item) for item in patterns) if patterns else name in held_out)
    }
    curves = dict(read_note_pitch(data, chosen))
    found = []
    for recording in (item for item in read_recordings(data) if item.recording_id in chosen):
        name, slice_sec = recording.recording_id, (recording.start_sec, recording.end_sec)
        samples = scale_to_full_level(read_audio(recording.audio_path, sample_rate_hz, *slice_sec))
        notes = performed[name].performed
        found.append(RealRecording(name, recording.performer, notes, tuning_cent[name], curves[name], samples))
    if not found:
        raise DataError(project, "holds out no whole recording", "name some by --recording")
    return found
