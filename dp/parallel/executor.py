"""An executor does many jobs: another way (Ray, Slurm) is one class more with the method of `Executor`."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from dp.parallel.events import Event, emit
from dp.parallel.outcome import Outcome, attempt
from dp.parallel.run_log import log_crash


class Job(Protocol):
    """The work on one recording, or one score; what else it holds is between it and the function that does it."""

    @property
    def recording_id(self) -> str:
        """The recording or score that the work is on; outcomes and messages name it."""


J = TypeVar("J", bound=Job)


class Executor(Protocol):
    """Does jobs, many at a time if it can."""

    def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
        """Do every job; closing the generator ends whatever it started.

        Args:
            work: does one job, and returns an outcome whatever happens; importable in another process.
            jobs: what to do.

        Yields:
            The outcome of every job, in any order. A job whose process dies is `crashed`, and the others go on.

        Raises:
            DataError: there is nothing that could do them.
        """


@dataclass(frozen=True)
class SerialExecutor:
    """Does one job after the other in this process."""

    def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
        """See `Executor`; a job that ends this process ends all of them."""
        yield from map(work, jobs)


def run_jobs(
    stage: str,
    work: Callable[[J], Outcome],
    jobs: Sequence[J],
    executor: Executor,
    find: Callable[[J], Outcome | None] | None = None,
) -> list[Outcome]:
    """Do every job that was not done before, and tell how far it is; tracebacks of what crashes are logged.

    Args:
        stage: named in events.
        work: does one job.
        jobs: what to do.
        executor: does them; not used where nothing is left to do.
        find: the outcome of a job that was done before, or None.

    Returns:
        the outcomes, in any order.
    """
    outcomes: list[Outcome] = []
    todo: list[J] = []
    for job in jobs:
        found = attempt(job.recording_id, partial(find, job)) if find is not None else None
        if found is None:
            todo.append(job)
        else:
            log_crash(found)
            outcomes.append(found)
    emit(Event(stage, len(outcomes), len(jobs)))
    for outcome in executor.run(work, todo) if todo else ():
        log_crash(outcome)
        outcomes.append(outcome)
        text = f"{outcome.recording_id} {outcome.outcome}"
        emit(Event(stage, len(outcomes), len(jobs), f"{text}: {outcome.reason}" if outcome.reason else text))
    return outcomes
