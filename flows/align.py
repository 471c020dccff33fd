"""Align all recordings of a project: find when each note sounds."""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State

from dp.config import PARAMS_FILE, load_config
from dp.parallel.dask_cluster import DaskExecutor
from dp.parallel.executor import run_jobs
from dp.parallel.outcome import Outcome
from dp.stages.align import STAGE, align_recording, find_alignment, plan_align, publish_align
from flows.stage import finish_stage, run_stage


@task(name="align recordings")
def align_recordings(project: Path) -> list[Outcome]:
    """Align what was not aligned before, publish."""
    jobs = plan_align(project, load_config(project / PARAMS_FILE))
    outcomes = run_jobs(STAGE, align_recording, jobs, DaskExecutor(), find_alignment)
    return publish_align(project, jobs, outcomes)


@flow(name="align")
def align(project: str) -> State[Any]:
    """Make performed_notes and alignment_report of the datasets recordings and score_notes."""
    return finish_stage(Path(project), STAGE, align_recordings(Path(project)))


if __name__ == "__main__":
    run_stage(align, STAGE)
