"""Keep the tracebacks of a run's unexpected errors in one file, which is made with the first of them."""

import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dp.parallel.environment import VERBOSE_VARIABLE
from dp.parallel.events import Event, describe_traceback, emit
from dp.parallel.outcome import Outcome, describe_error

KEPT_COUNT = 20  # files of that many runs; older ones go when a new one is made

_LOGGER = logging.getLogger("dp")


@contextmanager
def keep_log(folder: Path, name: str) -> Iterator[None]:
    """Keep what is logged in the block in the file <time>-<name>.log of a folder.

    Neither is made before there is something to log. With DP_VERBOSE in the environment it is also shown.
    """
    handlers: list[logging.Handler] = [_RunFile(folder, name)]
    if os.environ.get(VERBOSE_VARIABLE):
        handlers.append(_Shown(name))
    propagate, _LOGGER.propagate = _LOGGER.propagate, False  # Prefect shows whatever reaches the root
    for handler in handlers:
        _LOGGER.addHandler(handler)
    try:
        yield
    finally:
        _LOGGER.propagate = propagate
        for handler in handlers:
            _LOGGER.removeHandler(handler)
            handler.close()


def log_error(subject: str, error: BaseException) -> None:
    """Log an unexpected error with its traceback."""
    _LOGGER.error("%s\n%s", subject, "".join(traceback.format_exception(error)).rstrip())


def log_crash(outcome: Outcome) -> None:
    """Log what became of a job where the outcome brings a traceback along; do nothing otherwise."""
    if outcome.traceback:
        _LOGGER.error("%s\n%s", outcome.recording_id, outcome.traceback.rstrip())


def keep_traceback(folder: Path, name: str, error: BaseException) -> str:
    """Describe an error that ended a command in one line, and keep its traceback as `keep_log` does."""
    with keep_log(folder, name):
        log_error(name, error)
        return describe_error(error) + describe_traceback(find_traceback_file())


def find_traceback_file() -> str:
    """Find the file that tracebacks of this run went to; empty as long as there are none."""
    files = (handler for handler in _LOGGER.handlers if isinstance(handler, _RunFile))
    return next((str(file.path) for file in files if file.is_made), "")


class _RunFile(logging.FileHandler):
    """The file of one run; standard error takes its place where it cannot be written."""

    def __init__(self, folder: Path, name: str) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self.path = (folder / f"{stamp}-{name.replace('/', '-')}.log").absolute()
        super().__init__(self.path, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    @property
    def is_made(self) -> bool:
        """Whether something was logged."""
        return self.stream is not None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry."""
        try:
            if not self.is_made:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                _drop_old(self.path.parent)
            super().emit(record)
        except OSError:
            print(self.format(record), file=sys.stderr, flush=True)


class _Shown(logging.Handler):
    """Shows entries on standard error, or hands them on to the command that does."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.stage = name

    def emit(self, record: logging.LogRecord) -> None:
        """Show one entry."""
        emit(Event(self.stage, traceback=self.format(record)))


def _drop_old(folder: Path) -> None:
    """Make room for the file of one run more."""
    for path in sorted(folder.glob("[0-9]*.log"))[: -(KEPT_COUNT - 1)]:
        path.unlink(missing_ok=True)
