"""A process beside this one does one job after the other: if it dies, that costs its job, not the command."""

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Generic

from dp.parallel.executor import J
from dp.parallel.outcome import DIED, Outcome

STOP_TIMEOUT_SEC = 5.0  # before a process that does not end is killed; own choice


class Worker(Generic[J]):
    """Does jobs in another process, which starts with the first job, and again after it died."""

    def __init__(self, work: Callable[[J], Outcome]) -> None:
        """Take `work`, which does one job; only its name goes to the other process."""
        self._work = work
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def __enter__(self) -> "Worker[J]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def do(self, job: J) -> Outcome:
        """Do one job."""
        if self._pipe is None:
            self._start()
        assert self._pipe is not None
        try:
            self._pipe.send(job)
            outcome: Outcome = self._pipe.recv()
        except (EOFError, ConnectionError):
            self.stop()
            return Outcome(job.recording_id, "crashed", DIED)
        return outcome

    def stop(self) -> None:
        """End the process; a job at work may clear away what it began to write."""
        if self._process is None or self._pipe is None:
            return
        self._pipe.close()
        self._process.terminate()
        self._process.join(STOP_TIMEOUT_SEC)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        self._process.start()
        theirs.close()  # so that their end is closed when they end


@dataclass(frozen=True)
class ProcessExecutor:
    """Does one job after the other in one other process."""

    def run(self, work: Callable[[J], Outcome], jobs: Sequence[J]) -> Generator[Outcome, None, None]:
        """See `dp.parallel.executor.Executor`."""
        with Worker(work) as worker:
            yield from map(worker.do, jobs)


def _serve(pipe: Connection, work: Callable[[J], Outcome]) -> None:
    """Do jobs until the other end is closed. Ctrl-C is the command's business, which then asks this process to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            pipe.send(work(pipe.recv()))
