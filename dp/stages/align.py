"""Align a score with a recording: find when each note sounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dp import schema
from dp.config import AlignConfig, Config
from dp.errors import DataError
from dp.parallel.outcome import Outcome, attempt
from dp.project import locate_cache_folder, locate_data_folder
from dp.stages import align_entry
from dp.stages.align_entry import NOTES_FILE, REPORT_FILE
from dp.stages.report import sort_outcomes, write_report
from dp.stages.stage_job import find_judged_result, make_result
from dp.store.code import compute_code_digest
from dp.store.hashing import compute_file_sha256, make_result_key
from dp.store.reading import read_alignment_file, read_score_notes, read_score_repeats, read_stored_recordings
from dp.store.rows import StoredRecording
from dp.store.tables import make_table, read_table, write_dataset
from dp.store.writing import make_row_columns
from dp.types import Repeat, ScoreNotes

STAGE = "align"


@dataclass(frozen=True)
class AlignJob:
    """One recording to align."""

    stored: StoredRecording
    notes: ScoreNotes
    repeats: tuple[Repeat, ...]
    config: AlignConfig
    cache: Path
    key: str

    @property
    def recording_id(self) -> str:
        """The recording to align."""
        return self.stored.recording.recording_id


def plan_align(project: Path, config: Config) -> tuple[AlignJob, ...]:
    """Plan a job for every recording that ingest took in."""
    data = locate_data_folder(project)
    notes_by_piece, repeats_by_piece = read_score_notes(data), read_score_repeats(data)
    made_by = (config.align, compute_code_digest(align_entry.__name__), _hash_soundfont(config.align))
    jobs = []
    for stored in read_stored_recordings(data):
        recording = stored.recording
        notes, repeats = notes_by_piece[recording.piece_id], repeats_by_piece.get(recording.piece_id, ())
        slice_sec = (recording.start_sec, recording.end_sec)
        key = make_result_key(recording.recording_id, stored.audio_sha256, slice_sec, notes, repeats, made_by)
        jobs.append(AlignJob(stored, notes, repeats, config.align, locate_cache_folder(project), key))
    return tuple(jobs)


def find_alignment(job: AlignJob) -> Outcome | None:
    """Find the outcome of a recording that was aligned before, from the same bytes by the same code; or None."""
    return find_judged_result(job, STAGE, _judge)


def align_recording(job: AlignJob) -> Outcome:
    """Align one recording, or find that this was done before."""
    return attempt(job.recording_id, lambda: find_alignment(job) or _align(job))


def publish_align(project: Path, jobs: Sequence[AlignJob], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Write the datasets performed_notes (of what was accepted), alignment_report and align_report from the cache."""
    data = locate_data_folder(project)
    final = sort_outcomes(outcomes, [job.recording_id for job in jobs])
    entries = [outcome.entry for outcome in final if outcome.entry is not None]
    reports = [read_alignment_file(entry / REPORT_FILE) for entry in entries]
    table = make_table(
        make_row_columns(reports, schema.ALIGNMENT_REPORT.names), schema.ALIGNMENT_REPORT, data / "alignment_report"
    )
    write_dataset(data / "alignment_report", [(None, table)], schema.ALIGNMENT_REPORT)
    accepted = [entry for entry, report in zip(entries, reports, strict=True) if report.accepted]
    notes = ((None, read_table(entry / NOTES_FILE, schema.PERFORMED_NOTES)) for entry in accepted)
    write_dataset(data / "performed_notes", notes, schema.PERFORMED_NOTES)
    write_report(data, STAGE, final)
    return final


def _hash_soundfont(config: AlignConfig) -> str | None:
    """Hash the soundfont that plays the scores, where the method has them played and there is one."""
    if config.method != "publication":
        return None
    from dp.align.publication.fluidsynth import find_soundfont

    try:
        return compute_file_sha256(find_soundfont())
    except DataError:  # every recording will say so
        return None


def _align(job: AlignJob) -> Outcome:
    def write_entry(entry: Path) -> None:
        align_entry.write_entry(entry, job.stored.recording, job.notes, job.repeats, job.config)

    return _judge(make_result(job, STAGE, write_entry), job.cache / STAGE / job.key)


def _judge(outcome: Outcome, entry: Path) -> Outcome:
    """Return the outcome of an alignment, which may be that the score does not fit."""
    report = read_alignment_file(entry / REPORT_FILE)
    return replace(outcome, outcome=outcome.outcome if report.accepted else "rejected", reason=report.reason)
