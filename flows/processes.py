"""Run the processes behind a command, DVC and a Prefect server, in sessions of their own that end with the command."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import lock_descriptor

from dp.errors import DataError
from dp.parallel.environment import LOOPBACK
from dp.project import STATE_FOLDER

LOCK_TIMEOUT_SEC = 15.0  # more than what is left of a killed command takes to end; own choice
SERVER_TIMEOUT_SEC = 180.0  # its first start makes a database; own choice
STOP_TIMEOUT_SEC = 5.0  # before a process that does not end is killed; own choice


@contextmanager
def project_lock(project: Path) -> Iterator[int]:
    """Let one command at a time work in a project; yields the lock's file descriptor.

    Child processes that inherit it keep the lock until they end: after a command was killed, the next one waits for
    what is left of it.

    Raises:
        DataError: another command keeps working.
    """
    path = project / STATE_FOLDER / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        deadline_sec = time.monotonic() + LOCK_TIMEOUT_SEC
        while not lock_descriptor(file.fileno(), blocking=False):
            if time.monotonic() > deadline_sec:
                raise DataError(project, "another dp command is working in this project", "wait for it")
            time.sleep(0.2)
        yield file.fileno()


def run_lines(
    command: Sequence[str],
    project: Path,
    environment: Mapping[str, str],
    lock: int,
    output: Path,
    on_line: Callable[[str], None],
) -> int:
    """Run a command in the project and hand on its standard error line by line; standard output goes to a file.

    Returns:
        its exit code. However this call ends, the command and what it started have ended too.
    """
    with output.open("ab") as file, _start(command, project, environment, lock, file.fileno()) as process:
        assert process.stderr is not None
        for line in process.stderr:
            on_line(line.decode(errors="replace").rstrip("\n"))
        return process.wait()


@contextmanager
def start_prefect_server(project: Path, environment: Mapping[str, str], lock: int, log: Path) -> Iterator[str]:
    """Run a Prefect server on a free loopback port; yields the URL of its interface.

    Raises:
        DataError: it does not come up.
    """
    command = [sys.executable, "-m", "flows.server"]
    with (
        log.open("ab") as file,
        _start(command, project, environment, lock, subprocess.PIPE, file.fileno()) as process,
    ):
        assert process.stdout is not None
        port = process.stdout.readline().decode().strip()
        url = f"http://{LOOPBACK}:{port}/api"
        deadline_sec = time.monotonic() + SERVER_TIMEOUT_SEC
        while not _check_answer(f"{url}/health"):
            if process.poll() is not None or time.monotonic() > deadline_sec:
                raise DataError("the local Prefect server", f"does not start: see {log}", "run dp doctor")
            time.sleep(0.1)
        yield url


@contextmanager
def _start(
    command: Sequence[str],
    project: Path,
    environment: Mapping[str, str],
    lock: int,
    stdout: int,
    stderr: int = subprocess.PIPE,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a process in a session of its own, so that Ctrl-C reaches only the command, which then ends all of them."""
    process = subprocess.Popen(
        command,
        cwd=project,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        pass_fds=(lock,),
    )
    try:
        yield process
    finally:
        _end_session(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _end_session(process: "subprocess.Popen[bytes]") -> None:
    """End a process and whatever it started; politely at first, since a training saves where it is."""
    deadline_sec = time.monotonic() + STOP_TIMEOUT_SEC
    if _signal(process.pid, signal.SIGTERM):
        while time.monotonic() < deadline_sec and (process.poll() is None or _has_others(process.pid)):
            time.sleep(0.05)
        _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: int) -> bool:
    """Signal a process group; false where it has ended."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return False
    return True


def _has_others(group: int) -> bool:
    """Return whether a process of the group is still at work; where /proc does not tell, none is taken to be."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, found = path.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):  # it ended meanwhile
            continue
        if int(found) == group and state != "Z":
            return True
    return False


def _check_answer(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
