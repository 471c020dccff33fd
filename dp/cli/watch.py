"""Run `dp render --watch`: render whatever is dropped into a folder, until interrupted."""

import sys
import time
from pathlib import Path

from dp.batch.find_scores import list_scores
from dp.batch.job import (
    RenderJob,
    Request,
    compute_model_version,
    make_row,
    name_outputs,
    plan_job,
    render_job,
)
from dp.batch.manifest import Manifest, open_manifest
from dp.batch.run import clear_away, describe_failure
from dp.cli.console import note
from dp.cli.signals import catch_sigterm
from dp.errors import DataError
from dp.parallel.process import Worker
from dp.parallel.run_log import keep_log, log_crash
from dp.project import find_logs_folder
from dp.render_options import OutputOptions, RenderOptions
from dp.schema import FAILURES

POLL_SEC = 1.0  # a file that did not change from one look to the next is complete

Stamp = tuple[int, int]  # size and time of the last change


def watch(
    folder: Path,
    out: Path,
    models: Path | None,
    options: RenderOptions,
    output: OutputOptions,
    suffix: str,
    project: Path | None,
    quiet: bool,
) -> int:
    """Render the scores of a folder and of the folders in it, now and as they come, until Ctrl-C or SIGTERM.

    A score that cannot be rendered is one line on standard error and a row of the manifest, and is not tried again
    until it changes. Rendering is done in another process, which may die without ending this one.

    Args:
        folder: to look into.
        out: folder for the audio and `manifest.parquet`; if it is inside `folder`, what it holds is not looked at.
        models: as of `Request`; newer ones are used as soon as they are there.
        options: how scores are performed.
        output: what is written of each.
        suffix: of the audio: .wav, .flac or .ogg.
        project: in whose `.dp/logs` tracebacks are kept; None = see `find_project`, or `out` outside of a project.
        quiet: show errors only.

    Returns:
        the exit code, 0.

    Raises:
        DataError: there is no such folder, it is `out` itself, or there are no models.
    """
    if not folder.is_dir():
        raise DataError(folder, "is no folder", "give --watch a folder")
    if folder.resolve().is_relative_to(out.resolve()):
        raise DataError(out, "is where scores are watched for, or above it", "choose another folder for the audio")
    request = Request(out.absolute(), models, options, output, suffix)
    compute_model_version(request.models)
    logged = keep_log(find_logs_folder(project, request.out), "watch")
    with catch_sigterm(), logged, open_manifest(request.out) as manifest, Worker(render_job) as worker:
        note(f"watching {folder}; Ctrl-C ends it", quiet)
        try:
            _Watch(folder, request, manifest, worker, quiet).run()
        except KeyboardInterrupt:
            note("stopped; what was finished is kept", quiet)
    return 0


class _Watch:
    """What was seen of a folder so far."""

    def __init__(
        self, folder: Path, request: Request, manifest: Manifest, worker: Worker[RenderJob], quiet: bool
    ) -> None:
        self._folder = folder
        self._request = request
        self._manifest = manifest
        self._worker = worker
        self._quiet = quiet
        self._handled: dict[Path, Stamp] = {}

    def run(self) -> None:
        """Look, render what is new and complete, wait, for ever."""
        before: dict[Path, Stamp] = {}
        while True:
            now = self._look()
            names = dict(zip(now, name_outputs(list(now), self._request.suffix), strict=True))
            for score, stamp in now.items():
                if before.get(score) == stamp and self._handled.get(score) != stamp:
                    self._handled[score] = stamp
                    self._render(
                        plan_job(score, names[score], self._request, compute_model_version(self._request.models))
                    )
            self._manifest.write()
            before = now
            time.sleep(POLL_SEC)

    def _look(self) -> dict[Path, Stamp]:
        found = {}
        for path in list_scores(self._folder, self._request.out):
            try:
                status = path.stat()
            except FileNotFoundError:  # it went meanwhile
                continue
            found[path] = (status.st_size, status.st_mtime_ns)
        return found

    def _render(self, job: RenderJob) -> None:
        """Render a score, unless it is finished, or known not to be usable."""
        tried = self._manifest.find_same_work(job.row)
        if self._manifest.find_finished(job.row) or (tried is not None and tried.outcome == "failed"):
            return
        started_sec = time.time()
        try:
            outcome = self._worker.do(job)
        except BaseException:
            self._worker.stop()
            clear_away([job], started_sec)
            raise
        log_crash(outcome)
        row = make_row(job, outcome)
        self._manifest.record(row)
        if outcome.outcome in FAILURES:
            clear_away([job], started_sec)
            print(describe_failure(outcome), file=sys.stderr, flush=True)
        else:
            note(f"{job.recording_id}: {row.audio_sec:.1f} s of audio in {row.render_sec:.1f} s", self._quiet)
            for warning in row.warnings:
                note(f"warning: {job.recording_id}: {warning}", self._quiet)
