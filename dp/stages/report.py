"""Report what a stage did: one row a recording."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from dp import schema
from dp.parallel.outcome import Outcome
from dp.store.rows import StageRow
from dp.store.tables import make_table, write_dataset
from dp.store.writing import make_row_columns


def summarize_outcomes(stage: str, outcomes: Iterable[Outcome]) -> str:
    """Say in one line how many recordings had which outcome."""
    counts = Counter(outcome.outcome for outcome in outcomes)
    parts = [f"{counts[name]} {name}" for name in schema.OUTCOMES if counts[name]]
    return f"{stage}: {', '.join(parts) or 'no recordings'}"


def sort_outcomes(outcomes: Iterable[Outcome], recording_ids: Sequence[str]) -> list[Outcome]:
    """Sort outcomes in the corpus's order: published files must not depend on which worker was faster."""
    position = {recording_id: index for index, recording_id in enumerate(recording_ids)}
    return sorted(outcomes, key=lambda outcome: position[outcome.recording_id])


def write_report(data: Path, stage: str, outcomes: Iterable[Outcome]) -> None:
    """Publish the report of a stage."""
    rows = [StageRow(outcome.recording_id, outcome.outcome, outcome.reason) for outcome in outcomes]
    folder = data / f"{stage}_report"
    table = make_table(make_row_columns(rows, schema.STAGE_REPORT.names), schema.STAGE_REPORT, folder)
    write_dataset(folder, [(None, table)], schema.STAGE_REPORT)
