"""Rendering many scores: which are done already, how far it is, and the manifest, which tells of each as it is done."""

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from dp.batch.job import (
    RenderJob,
    Request,
    check_models,
    compute_model_version,
    make_row,
    name_outputs,
    plan_job,
    render_job,
)
from dp.batch.manifest import Manifest, open_manifest
from dp.parallel.dask_cluster import DaskExecutor
from dp.parallel.events import Event, OnEvent, describe_traceback
from dp.parallel.executor import Executor, J
from dp.parallel.outcome import Outcome
from dp.parallel.progress import show_progress
from dp.parallel.run_log import find_traceback_file, keep_log, log_crash
from dp.project import find_logs_folder
from dp.schema import FAILURES, RENDER_OUTCOMES
from dp.store.files import TEMPORARY_PREFIX
from dp.store.renderings import RenderingRow

STAGE = "render"


def render_batch(scores: Sequence[Path], request: Request, worker_count: int | None = None, quiet: bool = False) -> int:
    """Render scores on Dask's workers; see `render_all`.

    A worker reads the models once. Which device it uses is its own business: one worker per GPU sees one GPU.

    Args:
        scores: their files.
        request: what is wanted of them.
        worker_count: processes; None = as many as DP_WORKERS says, or else one per core.
        quiet: show errors only.
    """
    return render_all(scores, request, _BatchExecutor(request, worker_count), quiet)


@dataclass(frozen=True)
class _BatchExecutor:
    """Dask, once it is certain that not every score would fail."""

    request: Request
    worker_count: int | None

    def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
        """See `dp.parallel.executor.Executor`."""
        check_models(self.request)
        with tempfile.TemporaryDirectory() as state:
            yield from DaskExecutor(self.worker_count, Path(state)).run(work, jobs)


def render_all(
    scores: Sequence[Path],
    request: Request,
    executor: Executor,
    quiet: bool = False,
    work: Callable[[RenderJob], Outcome] = render_job,
) -> int:
    """Render scores, but those that are finished; the manifest tells of each as it is done.

    Tracebacks of unexpected errors are kept in `.dp/logs` of the project, or outside of one beside the manifest.

    Args:
        scores: their files; what cannot be used costs only itself.
        request: what is wanted of them.
        executor: does the jobs.
        quiet: show errors only.
        work: does one of them.

    Returns:
        the exit code: 0, or 1 if some score failed.

    Raises:
        DataError: the models or the folder cannot be used, or a performer is unknown to the models.
    """
    version = compute_model_version(request.models)
    chosen = list({score.absolute(): score for score in scores}.values())
    names = name_outputs(chosen, request.suffix)
    with keep_log(find_logs_folder(request.project, request.out), STAGE):
        with open_manifest(request.out) as manifest:
            planned = [plan_job(score, name, request, version) for score, name in zip(chosen, names, strict=True)]
            tally = _Tally(len(planned))
            todo = []
            for job in planned:
                found = manifest.find_finished(job.row)
                if found is None:
                    todo.append(job)
                else:
                    manifest.record(replace(found, outcome="skipped"))
                    tally.add(Outcome(job.recording_id, "skipped"))
            if todo:
                with show_progress(quiet) as on_event:
                    _work_off(todo, executor.run(work, todo), manifest, tally, on_event)
        return tally.report(quiet)


def _work_off(
    jobs: Sequence[RenderJob],
    outcomes: Generator[Outcome, None, None],
    manifest: Manifest,
    tally: "_Tally",
    on_event: OnEvent,
) -> None:
    waiting = {job.recording_id: job for job in jobs}
    started_sec = time.time()
    on_event(tally.make_event())
    try:
        with closing(outcomes):  # so that an interruption ends the workers first
            for outcome in outcomes:
                log_crash(outcome)
                row = make_row(waiting[outcome.recording_id], outcome)
                manifest.record(row)
                tally.add(outcome, row)
                if outcome.outcome == "done":
                    del waiting[outcome.recording_id]
                on_event(tally.make_event(f"{outcome.recording_id} {outcome.outcome}"))
    finally:
        clear_away(list(waiting.values()), started_sec)


def clear_away(jobs: Sequence[RenderJob], since_sec: float) -> None:
    """Remove what processes that were ended left beside the audio of their jobs, begun after `since_sec`."""
    for folder in {job.audio.parent for job in jobs}:
        for left in folder.glob(f"{TEMPORARY_PREFIX}*"):
            if left.stat().st_mtime >= since_sec:
                shutil.rmtree(left, ignore_errors=True)


class _Tally:
    """How far a batch is."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.outcomes: list[Outcome] = []
        self.warnings: list[str] = []
        self.audio_sec = 0.0
        self.tried_count = 0
        self.started_sec = time.monotonic()

    def add(self, outcome: Outcome, row: RenderingRow | None = None) -> None:
        """Count a score; without a row it was found finished."""
        self.outcomes.append(outcome)
        if row is not None:
            self.tried_count += 1
            self.audio_sec += row.audio_sec
            self.warnings += [f"{outcome.recording_id}: {warning}" for warning in row.warnings]

    @property
    def pace(self) -> str:
        """Minutes of audio made per minute."""
        return f"{self.audio_sec / max(time.monotonic() - self.started_sec, 1e-9):.1f} min of audio per min"

    def make_event(self, text: str = "") -> Event:
        """Make the event that says how far the batch is."""
        if self.tried_count:
            left = self.total - len(self.outcomes)
            left_sec = (time.monotonic() - self.started_sec) / self.tried_count * left
            text = f"{self.pace}, {_format_duration(left_sec)} left; {text}"
        return Event(STAGE, len(self.outcomes), self.total, text)

    def report(self, quiet: bool) -> int:
        """Tell how it ended; errors even where it is to be quiet. Returns the exit code."""
        failed = [outcome for outcome in self.outcomes if outcome.outcome in FAILURES]
        lines = [describe_failure(outcome) for outcome in failed]
        if not quiet:
            counts = Counter(outcome.outcome for outcome in self.outcomes)
            said = ", ".join(f"{counts[name]} {name}" for name in RENDER_OUTCOMES if counts[name])
            took = f"; {self.audio_sec / 60:.1f} min of audio, {self.pace}" if self.audio_sec else ""
            lines = [*(f"warning: {warning}" for warning in self.warnings), *lines, f"{STAGE}: {said}{took}"]
        for line in lines:
            print(line, file=sys.stderr, flush=True)
        return 1 if failed else 0


def describe_failure(outcome: Outcome) -> str:
    """Describe a failure in one line: the score, the reason and, where it was unexpected, the traceback's file."""
    note = describe_traceback(find_traceback_file()) if outcome.traceback else ""
    known = outcome.recording_id in outcome.reason
    return (outcome.reason if known else f"{outcome.recording_id}: {outcome.outcome}: {outcome.reason}") + note


def _format_duration(length_sec: float) -> str:
    minutes, seconds = divmod(round(length_sec), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
