"""Track the pitch of every note of the accepted recordings.

Instruments make no difference. Of a piano, whose player cannot move a pitch, the curves tell the tuning, 10 to 20 cents
too high, since the partials of its strings are stretched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dp import schema
from dp.config import Config
from dp.parallel.outcome import Outcome, attempt
from dp.project import locate_cache_folder, locate_data_folder
from dp.stages import pitch_entry
from dp.stages.pitch_entry import CURVES_FILE
from dp.stages.report import sort_outcomes, write_report
from dp.stages.stage_job import find_judged_result, make_result
from dp.store.code import compute_code_digest
from dp.store.hashing import make_result_key
from dp.store.note_pitch import read_median_cents
from dp.store.reading import read_alignment_report, read_performed_notes, read_stored_recordings
from dp.store.rows import StoredPerformance, StoredRecording
from dp.store.tables import read_table, write_dataset

STAGE = "pitch"
# Standard deviation of the notes' medians: 11 to 15 cents in real violin recordings, 28 and more where times are 0.15 s
# off and notes are short, 39 to 44 where they are a second off (`python -m bench.pitch`).
_DOUBTFUL_SPREAD_CENT = 25.0
_LONG_FRAME, _FEWEST_NOTE = 13, 8  # of notes that last 0.1 s, and where there are so many


@dataclass(frozen=True)
class PitchJob:
    """One accepted recording to track the notes of."""

    stored: StoredRecording
    played: StoredPerformance
    tuning_cent: float  # as alignment found it
    cache: Path
    key: str

    @property
    def recording_id(self) -> str:
        """The recording to track the notes of."""
        return self.stored.recording.recording_id


def plan_pitch(project: Path, config: Config) -> tuple[PitchJob, ...]:
    """Plan a job for every recording whose score fits."""
    data = locate_data_folder(project)
    tuning_cent = {row.recording_id: row.tuning_cent for row in read_alignment_report(data) if row.accepted}
    played_by_id = read_performed_notes(data)
    code = compute_code_digest(pitch_entry.__name__)
    jobs = []
    for stored in read_stored_recordings(data):
        recording = stored.recording
        if recording.recording_id in tuning_cent:
            told = (played_by_id[recording.recording_id], tuning_cent[recording.recording_id])
            slice_sec = (recording.start_sec, recording.end_sec)
            key = make_result_key(recording.recording_id, stored.audio_sha256, slice_sec, told, code)
            jobs.append(PitchJob(stored, *told, locate_cache_folder(project), key))
    return tuple(jobs)


def find_pitch(job: PitchJob) -> Outcome | None:
    """Find the outcome of a recording whose notes were tracked before; or None."""
    return find_judged_result(job, STAGE, _judge)


def make_pitch(job: PitchJob) -> Outcome:
    """Track the notes of one recording, or find that this was done before."""
    return attempt(job.recording_id, lambda: find_pitch(job) or _track(job))


def publish_pitch(project: Path, jobs: Sequence[PitchJob], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Write the datasets note_pitch and pitch_report from the cache."""
    data = locate_data_folder(project)
    final = sort_outcomes(outcomes, [job.recording_id for job in jobs])
    entries = (outcome.entry for outcome in final if outcome.entry is not None)
    curves = ((None, read_table(entry / CURVES_FILE, schema.NOTE_PITCH)) for entry in entries)
    write_dataset(data / "note_pitch", curves, schema.NOTE_PITCH)
    write_report(data, STAGE, final)
    return final


def _track(job: PitchJob) -> Outcome:
    def write_entry(entry: Path) -> None:
        pitch_entry.write_entry(entry, job.stored.recording, job.played, job.tuning_cent)

    return _judge(make_result(job, STAGE, write_entry), job.cache / STAGE / job.key)


def _judge(outcome: Outcome, entry: Path) -> Outcome:
    """Return the outcome of a tracking, with a doubt where notes lie too far apart to be those that are played."""
    median_cent = read_median_cents(entry / CURVES_FILE, _LONG_FRAME)
    if len(median_cent) < _FEWEST_NOTE or median_cent.std() <= _DOUBTFUL_SPREAD_CENT:
        return outcome
    spread = f"its notes are in tune to {median_cent.std():.0f} cents only, in most recordings to 10 to 15"
    return replace(outcome, reason=f"{spread}: times of notes may be wrong; dp pitch draws them")
