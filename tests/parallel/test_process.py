"""A process of its own for jobs, which import nothing heavy here."""

import os
import signal
from dataclasses import dataclass

import pytest

from dp.parallel.outcome import Outcome
from dp.parallel.process import Worker


@dataclass(frozen=True)
class Named:
    recording_id: str


def pid_of(job: Named) -> Outcome:
    return Outcome(job.recording_id, "done", str(os.getpid()))


def test_a_worker_ends_with_its_command() -> None:
    with Worker(pid_of) as worker:
        first = worker.do(Named("a")).reason
        assert worker.do(Named("b")).reason == first
        os.kill(int(first), signal.SIGKILL)
        assert worker.do(Named("c")).outcome == "crashed"
        second = worker.do(Named("d")).reason
        assert second != first
    with pytest.raises(ProcessLookupError):
        os.kill(int(second), 0)
