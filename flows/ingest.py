"""Take in the corpus's recordings and the notes of its scores."""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State

from dp.config import PARAMS_FILE, load_config
from dp.parallel.dask_cluster import DaskExecutor
from dp.parallel.executor import run_jobs
from dp.parallel.outcome import Outcome
from dp.stages.ingest import STAGE, ingest_recording, plan_ingest, publish_ingest
from flows.stage import finish_stage, run_stage


@task(name="ingest recordings")
def ingest_recordings(project: Path) -> list[Outcome]:
    """List the corpus, take every recording in, publish."""
    config = load_config(project / PARAMS_FILE)
    plan = plan_ingest(project, config)
    outcomes = run_jobs(STAGE, ingest_recording, plan.jobs, DaskExecutor())
    return publish_ingest(project, config, plan, outcomes)


@flow(name="ingest")
def ingest(project: str) -> State[Any]:
    """Make the datasets recordings, score_notes, score_repeats and published_notes of the corpus's files."""
    return finish_stage(Path(project), STAGE, ingest_recordings(Path(project)))


if __name__ == "__main__":
    run_stage(ingest, STAGE)
