"""Peaks: the largest sample of every recording."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dp import schema
from dp.config import Config
from dp.parallel.outcome import Outcome, attempt
from dp.project import locate_cache_folder, locate_data_folder
from dp.stages import peaks_entry
from dp.stages.report import sort_outcomes, write_report
from dp.stages.stage_job import find_result, make_result
from dp.store.code import compute_code_digest
from dp.store.hashing import make_result_key
from dp.store.reading import read_stored_recordings
from dp.store.rows import StoredRecording
from dp.store.tables import read_table, write_dataset

STAGE = "peaks"


@dataclass(frozen=True)
class PeaksJob:
    """One recording to find the peak of."""

    stored: StoredRecording
    cache: Path
    key: str

    @property
    def recording_id(self) -> str:
        """Whose job it is."""
        return self.stored.recording.recording_id


def plan_peaks(project: Path, config: Config) -> tuple[PeaksJob, ...]:
    """A job for every recording that ingest took in."""
    code = compute_code_digest(peaks_entry.__name__)
    return tuple(
        PeaksJob(
            stored,
            locate_cache_folder(project),
            make_result_key(stored.recording.recording_id, stored.audio_sha256, code),
        )
        for stored in read_stored_recordings(locate_data_folder(project))
    )


def find_peak(job: PeaksJob) -> Outcome | None:
    """The outcome of a recording whose peak was found before; or None."""
    return find_result(job, STAGE)


def make_peak(job: PeaksJob) -> Outcome:
    """Find the peak of one recording."""

    def write_entry(entry: Path) -> None:
        peaks_entry.write_entry(entry, job.stored.recording)

    return attempt(job.recording_id, lambda: make_result(job, STAGE, write_entry))


def publish_peaks(project: Path, jobs: Sequence[PeaksJob], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Write the datasets peaks and peaks_report from the cache."""
    data = locate_data_folder(project)
    final = sort_outcomes(outcomes, [job.recording_id for job in jobs])
    entries = (outcome.entry for outcome in final if outcome.entry is not None)
    tables = ((None, read_table(entry / peaks_entry.PEAKS_FILE, schema.PEAKS)) for entry in entries)
    write_dataset(data / "peaks", tables, schema.PEAKS)
    write_report(data, STAGE, final)
    return final
