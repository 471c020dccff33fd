"""Align: when each note of a score sounds in a recording."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp import schema
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio import read_audio
from dp.config import AlignConfig, Config
from dp.errors import DataError
from dp.parallel.outcome import Outcome, attempt
from dp.project import cache_folder, data_folder
from dp.score import read_score
from dp.stages.report import in_order, write_report
from dp.store.cache import discard_entry, find_entry, new_entry
from dp.store.hashing import code_digest, file_sha256, result_key
from dp.store.reading import (
    AlignmentRow,
    StoredRecording,
    read_alignment_file,
    read_score_notes,
    read_score_repeats,
    read_stored_recordings,
)
from dp.store.tables import make_table, read_table, write_dataset, write_table
from dp.store.writing import performed_note_columns, row_columns
from dp.types import Alignment, Repeat, Score, ScoreNotes
from dp.units import sample_to_sec

STAGE = "align"
CODE = ("dp.align", "dp.audio", "dp.stages.align", "dp.store.writing", "dp.schema", "dp.units", "dp.types")
NOTES_FILE = "performed_notes.parquet"
REPORT_FILE = "report.parquet"


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
        """Whose job it is."""
        return self.stored.recording.recording_id


def align_files(
    score_path: Path, audio_path: Path, start_sec: float, end_sec: float | None, config: AlignConfig
) -> tuple[Score, Alignment]:
    """Align one score with one recording; see `align_score`.

    Args:
        score_path: MusicXML or MIDI.
        audio_path: the recording.
        start_sec: start of the music in the recording; the alignment's times count from here.
        end_sec: its end; None = the end of the file.
        config: when to accept.

    Raises:
        DataError: a file is not what it should be.
    """
    score = read_score(score_path)
    return score, align_score(score, audio_path, start_sec, end_sec, config)


def align_score(
    score: Score, audio_path: Path, start_sec: float, end_sec: float | None, config: AlignConfig
) -> Alignment:
    """Align a score that is read with one recording.

    Args:
        score: all of it.
        audio_path: the recording.
        start_sec: start of the music in the recording; the alignment's times count from here.
        end_sec: its end; None = the end of the file.
        config: when to accept.

    Raises:
        DataError: the recording is not what it should be, or the two cannot belong together.
    """
    samples = _read(audio_path, start_sec, end_sec)
    return align(samples, score.notes, config, str(audio_path), score.repeats)


def plan_align(project: Path, config: Config) -> tuple[AlignJob, ...]:
    """A job for every recording that ingest took in."""
    data = data_folder(project)
    notes_by_piece, repeats_by_piece = read_score_notes(data), read_score_repeats(data)
    made_by = (config.align, code_digest(*CODE), _soundfont_sha256(config.align))
    jobs = []
    for stored in read_stored_recordings(data):
        recording = stored.recording
        notes, repeats = notes_by_piece[recording.piece_id], repeats_by_piece.get(recording.piece_id, ())
        slice_sec = (recording.start_sec, recording.end_sec)
        key = result_key(recording.recording_id, stored.audio_sha256, slice_sec, notes, repeats, made_by)
        jobs.append(AlignJob(stored, notes, repeats, config.align, cache_folder(project), key))
    return tuple(jobs)


def find_alignment(job: AlignJob) -> Outcome | None:
    """The outcome of a recording that was aligned before, from the same bytes by the same code; or None."""
    entry = find_entry(job.cache, STAGE, job.key)
    if entry is None:
        return None
    try:
        return _outcome(job, entry, "reused")
    except DataError:
        discard_entry(entry)  # damaged, by the disk or by hand; making it again is the cure
        return None


def align_recording(job: AlignJob) -> Outcome:
    """Align one recording, or find that this was done before."""
    return attempt(job.recording_id, lambda: find_alignment(job) or _align(job))


def publish_align(project: Path, jobs: Sequence[AlignJob], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Write the datasets performed_notes (of what was accepted), alignment_report and align_report from the cache."""
    data = data_folder(project)
    final = in_order(outcomes, [job.recording_id for job in jobs])
    entries = [outcome.entry for outcome in final if outcome.entry is not None]
    reports = [read_alignment_file(entry / REPORT_FILE) for entry in entries]
    table = make_table(
        row_columns(reports, schema.ALIGNMENT_REPORT.names), schema.ALIGNMENT_REPORT, data / "alignment_report"
    )
    write_dataset(data / "alignment_report", [(None, table)], schema.ALIGNMENT_REPORT)
    accepted = [entry for entry, report in zip(entries, reports, strict=True) if report.accepted]
    notes = ((None, read_table(entry / NOTES_FILE, schema.PERFORMED_NOTES)) for entry in accepted)
    write_dataset(data / "performed_notes", notes, schema.PERFORMED_NOTES)
    write_report(data, STAGE, final)
    return final


def _soundfont_sha256(config: AlignConfig) -> str | None:
    """Of what plays the scores, where the method has them played and there is something."""
    if config.method != "publication":
        return None
    from dp.align.publication.fluidsynth import find_soundfont

    try:
        return file_sha256(find_soundfont())
    except DataError:  # every recording will say so
        return None


def _read(audio_path: Path, start_sec: float, end_sec: float | None) -> npt.NDArray[np.float32]:
    from dp.align.spectrum import set_level

    return set_level(read_audio(audio_path, ALIGN_SAMPLE_RATE_HZ, start_sec, end_sec))


def _align(job: AlignJob) -> Outcome:
    recording = job.stored.recording
    samples = _read(recording.audio_path, recording.start_sec, recording.end_sec)
    alignment = align(samples, job.notes, job.config, str(recording.audio_path), job.repeats)
    report = AlignmentRow(
        recording_id=job.recording_id,
        accepted=alignment.accepted,
        reason=alignment.reason,
        note_count=len(alignment.performed),
        score_fit=alignment.score_fit,
        mean_confidence=float(alignment.performed.confidence.mean()),
        tuning_cent=alignment.tuning_cent,
        audio_sec=sample_to_sec(len(samples), ALIGN_SAMPLE_RATE_HZ),
        structure=alignment.structure,
    )
    with new_entry(job.cache, STAGE, job.key) as entry:
        onset_quarter = alignment.notes.onset_quarter
        notes = performed_note_columns(job.recording_id, alignment.score_index, onset_quarter, alignment.performed)
        write_table(entry / NOTES_FILE, notes, schema.PERFORMED_NOTES)
        names = schema.ALIGNMENT_REPORT.names
        write_table(entry / REPORT_FILE, row_columns([report], names), schema.ALIGNMENT_REPORT)
    return _outcome(job, job.cache / STAGE / job.key, "done")


def _outcome(job: AlignJob, entry: Path, outcome: str) -> Outcome:
    report = read_alignment_file(entry / REPORT_FILE)
    return Outcome(job.recording_id, outcome if report.accepted else "rejected", report.reason, entry)
