"""Ask DVC, as a program, what is stale, and have it bring that up to date."""

import configparser
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dp.errors import DataError
from flows.processes import run_lines

ERROR_MARK = "ERROR: "
DEPENDENCIES_STAGE = "dependencies"  # which DVC always calls stale; the others depend on what it writes


def find_stale_stages(
    project: Path, targets: Sequence[str], environment: Mapping[str, str], with_deps: bool = True
) -> tuple[str, ...]:
    """Find the stages, among `targets` and, if wanted, those they depend on, that changed since they ran.

    Raises:
        DataError: DVC cannot tell.
    """
    command = [sys.executable, "-m", "dvc", "status", "--json", *(["--with-deps"] if with_deps else []), *targets]
    done = _run(command, project, environment)
    if done.returncode != 0:
        raise DataError(project, f"DVC cannot tell what is stale: {find_error_text(done.stderr.splitlines())}")
    return tuple(stage for stage in json.loads(done.stdout or "{}") if stage != DEPENDENCIES_STAGE)


def reproduce(
    project: Path,
    targets: Sequence[str],
    options: Sequence[str],
    environment: Mapping[str, str],
    lock: int,
    output: Path,
    on_line: Callable[[str], None],
) -> int:
    """Run `dvc repro`; returns its exit code."""
    command = [sys.executable, "-m", "dvc", "repro", *options, *targets]
    return run_lines(command, project, environment, lock, output, on_line)


def commit(project: Path, stages: Sequence[str], environment: Mapping[str, str]) -> None:
    """Record the outputs of stages as they lie there.

    Raises:
        DataError: DVC does not.
    """
    command = [sys.executable, "-m", "dvc", "commit", "--force", *stages]
    done = _run(command, project, environment)
    if done.returncode != 0:
        raise DataError(project, f"DVC does not take it: {find_error_text(done.stderr.splitlines())}")


def prepare(project: Path) -> None:
    """Make DVC work here: without git where there is none, and past the locks of killed processes.

    Raises:
        DataError: the folder has no DVC settings.
    """
    folder = project / ".dvc"
    if not (folder / "config").is_file():
        raise DataError(folder, "is missing", "run dvc init there, or dvc init --no-scm without git")
    _match_git(project)
    _drop_dead_locks(folder / "tmp" / "rwlock")


def write_dependencies(project: Path, environment: Mapping[str, str]) -> None:
    """Have the project's own code say what its stages depend on: see `flows.dependencies`.

    Raises:
        DataError: the code cannot be read.
    """
    done = _run([sys.executable, "-m", "flows.dependencies"], project, environment)
    if done.returncode != 0:
        raise DataError(
            project, f"what its stages depend on cannot be found: {' '.join(done.stderr.splitlines()[-1:])}"
        )


def find_error_text(lines: Sequence[str]) -> str:
    """Find what DVC gave as the error."""
    errors = [line.removeprefix(ERROR_MARK) for line in lines if line.startswith(ERROR_MARK)]
    return errors[0] if errors else " ".join(lines[-1:]) or "no message"


def _run(command: Sequence[str], project: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=project,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _match_git(project: Path) -> None:
    """Set `core.no_scm` exactly where there is no git, e.g. in an unpacked archive."""
    path = project / ".dvc" / "config.local"
    wanted = not (project / ".git").exists()
    settings = configparser.ConfigParser()
    settings.read(path)
    if settings.getboolean("core", "no_scm", fallback=False) == wanted:
        return
    if not settings.has_section("core"):
        settings.add_section("core")
    settings.set("core", "no_scm", str(wanted).lower())
    with path.open("w") as file:
        settings.write(file)


def _drop_dead_locks(path: Path) -> None:
    """Remove DVC's list of running processes when it is damaged or none of them runs any more.

    DVC itself passes over ids that no process has, but not over those that another program got since.
    """
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return
    except ValueError:
        path.unlink()
        return
    entries = list(content.get("write", {}).values())
    entries += itertools.chain.from_iterable(content.get("read", {}).values())
    if not any(_runs_dvc(int(entry["pid"])) for entry in entries):
        path.unlink()


def _runs_dvc(pid: int) -> bool:
    """Return whether a process with this id runs, and is DVC as far as the system tells."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # somebody else's process; DVC's own are ours
    command_line = Path(f"/proc/{pid}/cmdline")
    return not command_line.is_file() or b"dvc" in command_line.read_bytes()
