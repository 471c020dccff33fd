"""What became of one recording in one stage, and the stage's report."""

import errno
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dp import schema
from dp.errors import DataError
from dp.store.reading import StageRow
from dp.store.tables import make_table, write_dataset
from dp.store.writing import row_columns

# The machine's fault, not the recording's: worth another try once it is mended.
MACHINE_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES}
)

DIED = "its worker process died: out of memory, or a fault in native code"

Found = TypeVar("Found", bound="Outcome | None")


@dataclass(frozen=True)
class Outcome:
    """What became of one recording in one stage."""

    recording_id: str
    outcome: str  # one of dp.schema.OUTCOMES
    reason: str = ""  # why not done; empty where done or reused
    entry: Path | None = None  # folder of the result in the per-recording cache; None where there is no result


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
        return crashed(recording_id, error)


def crashed(recording_id: str, error: BaseException) -> Outcome:
    """The outcome for an error that is not bad data."""
    return Outcome(recording_id, "crashed", f"{type(error).__name__}: {' '.join(str(error).split())}")


def summary_line(stage: str, outcomes: Iterable[Outcome]) -> str:
    """One line: how many recordings had which outcome."""
    counts = Counter(outcome.outcome for outcome in outcomes)
    parts = [f"{counts[name]} {name}" for name in schema.OUTCOMES if counts[name]]
    return f"{stage}: {', '.join(parts) or 'no recordings'}"


def in_order(outcomes: Iterable[Outcome], recording_ids: Sequence[str]) -> list[Outcome]:
    """Outcomes in the corpus's order: published files must not depend on which worker was faster."""
    position = {recording_id: index for index, recording_id in enumerate(recording_ids)}
    return sorted(outcomes, key=lambda outcome: position[outcome.recording_id])


def write_report(data: Path, stage: str, outcomes: Iterable[Outcome]) -> None:
    """Publish the report of a stage."""
    rows = [StageRow(outcome.recording_id, outcome.outcome, outcome.reason) for outcome in outcomes]
    folder = data / f"{stage}_report"
    table = make_table(row_columns(rows, schema.STAGE_REPORT.names), schema.STAGE_REPORT, folder)
    write_dataset(folder, [(None, table)], schema.STAGE_REPORT)
