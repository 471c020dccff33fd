"""Track the pitch of every note of all accepted recordings."""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State

from dp.config import PARAMS_FILE, load_config
from dp.parallel.dask_cluster import DaskExecutor
from dp.parallel.executor import run_jobs
from dp.parallel.outcome import Outcome
from dp.stages.pitch import STAGE, find_pitch, make_pitch, plan_pitch, publish_pitch
from flows.stage import finish_stage, run_stage


@task(name="track pitch")
def track_recordings_pitch(project: Path) -> list[Outcome]:
    """Track what was not tracked before, publish."""
    jobs = plan_pitch(project, load_config(project / PARAMS_FILE))
    return publish_pitch(project, jobs, run_jobs(STAGE, make_pitch, jobs, DaskExecutor(), find_pitch))


@flow(name="pitch")
def pitch(project: str) -> State[Any]:
    """Make the dataset note_pitch of the accepted recordings."""
    return finish_stage(Path(project), STAGE, track_recordings_pitch(Path(project)))


if __name__ == "__main__":
    run_stage(pitch, STAGE)
