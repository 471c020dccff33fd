"""Peaks: the largest sample of all recordings."""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State

from dp.config import PARAMS_FILE, load_config
from dp.parallel.executor import SerialExecutor, run_jobs
from dp.parallel.outcome import Outcome
from dp.stages.peaks import STAGE, find_peak, make_peak, plan_peaks, publish_peaks
from flows.stage import finish_stage, run_stage


@task(name="find peaks")
def peaks_of_recordings(project: Path) -> list[Outcome]:
    """Find the peaks that were not found before, publish."""
    jobs = plan_peaks(project, load_config(project / PARAMS_FILE))
    outcomes = run_jobs(STAGE, make_peak, jobs, SerialExecutor(), find_peak)
    return publish_peaks(project, jobs, outcomes)


@flow(name="peaks")
def peaks(project: str) -> State[Any]:
    """Recordings to the dataset peaks."""
    return finish_stage(Path(project), STAGE, peaks_of_recordings(Path(project)))


if __name__ == "__main__":
    run_stage(peaks, STAGE)
