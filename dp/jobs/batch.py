"""Rendering many scores: which are done already, how far it is, and the manifest, which tells of each as it is done."""

import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from dp.jobs.events import Event, OnEvent
from dp.jobs.manifest import Manifest, open_manifest
from dp.jobs.outcome import Outcome
from dp.jobs.progress import show_progress
from dp.jobs.rendering import RenderJob, Request, model_version, output_names, plan_job, row_of
from dp.jobs.summary import FAILURES
from dp.schema import RENDER_OUTCOMES
from dp.store.files import TEMPORARY_PREFIX
from dp.store.renderings import RenderingRow

STAGE = "render"

Run = Callable[[Sequence[RenderJob]], Generator[Outcome, None, None]]  # does jobs, in any order


def render_all(scores: Sequence[Path], request: Request, run: Run, quiet: bool) -> int:
    """Render scores, but those that are finished; the manifest tells of each as it is done.

    Args:
        scores: their files; what cannot be used costs only itself.
        request: what is wanted of them.
        run: does the jobs.
        quiet: show errors only.

    Returns:
        the exit code: 0, or 1 if some score failed.

    Raises:
        DataError: there are no models, or the folder cannot be used.
    """
    version = model_version(request.models)
    chosen = list({score.absolute(): score for score in scores}.values())
    names = output_names(chosen, request.suffix)
    with open_manifest(request.out) as manifest:
        planned = [plan_job(score, name, request, version) for score, name in zip(chosen, names, strict=True)]
        tally = _Tally(len(planned))
        todo = []
        for job in planned:
            found = manifest.finished(job.row)
            if found is None:
                todo.append(job)
            else:
                manifest.record(replace(found, outcome="skipped"))
                tally.add(Outcome(job.recording_id, "skipped"))
        if todo:
            with show_progress(quiet) as on_event:
                _work_off(todo, run, manifest, tally, on_event)
    return tally.report(quiet)


def _work_off(jobs: Sequence[RenderJob], run: Run, manifest: Manifest, tally: "_Tally", on_event: OnEvent) -> None:
    waiting = {job.recording_id: job for job in jobs}
    started_sec = time.time()
    on_event(tally.event())
    try:
        with closing(run(jobs)) as outcomes:  # so that an interruption ends the workers first
            for outcome in outcomes:
                row = row_of(waiting[outcome.recording_id], outcome)
                manifest.record(row)
                tally.add(outcome, row)
                if outcome.outcome == "done":
                    del waiting[outcome.recording_id]
                on_event(tally.event(f"{outcome.recording_id} {outcome.outcome}"))
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

    def event(self, text: str = "") -> Event:
        """Where it stands now."""
        if self.tried_count:
            left = self.total - len(self.outcomes)
            left_sec = (time.monotonic() - self.started_sec) / self.tried_count * left
            text = f"{self.pace}, {_duration(left_sec)} left; {text}"
        return Event(STAGE, len(self.outcomes), self.total, text)

    def report(self, quiet: bool) -> int:
        """Tell how it ended; errors even where it is to be quiet. Returns the exit code."""
        failed = [outcome for outcome in self.outcomes if outcome.outcome in FAILURES]
        lines = [failure_line(outcome) for outcome in failed]
        if not quiet:
            counts = Counter(outcome.outcome for outcome in self.outcomes)
            said = ", ".join(f"{counts[name]} {name}" for name in RENDER_OUTCOMES if counts[name])
            took = f"; {self.audio_sec / 60:.1f} min of audio, {self.pace}" if self.audio_sec else ""
            lines = [*(f"warning: {warning}" for warning in self.warnings), *lines, f"{STAGE}: {said}{took}"]
        for line in lines:
            print(line, file=sys.stderr, flush=True)
        return 1 if failed else 0


def failure_line(outcome: Outcome) -> str:
    """What went wrong, in one line that names the score."""
    known = outcome.recording_id in outcome.reason
    return outcome.reason if known else f"{outcome.recording_id}: {outcome.outcome}: {outcome.reason}"


def _duration(length_sec: float) -> str:
    minutes, seconds = divmod(round(length_sec), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
