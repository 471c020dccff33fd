"""What the orchestration costs: trivial recordings through a Prefect flow with Dask inside, once the server is up.

    python -m bench.flows.overhead [COUNT] [WORKERS]

Target: 500 recordings under 20 ms each, the cluster's start and end included.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from dp.parallel.environment import WORKERS_VARIABLE
from dp.parallel.events import EVENTS_VARIABLE
from dp.parallel.outcome import Outcome
from dp.stages.environment import SERVER_VARIABLE, make_command_environment
from flows.processes import project_lock, start_prefect_server

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET_MS = 20.0


@dataclass(frozen=True)
class TrivialJob:
    """A recording that needs no work."""

    recording_id: str


def do_nothing(job: TrivialJob) -> Outcome:
    """Be done."""
    return Outcome(job.recording_id, "done")


def measure(count: int) -> None:
    """Run the flow in this process, whose environment names the server."""
    from prefect import flow, task

    from dp.parallel.dask_cluster import DaskExecutor
    from dp.parallel.executor import run_jobs

    @task
    def work() -> int:
        return len(run_jobs("overhead", do_nothing, [TrivialJob(str(index)) for index in range(count)], DaskExecutor()))

    @flow
    def overhead() -> int:
        return work()

    start_sec = time.perf_counter()
    assert overhead() == count
    elapsed_sec = time.perf_counter() - start_sec
    each_ms = 1000 * elapsed_sec / count
    print(f"{count} trivial recordings: {elapsed_sec:.1f} s, {each_ms:.1f} ms each (target: under {TARGET_MS:g} ms)")


def main(count: int, worker_count: int) -> None:
    """Start a server, then measure in a process of its own, as a stage is."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        extra = {WORKERS_VARIABLE: str(worker_count), EVENTS_VARIABLE: "1"}
        environment = make_command_environment(project, extra)
        environment["PYTHONPATH"] = str(REPOSITORY)
        with (
            project_lock(project) as lock,
            start_prefect_server(project, environment, lock, project / "server.log") as url,
        ):
            environment[SERVER_VARIABLE] = url
            code = f"from bench.flows.overhead import measure; measure({count})"
            command = [sys.executable, "-c", code]
            subprocess.run(command, cwd=project, env=environment, stderr=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in (sys.argv[1:] + ["500", "2"][len(sys.argv) - 1 :])))
