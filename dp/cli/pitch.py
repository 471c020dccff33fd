"""Run `dp pitch`: draw the pitch curves of a recording of the dataset."""

from pathlib import Path

from dp.cli.console import report
from dp.cli.paths import check_out
from dp.errors import DataError
from dp.project import find_project, locate_data_folder

_SHOWN_SEC = 30.0  # where no end is given


def draw_pitch(
    project: Path | None,
    recording_id: str,
    out: Path,
    start_sec: float,
    end_sec: float | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Draw a stretch of a recording, in seconds from the start of its slice."""
    from dp.audio.harmonic_sums import PITCH_SAMPLE_RATE_HZ
    from dp.audio.reading import read_audio
    from dp.report.pitch_plot import plot_pitch
    from dp.store.note_pitch import read_note_pitch
    from dp.store.reading import read_performed_notes, read_recordings

    check_out(out, (".png",))
    data = locate_data_folder(find_project(project))
    curves = dict(read_note_pitch(data, {recording_id})).get(recording_id)
    if curves is None:
        raise DataError(recording_id, "has no pitch curves", f"see {data / 'pitch_report'}, or name another recording")
    (recording,) = (item for item in read_recordings(data) if item.recording_id == recording_id)
    first_sec = recording.start_sec + start_sec
    last_sec = recording.start_sec + (start_sec + _SHOWN_SEC if end_sec is None else end_sec)
    last_sec = last_sec if recording.end_sec is None else min(last_sec, recording.end_sec)
    if first_sec >= last_sec:
        raise DataError(recording_id, f"ends before {start_sec:g} s", "give an earlier --start")
    samples = read_audio(recording.audio_path, PITCH_SAMPLE_RATE_HZ, first_sec, last_sec)
    pitch = read_performed_notes(data)[recording_id].performed.pitch
    plot_pitch(out, samples, PITCH_SAMPLE_RATE_HZ, pitch, curves, recording_id, start_sec)
    shown_sec = {"start_sec": start_sec, "end_sec": last_sec - recording.start_sec}
    text = f"{out}: {recording_id}, {start_sec:g} to {shown_sec['end_sec']:g} s"
    report({"picture": str(out), "recording_id": recording_id, **shown_sec}, text, quiet, as_json)
    return 0
