"""Run a flow as a DVC stage: what all stage processes do alike stands here."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dp.errors import DataError
from dp.parallel.events import Event, describe_traceback, emit
from dp.parallel.outcome import Outcome, describe_error
from dp.parallel.run_log import find_traceback_file, keep_log, log_error
from dp.project import locate_logs_folder
from dp.schema import FAILURES
from dp.stages.report import summarize_outcomes
from dp.stages.runs import clear_mark, find_current_run, mark_published, was_published
from flows.owner_watch import follow_owner


def run_stage(flow: Flow[..., Any], stage: str, **arguments: str) -> None:
    """Run a flow in the current folder as a DVC stage.

    The process fails only where the stage could not publish: with any other exit code than 0 DVC would not run the
    stages after it, and recordings that failed are rows of the report, no reason for that. Tracebacks of unexpected
    errors are kept in the project's folder of logs.
    """
    project = Path.cwd()
    follow_owner()
    clear_mark(project, stage)
    with keep_log(locate_logs_folder(project), stage):
        state: Any = flow(str(project), **arguments, return_state=True)
        if not was_published(project, stage, find_current_run()):
            error = state.result(raise_on_failure=False)
            if isinstance(error, BaseException) and not isinstance(error, DataError):
                log_error(f"stage {stage}", error)
            emit(Event(stage, error=_line(error), log=find_traceback_file()))
            sys.exit(1)
        if find_traceback_file():
            emit(Event(stage, log=find_traceback_file()))


def finish_stage(project: Path, stage: str, outcomes: Sequence[Outcome]) -> State[Any]:
    """End a flow over recordings with the state whose message is the summary."""
    mark_published(project, stage, find_current_run())
    summary = summarize_outcomes(stage, outcomes) + describe_traceback(find_traceback_file())
    if any(outcome.outcome in FAILURES for outcome in outcomes):
        return Failed(message=summary)
    return Completed(message=summary)


def _line(error: object) -> str:
    if isinstance(error, DataError):
        return str(error)
    if isinstance(error, OSError) and error.filename and error.errno:
        reason = os.strerror(error.errno)
        return f"{error.filename}: cannot be read or written ({reason}); free some space or correct the permissions"
    return describe_error(error)
