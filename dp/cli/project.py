"""Run `dp rebuild`: bring the dataset of a project up to date."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dp.cli.console import report
from dp.cli.flows_loader import open_flows

if TYPE_CHECKING:
    from flows.summary import Summary

WITH_REASON = ("rejected", "failed", "crashed", "missing")
REASONS_SHOWN = {"missing": 3}  # of that kind; all are in the reports, and in --json


def rebuild(
    project: Path | None,
    corpus: str | None,
    root: str | None,
    workers: int | None,
    scheduler: str | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Bring the dataset up to date; exit code 1 if any recording failed."""
    from dp.parallel.progress import show_progress
    from dp.project import find_project

    folder = find_project(project)
    with open_flows(folder):
        from flows.rebuild import rebuild as bring_up_to_date
    with show_progress(quiet) as on_event:
        summary = bring_up_to_date(folder, corpus, root, workers, scheduler, on_event)
    data = {
        "stages_run": list(summary.stages_run),
        "counts": _count_outcomes(summary),
        "recordings": [asdict(result) for result in summary.recordings],
        "logs": list(summary.logs),
    }
    report(data, _format_summary(summary), quiet, as_json)
    return 0 if summary.ok else 1


def repro(
    folder: Path, targets: Sequence[str], quiet: bool, extra: Mapping[str, str], alone: bool = False
) -> tuple[str, ...]:
    """Bring stages up to date, showing how it goes; returns those that ran."""
    from dp.parallel.progress import show_progress

    with open_flows(folder):
        from flows.rebuild import repro as bring_up_to_date

    with show_progress(quiet) as on_event:
        return bring_up_to_date(folder, targets, on_event, extra, alone)


def _count_outcomes(summary: "Summary") -> dict[str, int]:
    from dp.schema import OUTCOMES

    return {outcome: len(summary.having(outcome)) for outcome in OUTCOMES}


def _format_summary(summary: "Summary") -> str:
    from dp.parallel.events import describe_traceback

    counts = ", ".join(f"{count} {outcome}" for outcome, count in _count_outcomes(summary).items())
    lines = [f"recordings: {counts}"]
    for outcome in WITH_REASON:
        results = summary.having(outcome)
        shown = REASONS_SHOWN.get(outcome, len(results))
        lines += [f"  {outcome} {result.recording_id}: {result.reason}" for result in results[:shown]]
        if len(results) > shown:
            lines.append(f"  ... and {len(results) - shown} more {outcome}; --json lists all")
    lines += [f"  doubtful {result.recording_id}: {result.reason}" for result in summary.doubtful]
    lines.append(describe_run(summary.stages_run, "") + "".join(map(describe_traceback, summary.logs)))
    return "\n".join(lines)


def describe_run(stages_run: Sequence[str], where: str) -> str:
    """Describe which stages ran, and where the result is."""
    text = f"ran: {', '.join(stages_run)}" if stages_run else "nothing was stale, nothing ran"
    return f"{text}; {where}" if where else text
