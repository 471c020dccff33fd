"""Every job ends in an outcome: that of a recording in a stage, or of a score in a batch."""

import errno
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from dp.errors import DataError

# The machine's fault, not the recording's: worth another try once it is mended.
MACHINE_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES}
)

DIED = "its worker process died: out of memory, or a fault in native code"

Found = TypeVar("Found", bound="Outcome | None")


@dataclass(frozen=True)
class Outcome:
    """What became of one job."""

    recording_id: str
    outcome: str  # one of dp.schema.OUTCOMES
    reason: str = ""  # why not done, or what is doubtful about what was done; mostly empty
    entry: Path | None = None  # folder of the result in the per-recording cache; None where there is no result
    traceback: str = field(default="", compare=False, repr=False)  # of an unexpected error, for the log of the run


def attempt(recording_id: str, work: Callable[[], Found]) -> Found | Outcome:
    """Do one recording's work; whatever goes wrong costs this recording alone.

    Bad data (DataError) is `failed`, with its line. Everything else, a full disk or too little memory among it, is
    `crashed`, and tried again the next time.
    """
    try:
        return work()
    except DataError as error:
        cause = error.__cause__
        machine = isinstance(cause, OSError) and cause.errno in MACHINE_ERRNOS
        return Outcome(recording_id, "crashed" if machine else "failed", str(error))
    except (Exception, SystemExit) as error:
        return make_crash(recording_id, error)


def make_crash(recording_id: str, error: BaseException) -> Outcome:
    """Make the outcome for an error that is not bad data."""
    lines = traceback.format_exception(error)
    return Outcome(recording_id, "crashed", describe_error(error), traceback="".join(lines))


def describe_error(error: object) -> str:
    """Describe an unexpected error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
