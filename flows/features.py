"""Make the log-mels and clips of all accepted recordings."""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State

from dp.config import PARAMS_FILE, load_config
from dp.parallel.dask_cluster import DaskExecutor
from dp.parallel.executor import run_jobs
from dp.parallel.outcome import Outcome
from dp.stages.features import STAGE, find_features, make_features, plan_features, publish_features
from flows.stage import finish_stage, run_stage


@task(name="make features")
def make_recordings_features(project: Path) -> list[Outcome]:
    """Make the features that were not made before, split, publish."""
    config = load_config(project / PARAMS_FILE)
    jobs = plan_features(project, config)
    outcomes = run_jobs(STAGE, make_features, jobs, DaskExecutor(), find_features)
    return publish_features(project, config.split, jobs, outcomes)


@flow(name="features")
def features(project: str) -> State[Any]:
    """Make the datasets mels and clips of the accepted recordings."""
    return finish_stage(Path(project), STAGE, make_recordings_features(Path(project)))


if __name__ == "__main__":
    run_stage(features, STAGE)
