"""Do many recordings at a time by Dask; one that fails, or takes its worker with it, costs only itself."""

import atexit
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed
from distributed.scheduler import NoWorkerError

from dp.errors import DataError
from dp.parallel.environment import LOOPBACK, SCHEDULER_VARIABLE, WORKERS_VARIABLE, count_cores
from dp.parallel.executor import J
from dp.parallel.outcome import DIED, Outcome, make_crash
from dp.project import STATE_FOLDER

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,  # no job waits in a worker that may die
    "distributed.scheduler.allowed-failures": 0,  # see work_off
    "distributed.scheduler.no-workers-timeout": "5 minutes",  # not for ever, where workers die as they start
    "distributed.worker.preload": [__name__],
    # In place of Dask's own, whose MALLOC_TRIM_THRESHOLD_ hands every large array straight back to the system: that
    # doubled the time of an alignment.
    "distributed.nanny.pre-spawn-environ": dict.fromkeys(THREAD_VARIABLES, "1"),
}
WAITING_PER_WORKER = 4  # jobs handed to the scheduler ahead; all at once would fill its memory
SCHEDULER_TIMEOUT_SEC = 15  # for an answer, then for a worker; own choice


@dataclass(frozen=True)
class DaskExecutor:
    """Does jobs on the workers of the cluster that DP_SCHEDULER names, or of one on this machine."""

    worker_count: int | None = None  # of a local cluster; None = as many as DP_WORKERS says, or else one per core
    state: Path = Path(STATE_FOLDER)  # folder in which a local cluster keeps what it needs

    def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
        """See `dp.parallel.executor.Executor`."""
        with open_dask_client(len(jobs), self.worker_count, self.state) as client:
            yield from work_off(client, work, jobs)


@contextmanager
def open_dask_client(
    job_count: int, worker_count: int | None = None, state: Path = Path(STATE_FOLDER)
) -> Iterator[Client]:
    """Open a client of the scheduler that DP_SCHEDULER names, or of a local cluster.

    Args:
        job_count: more workers than that are not started.
        worker_count: processes of a local cluster; None = as many as DP_WORKERS says, or else one per core.
        state: folder in which a local cluster keeps what it needs.

    Raises:
        DataError: no scheduler answers there, or it has no workers.
    """
    address = os.environ.get(SCHEDULER_VARIABLE)
    if address:
        with _connect(address) as client:
            yield client
        return
    _silence_warnings()
    wanted = worker_count or int(os.environ.get(WORKERS_VARIABLE) or count_cores())
    with (
        dask.config.set(SETTINGS),
        _hide_main_module(),
        LocalCluster(
            n_workers=min(job_count, wanted),
            threads_per_worker=1,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": f"{LOOPBACK}:0"},  # any free port; 8787 would be the default
            local_directory=str(state / "dask"),
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def dask_setup(worker: object) -> None:
    """Prepare a worker, as Dask does when it starts one.

    Ctrl-C, which a terminal sends to workers too, is left to their command.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _silence_warnings()
    atexit.register(gc.freeze)  # else Python's last look through all objects takes longer than Dask waits for it


def _silence_warnings() -> None:
    """Silence Dask's warnings of workers that end and jobs that are cancelled; what became of a job is told anyway."""
    logging.getLogger("distributed").setLevel(logging.ERROR)


@contextmanager
def _hide_main_module() -> Iterator[None]:
    """Let new processes start without importing this program's main module.

    Python's spawn would make every worker import the flow, and with it Prefect, which costs seconds and 100 MB.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _connect(address: str) -> Client:
    try:
        client = Client(address, timeout=SCHEDULER_TIMEOUT_SEC)
        client.wait_for_workers(1, timeout=SCHEDULER_TIMEOUT_SEC)
    except (OSError, TimeoutError, ValueError) as error:
        seen = f"no Dask scheduler with workers answers ({error})"
        raise DataError(address, seen, "start one there or leave --scheduler out") from error
    return client


def work_off(client: Client, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Iterator[Outcome]:
    """Do jobs and yield their outcomes as they come; a few jobs per worker are with the scheduler at any time.

    A worker that dies may take another job's result with it. So whatever was lost with a worker is done again, alone.

    Raises:
        NoWorkerError: there was no worker for as long as SETTINGS allow.
    """
    lost = []
    for job, outcome in _work_off(client, work, jobs):
        if outcome is None:
            lost.append(job)
        else:
            yield outcome
    for job in lost:
        for _, outcome in _work_off(client, work, [job]):
            yield outcome or Outcome(job.recording_id, "crashed", DIED)


def _work_off(client: Client, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Iterator[tuple[J, Outcome | None]]:
    """Do jobs and yield each with its outcome as it comes; None where its worker died."""
    waiting = iter(jobs)
    submitted: dict[str, J] = {}

    def submit(job: J) -> Future:
        future = client.submit(work, job, pure=False)
        submitted[future.key] = job
        return future

    ahead = WAITING_PER_WORKER * max(1, len(client.nthreads()))
    running = as_completed([submit(job) for job in islice(waiting, ahead)])
    for future in running:
        job = submitted.pop(future.key)
        yield job, _get_outcome(job.recording_id, future)
        future.release()  # else a dying worker would make the scheduler do finished jobs again
        for following in islice(waiting, 1):
            running.add(submit(following))


def _get_outcome(recording_id: str, future: Future) -> Outcome | None:
    try:
        outcome: Outcome = future.result()
    except KilledWorker:
        return None
    except NoWorkerError:
        raise  # nobody is left to work: no fault of this job
    except Exception as error:
        return make_crash(recording_id, error)
    return outcome
