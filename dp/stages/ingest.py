"""Take recordings in: check that the audio can be read, read the score's notes, hash the bytes both are made from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dp import schema
from dp.config import Config
from dp.corpora import PublishedRecording, list_recordings
from dp.errors import DataError
from dp.parallel.outcome import Outcome, attempt
from dp.parallel.run_log import log_crash
from dp.project import locate_cache_folder, locate_corpus_root, locate_data_folder
from dp.stages import ingest_entry
from dp.stages.ingest_entry import NOTES_FILE, RECORDING_FILE, REPEATS_FILE
from dp.stages.published import add_published, ingest_published
from dp.stages.published_entry import PUBLISHED_FILE
from dp.stages.report import sort_outcomes, write_report
from dp.store.cache import find_entry, make_entry
from dp.store.code import compute_code_digest
from dp.store.hashing import compute_file_sha256, make_result_key
from dp.store.reading import read_recording_file
from dp.store.rows import StoredRecording
from dp.store.tables import make_table, read_table, write_dataset
from dp.store.writing import make_recording_columns
from dp.types import Recording

STAGE = "ingest"


@dataclass(frozen=True)
class IngestJob:
    """One recording to take in."""

    recording: Recording
    cache: Path

    @property
    def recording_id(self) -> str:
        """The recording to take in."""
        return self.recording.recording_id


@dataclass(frozen=True)
class IngestPlan:
    """All recordings of the corpus: those to take in, those that are not there, and published alignments."""

    jobs: tuple[IngestJob, ...]
    missing: tuple[Outcome, ...]
    published: tuple[PublishedRecording, ...] = ()


def plan_ingest(project: Path, config: Config) -> IngestPlan:
    """List the corpus.

    Raises:
        DataError: the folder is no such corpus, or two of its recordings have one id.
    """
    root = locate_corpus_root(project, config.corpus.root)
    corpus = list_recordings(config.corpus.name, root)
    ids = [recording.recording_id for recording in corpus.recordings]
    ids += [missing.recording_id for missing in corpus.missing]
    for recording_id in sorted({name for name in ids if ids.count(name) > 1}):
        raise DataError(root, f"{ids.count(recording_id)} recordings are called {recording_id}", "rename all but one")
    return IngestPlan(
        jobs=tuple(IngestJob(recording, locate_cache_folder(project)) for recording in corpus.recordings),
        missing=tuple(Outcome(missing.recording_id, "missing", missing.reason) for missing in corpus.missing),
        published=corpus.published,
    )


def ingest_recording(job: IngestJob) -> Outcome:
    """Take one recording in, or find that this was done before."""
    return attempt(job.recording_id, lambda: _ingest(job))


def publish_ingest(project: Path, config: Config, plan: IngestPlan, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Write the datasets recordings, published_notes, score_notes, score_repeats and ingest_report.

    Returns:
        the final outcomes: a recording whose score has the id of an earlier one, but other notes, fails here.
    """
    data = locate_data_folder(project)
    ordered = sort_outcomes(outcomes, [job.recording_id for job in plan.jobs])
    stored = {o.recording_id: read_recording_file(o.entry / RECORDING_FILE) for o in ordered if o.entry is not None}
    final = _refuse_other_scores(ordered, stored)
    rows = [stored[outcome.recording_id] for outcome in final if outcome.entry is not None]
    base = None if Path(config.corpus.root).is_absolute() else project
    table = make_table(make_recording_columns(rows, base), schema.RECORDINGS, data / "recordings")
    write_dataset(data / "recordings", [(None, table)], schema.RECORDINGS)
    first_entry: dict[str, Path] = {}
    for outcome in final:
        if outcome.entry is not None:
            first_entry.setdefault(stored[outcome.recording_id].recording.piece_id, outcome.entry)
    published = {
        item.recording.recording_id: ingest_published(item, locate_cache_folder(project)) for item in plan.published
    }
    for outcome in published.values():
        log_crash(outcome)
    published_entry = {
        item.recording.piece_id: entry
        for item in plan.published
        if (entry := published[item.recording.recording_id].entry) is not None
    }
    note_entry = published_entry | first_entry
    notes = ((None, read_table(entry / NOTES_FILE, schema.SCORE_NOTES)) for entry in note_entry.values())
    write_dataset(data / "score_notes", notes, schema.SCORE_NOTES)
    repeats = ((None, read_table(entry / REPEATS_FILE, schema.SCORE_REPEATS)) for entry in first_entry.values())
    write_dataset(data / "score_repeats", repeats, schema.SCORE_REPEATS)
    found = (outcome.entry for outcome in published.values() if outcome.entry is not None)
    tables = ((None, read_table(entry / PUBLISHED_FILE, schema.PUBLISHED_NOTES)) for entry in found)
    write_dataset(data / "published_notes", tables, schema.PUBLISHED_NOTES)
    final += [
        add_published(row, published[row.recording_id]) if row.recording_id in published else row
        for row in plan.missing
    ]
    write_report(data, STAGE, final)
    return final


def _ingest(job: IngestJob) -> Outcome:
    recording = job.recording
    audio_sha256, score_sha256 = compute_file_sha256(recording.audio_path), compute_file_sha256(recording.score_path)
    key = make_result_key(recording, audio_sha256, score_sha256, compute_code_digest(ingest_entry.__name__))
    found = find_entry(job.cache, STAGE, key)
    if found is not None:
        return Outcome(job.recording_id, "reused", entry=found)
    with make_entry(job.cache, STAGE, key) as entry:
        ingest_entry.write_entry(entry, recording, audio_sha256, score_sha256)
    return Outcome(job.recording_id, "done", entry=job.cache / STAGE / key)


def _refuse_other_scores(outcomes: Sequence[Outcome], stored: dict[str, StoredRecording]) -> list[Outcome]:
    """Fail recordings whose piece has another score already: the first recording's score counts."""
    first: dict[str, StoredRecording] = {}
    final = []
    for outcome in outcomes:
        if outcome.entry is not None:
            row = stored[outcome.recording_id]
            other = first.setdefault(row.recording.piece_id, row)
            if other.score_sha256 != row.score_sha256:
                seen = f"has the id {other.recording.piece_id} of another score, {other.recording.score_path}"
                error = DataError(row.recording.score_path, seen, "rename one of the two")
                outcome = Outcome(outcome.recording_id, "failed", str(error))
        final.append(outcome)
    return final
