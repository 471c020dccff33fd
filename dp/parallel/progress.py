"""Show how far a run is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dp.parallel.events import Event, OnEvent

LINE_EVERY_SEC = 2.0  # of a stage, off a terminal; own choice


@contextmanager
def show_progress(quiet: bool) -> Iterator[OnEvent]:
    """Yield a function that shows events on standard error; with `quiet` it shows nothing but tracebacks."""
    if quiet:
        yield _show_tracebacks(_ignore)
    elif sys.stderr.isatty():
        with _show_bars() as on_step:
            yield _show_tracebacks(on_step)
    else:
        yield _show_tracebacks(_print_lines())


def _show_tracebacks(on_step: OnEvent) -> OnEvent:
    """Show steps and tracebacks; an error that ends a stage comes back as an exception."""

    def show(event: Event) -> None:
        if event.traceback:
            print(event.traceback, file=sys.stderr, flush=True)
        elif event.is_step:
            on_step(event)

    return show


def _ignore(event: Event) -> None:
    """Show nothing."""


@contextmanager
def _show_bars() -> Iterator[OnEvent]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    times = (TimeElapsedColumn(), TimeRemainingColumn())
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), *times)
    with Progress(*columns, TextColumn("{task.fields[text]}", markup=False), console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def show(event: Event) -> None:
            if event.stage not in tasks:
                tasks[event.stage] = progress.add_task(event.stage, total=event.total or None, text="")
            progress.update(tasks[event.stage], completed=event.done, total=event.total, text=event.text)

        yield show


def _print_lines() -> OnEvent:
    shown_sec: dict[str, float] = {}

    def show(event: Event) -> None:
        now_sec = time.monotonic()
        due = now_sec - shown_sec.get(event.stage, -LINE_EVERY_SEC) >= LINE_EVERY_SEC
        if due or event.done == event.total:
            shown_sec[event.stage] = now_sec
            print(f"{event.stage}: {event.done}/{event.total} {event.text}".rstrip(), file=sys.stderr, flush=True)

    return show
