"""Many scores rendered on Dask's workers, without Prefect: `flows.render` makes a flow of it.

A worker reads the models once. Which device it uses is its own business: one worker per GPU sees one GPU.
"""

import tempfile
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path

from dp.jobs.batch import render_all
from dp.jobs.outcome import Outcome
from dp.jobs.rendering import RenderJob, Request, render_one
from dp.render.options import OutputOptions, RenderOptions
from dp.render.worker import check_request, render_file
from flows.cluster import dask_client, work_off


def render_batch(
    scores: Sequence[Path],
    out: Path,
    models: Path,
    options: RenderOptions,
    output: OutputOptions,
    suffix: str,
    jobs: int | None = None,
    quiet: bool = False,
) -> int:
    """Render scores into a folder; those that are finished there are skipped.

    Args:
        scores: their files.
        out: folder for the audio and `manifest.parquet`.
        models: folder of a timing, a synthesis and a vocoder model.
        options: how they are performed.
        output: what is written of each.
        suffix: of the audio: .wav, .flac or .ogg.
        jobs: worker processes; None = as many as DP_WORKERS says, or else one per core.
        quiet: show errors only.

    Returns:
        the exit code: 0, or 1 if some score failed.

    Raises:
        DataError: the models or the folder cannot be used, or a performer is unknown.
    """
    request = Request(out.absolute(), models.absolute(), options, output, suffix)
    return render_all(scores, request, partial(_checked, worker_count=jobs), quiet)


def render_score(job: RenderJob) -> Outcome:
    """Render one score, in a worker."""
    return render_one(job, render_file)


def on_dask(
    jobs: Sequence[RenderJob], work: Callable[[RenderJob], Outcome], worker_count: int | None
) -> Generator[Outcome, None, None]:
    """Do jobs on Dask's workers, in any order."""
    with tempfile.TemporaryDirectory() as state, dask_client(len(jobs), worker_count, Path(state)) as client:
        yield from work_off(client, work, jobs)


def _checked(jobs: Sequence[RenderJob], worker_count: int | None) -> Generator[Outcome, None, None]:
    first = jobs[0]
    check_request(first.request.models, first.row.model_version, first.request.options)
    yield from on_dask(jobs, render_score, worker_count)
