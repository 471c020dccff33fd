"""The recordings that a bench of sounds compares with, as a project's dataset has them."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from dp.data.load_sound import load_voice_recordings
from dp.data.voices import VoiceRecording
from dp.errors import DataError
from dp.project import locate_data_folder
from dp.store.reading import read_clips, read_performed_notes


def read_real_recordings(project: Path, patterns: Sequence[str], sample_rate_hz: int) -> list[VoiceRecording]:
    """Read the recordings that the project's split holds out, or those whose ids match any of `patterns`.

    Raises:
        DataError: there are none, or the dataset is missing.
    """
    data = locate_data_folder(project)
    if patterns:
        chosen = {name for name in read_performed_notes(data) if any(fnmatch(name, item) for item in patterns)}
    else:
        chosen = {row.recording_id for row in read_clips(data) if row.valid_by_recording}
    if not chosen:
        raise DataError(project, "holds out no whole recording", "name some by --recording")
    return list(load_voice_recordings(data, sample_rate_hz, chosen).values())
