"""`dp rebuild`, `dp train`, `dp evaluate`: bring stages of a project up to date."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from dp.cli.output import report
from dp.errors import DataError

if TYPE_CHECKING:
    from dp.jobs.summary import Summary

MODELS = ("timing", "synthesis", "vocoder")
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
    from dp.jobs.progress import show_progress
    from dp.jobs.rebuild import rebuild as bring_up_to_date
    from dp.project import find_project

    folder = find_project(project)
    with show_progress(quiet) as on_event:
        summary = bring_up_to_date(folder, corpus, root, workers, scheduler, on_event)
    data = {
        "stages_run": list(summary.stages_run),
        "counts": _counts(summary),
        "recordings": [asdict(result) for result in summary.recordings],
    }
    report(data, _summary_text(summary), quiet, as_json)
    return 0 if summary.ok else 1


def train(project: Path | None, model: str, quiet: bool, as_json: bool) -> int:
    """Train one model, or all that are stale."""
    from dp.project import find_project

    folder = find_project(project)
    if model not in (*MODELS, "all"):
        raise DataError(model, "is no model", f"choose {', '.join(MODELS)} or all")
    ran = _repro(folder, ["train" if model == "all" else f"train@{model}"], quiet)
    models = {name: str(folder / "models" / name) for name in MODELS if model in (name, "all")}
    report({"stages_run": list(ran), "models": models}, _ran_text(ran, "; ".join(models.values())), quiet, as_json)
    return 0


def evaluate(project: Path | None, quiet: bool, as_json: bool) -> int:
    """Measure the trained models; prints the figures."""
    from dp.project import find_project

    folder = find_project(project)
    ran = _repro(folder, ["evaluate"], quiet)
    path = folder / "metrics" / "evaluation.json"
    metrics = json.loads(path.read_text(encoding="utf-8"))
    report(metrics, f"{_metrics_text(metrics)}\n{_ran_text(ran, str(path))}", quiet, as_json)
    return 0


def _repro(folder: Path, targets: Sequence[str], quiet: bool) -> tuple[str, ...]:
    from dp.jobs.progress import show_progress
    from dp.jobs.rebuild import repro

    with show_progress(quiet) as on_event:
        return repro(folder, targets, on_event)


def _counts(summary: "Summary") -> dict[str, int]:
    from dp.schema import OUTCOMES

    return {outcome: len(summary.having(outcome)) for outcome in OUTCOMES}


def _summary_text(summary: "Summary") -> str:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in _counts(summary).items())
    lines = [f"recordings: {counts}"]
    for outcome in WITH_REASON:
        results = summary.having(outcome)
        shown = REASONS_SHOWN.get(outcome, len(results))
        lines += [f"  {outcome} {result.recording_id}: {result.reason}" for result in results[:shown]]
        if len(results) > shown:
            lines.append(f"  ... and {len(results) - shown} more {outcome}; --json lists all")
    lines.append(_ran_text(summary.stages_run, ""))
    return "\n".join(lines)


def _ran_text(stages_run: Sequence[str], where: str) -> str:
    text = f"ran: {', '.join(stages_run)}" if stages_run else "nothing was stale, nothing ran"
    return f"{text}; {where}" if where else text


def _metrics_text(metrics: dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]) -> str:
    """A line per figure: instrument, split, system, metric, mean and its 95 % interval."""
    rows = [
        ((instrument, split, system, name), figure)
        for instrument, splits in metrics.items()
        for split, systems in splits.items()
        for system, figures in systems.items()
        for name, figure in figures.items()
    ]
    widths = [max((len(names[column]) for names, _ in rows), default=0) for column in range(4)]
    return "\n".join(
        "  ".join(f"{name:{width}}" for name, width in zip(names, widths, strict=True))
        + f"{figure['mean']:10.3f}  ({figure['low']:.3f} to {figure['high']:.3f}, n = {figure['n']:.0f})"
        for names, figure in rows
    )
