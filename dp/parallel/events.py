"""A stage process tells the command that started it how far it is, by lines on standard error."""

import dataclasses
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

EVENTS_VARIABLE = "DP_EVENTS"  # set by the command; without it, a stage run by hand prints plain lines
MARK = "\x1e"  # ASCII record separator: no log line begins with it


@dataclass(frozen=True)
class Event:
    """One step of a stage, or the error that ended it, or where tracebacks of unexpected errors are."""

    stage: str
    done: int = 0
    total: int = 0
    text: str = ""  # what was just done
    error: str = ""  # why the stage could not publish
    log: str = ""  # file with the tracebacks of the stage
    traceback: str = ""  # one of them, to be shown

    @property
    def is_step(self) -> bool:
        """Whether it tells how far the stage is."""
        return not (self.error or self.log or self.traceback)


OnEvent = Callable[[Event], None]


def emit(event: Event) -> None:
    """Tell, from a stage process."""
    if EVENTS_VARIABLE in os.environ:
        line = MARK + json.dumps(dataclasses.asdict(event))
    elif event.traceback:
        line = event.traceback
    elif not event.is_step:
        line = f"{event.stage}: {event.error or 'unexpected errors'}{describe_traceback(event.log)}"
    else:
        line = f"{event.stage}: {event.done}/{event.total} {event.text}".rstrip()
    print(line, file=sys.stderr, flush=True)


def parse(line: str) -> Event | None:
    """Parse the event in a line of a stage's standard error; None for any other line."""
    return Event(**json.loads(line[len(MARK) :])) if line.startswith(MARK) else None


def describe_traceback(file: str) -> str:
    """Say where a traceback is, to end a line with; empty where there is none."""
    if not file:
        return ""
    path, here = Path(file), Path.cwd()
    return f"; traceback in {path.relative_to(here) if path.is_relative_to(here) else path}"
