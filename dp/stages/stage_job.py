"""A stage does its work on one recording as a job, and keeps the result in the per-recording cache."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dp.errors import DataError
from dp.parallel.executor import Job
from dp.parallel.outcome import Outcome
from dp.store.cache import discard_entry, find_entry, make_entry


class StageJob(Job, Protocol):
    """One recording's work in a stage: a frozen dataclass that can be sent to another process.

    A stage is a module `dp/stages/<stage>.py` with its name, `STAGE`, and four functions of such jobs (see `features`):

        plan_<stage>(project, config): the jobs, from the datasets that earlier stages published
        find_<stage>(job): the outcome if the result is in the cache already, or None
        make_<stage>(job): the outcome of making it; whatever goes wrong costs this recording alone
        publish_<stage>(project, jobs, outcomes): writes the stage's datasets and its report from the cache; it takes
            more where it needs more, as `publish_features` takes the splits

    `align` calls two of them by the verb, `find_alignment` and `align_recording`. `ingest` differs: its plan also holds
    what is missing and the published alignments, its jobs find their own key, since that takes reading the files, and
    so it has no function that only finds.
    """

    @property
    def cache(self) -> Path:
        """The per-recording cache."""

    @property
    def key(self) -> str:
        """Digest of all that the result depends on: `make_result_key` of it, with `compute_code_digest` of the code."""


def find_result(job: StageJob, stage: str) -> Outcome | None:
    """Find the outcome of a job whose result was made before, by the same code from the same bytes; or None."""
    entry = find_entry(job.cache, stage, job.key)
    return None if entry is None else Outcome(job.recording_id, "reused", entry=entry)


def find_judged_result(job: StageJob, stage: str, judge: Callable[[Outcome, Path], Outcome]) -> Outcome | None:
    """Find the outcome of a job as `find_result` does, judged by what was kept; or None.

    Args:
        job: the recording's work.
        stage: its stage.
        judge: makes the outcome of a found one and of the folder with its result; raises DataError if that is damaged,
            by the disk or by hand. It is discarded then: making it again is the cure.
    """
    found = find_result(job, stage)
    if found is None or found.entry is None:
        return None
    try:
        return judge(found, found.entry)
    except DataError:
        discard_entry(found.entry)
        return None


def make_result(job: StageJob, stage: str, write_entry: Callable[[Path], None]) -> Outcome:
    """Make the result of a job and keep it.

    Args:
        job: the recording's work.
        stage: its stage.
        write_entry: writes the result into an empty folder.

    Raises:
        DataError: the recording cannot be used; nothing is kept.
        OSError: a file cannot be written; nothing is kept.
    """
    with make_entry(job.cache, stage, job.key) as entry:
        write_entry(entry)
    return Outcome(job.recording_id, "done", entry=job.cache / stage / job.key)
