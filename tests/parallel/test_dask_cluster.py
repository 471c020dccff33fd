"""Dask's part: one recording that fails, or takes its worker with it, costs only itself."""

import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import dask
import pytest
from distributed import Client, LocalCluster
from distributed.scheduler import NoWorkerError

from dp.errors import DataError
from dp.parallel.dask_cluster import SETTINGS, DaskExecutor, open_dask_client, work_off
from dp.parallel.executor import run_jobs
from dp.parallel.outcome import Outcome, attempt
from dp.parallel.run_log import keep_log


@dataclass(frozen=True)
class TinyJob:
    recording_id: str
    fault: str = ""


def work(job: TinyJob) -> Outcome:
    return attempt(job.recording_id, lambda: do(job))


def do(job: TinyJob) -> Outcome:
    if job.fault == "bad data":
        raise DataError(job.recording_id, "is bad")
    if job.fault == "memory":
        raise MemoryError("too large")
    if job.fault == "exit":
        os._exit(9)
    if job.fault == "segfault":
        import ctypes

        ctypes.string_at(0)
    return Outcome(job.recording_id, "done", os.environ["OMP_NUM_THREADS"])


def find(job: TinyJob) -> Outcome | None:
    return Outcome(job.recording_id, "reused") if job.recording_id == "found" else None


def test_every_fault_costs_one_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DP_WORKERS", "2")
    faults = ["bad data", "memory", "exit", "segfault"]
    good = [TinyJob(f"good {index}") for index in range(12)]
    jobs = [*good[:3], *(TinyJob(fault, fault) for fault in faults), *good[3:], TinyJob("found", "exit")]
    with keep_log(tmp_path / "logs", "test"):
        outcomes = {outcome.recording_id: outcome for outcome in run_jobs("test", work, jobs, DaskExecutor(), find)}
    assert {job.recording_id: outcomes[job.recording_id].outcome for job in good} == dict.fromkeys(
        (job.recording_id for job in good), "done"
    )
    assert {outcomes[job.recording_id].reason for job in good} == {"1"}
    assert outcomes["bad data"] == Outcome("bad data", "failed", "bad data: is bad")
    assert outcomes["memory"] == Outcome("memory", "crashed", "MemoryError: too large")
    for fault in ("exit", "segfault"):
        assert outcomes[fault].outcome == "crashed"
        assert "its worker process died" in outcomes[fault].reason
    assert outcomes["found"].outcome == "reused"
    assert len(outcomes) == len(jobs)
    (file,) = (tmp_path / "logs").iterdir()  # of the only error that was neither expected nor the end of a process
    text = file.read_text()
    assert text.count("Traceback") == text.count(" memory\nTraceback (most recent call last):\n") == 1
    assert ", in do\n" in text
    assert text.endswith("MemoryError: too large\n")


def test_jobs_that_no_worker_comes_for_end_with_an_error() -> None:
    settings = {**SETTINGS, "distributed.scheduler.no-workers-timeout": "200 ms"}
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=0, dashboard_address=None, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"}
        ) as none,
        Client(none) as client,
        pytest.raises(NoWorkerError),
    ):
        list(work_off(client, work, [TinyJob("a"), TinyJob("b")]))


def test_another_cluster_on_the_machine_is_nothing_to_warn_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # it is taken already
            taken.bind(("127.0.0.1", 8787))  # where Dask shows its state unless told otherwise
            taken.listen()
        with open_dask_client(1, 1):
            pass
    assert not [str(warning.message) for warning in recwarn if "Port" in str(warning.message)]


def test_without_work_no_cluster_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DP_SCHEDULER", "tcp://127.0.0.1:1")
    assert run_jobs("test", work, [TinyJob("found")], DaskExecutor(), find) == [Outcome("found", "reused")]
    assert run_jobs("test", work, [], DaskExecutor()) == []


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dp.parallel.dask_cluster.SCHEDULER_TIMEOUT_SEC", 0.5)
    monkeypatch.setenv("DP_SCHEDULER", "tcp://127.0.0.1:1")
    with pytest.raises(DataError, match=r"tcp://127\.0\.0\.1:1: no Dask scheduler with workers answers"):
        run_jobs("test", work, [TinyJob("a")], DaskExecutor())
