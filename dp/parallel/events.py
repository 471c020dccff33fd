"""How a stage process tells the command that started it how far it is: lines on standard error."""

import dataclasses
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

EVENTS_VARIABLE = "DP_EVENTS"  # set by the command; without it, a stage run by hand prints plain lines
MARK = "\x1e"  # ASCII record separator: no log line begins with it


@dataclass(frozen=True)
class Event:
    """One step of a stage, or the error that ended it."""

    stage: str
    done: int = 0
    total: int = 0
    text: str = ""  # what was just done
    error: str = ""  # why the stage could not publish


OnEvent = Callable[[Event], None]


def emit(event: Event) -> None:
    """Tell, from a stage process."""
    if EVENTS_VARIABLE in os.environ:
        line = MARK + json.dumps(dataclasses.asdict(event))
    elif event.error:
        line = f"{event.stage}: {event.error}"
    else:
        line = f"{event.stage}: {event.done}/{event.total} {event.text}".rstrip()
    print(line, file=sys.stderr, flush=True)


def parse(line: str) -> Event | None:
    """The event in a line of a stage's standard error, or None for any other line."""
    return Event(**json.loads(line[len(MARK) :])) if line.startswith(MARK) else None
