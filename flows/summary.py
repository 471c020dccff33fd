"""Put the reports of the stages together: what a rebuild did, recording by recording."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dp.errors import DataError
from dp.project import locate_data_folder
from dp.schema import FAILURES
from dp.store.reading import read_stage_report
from dp.store.rows import StageRow

# Of the dataset, in their order: modules of dp.stages, stages of dvc.yaml.
STAGES = ("ingest", "align", "features", "pitch")
THROUGH = ("done", "reused")  # outcomes of a recording that came through a stage


@dataclass(frozen=True)
class RecordingResult:
    """What became of one recording in all."""

    recording_id: str
    outcome: str  # one of dp.schema.OUTCOMES
    reason: str  # why not done, or what is doubtful; mostly empty
    stage: str  # where it ended; the last one, if it came through


@dataclass(frozen=True)
class Summary:
    """What a rebuild did."""

    recordings: tuple[RecordingResult, ...]  # in the corpus's order; those that are missing come last
    stages_run: tuple[str, ...]  # empty: nothing was stale
    logs: tuple[str, ...] = ()  # files with the tracebacks of what crashed

    def having(self, outcome: str) -> tuple[RecordingResult, ...]:
        """Return the recordings with this outcome."""
        return tuple(result for result in self.recordings if result.outcome == outcome)

    @property
    def doubtful(self) -> tuple[RecordingResult, ...]:
        """Return the recordings that came through with a doubt."""
        return tuple(result for result in self.recordings if result.outcome in THROUGH and result.reason)

    @property
    def ok(self) -> bool:
        """Whether no recording failed or crashed; one that was rejected, or is missing, is no failure."""
        return not any(self.having(outcome) for outcome in FAILURES)


def summarize(project: Path, stages_run: Collection[str], logs: Sequence[str] = ()) -> Summary:
    """Put the reports of all stages together, with the files of tracebacks that they left.

    A recording ends where it was rejected or failed, though another stage may have worked on it all the same. One that
    came through is `done` if any stage worked on it now, and `reused` otherwise: what the report of a stage that did
    not run calls done was done by an earlier run.
    """
    results: dict[str, RecordingResult] = {}
    for stage in STAGES:
        for row in read_stage_report(locate_data_folder(project), stage):
            before = results.get(row.recording_id)
            results[row.recording_id] = _combine(row, stage, stage in stages_run, before)
    return Summary(tuple(results.values()), tuple(stages_run), tuple(logs))


def has_crashed(project: Path) -> bool:
    """Return whether a published report holds a crash, which is worth another try; without reports there is none."""
    try:
        rows = [row for stage in STAGES for row in read_stage_report(locate_data_folder(project), stage)]
    except DataError:
        return False
    return any(row.outcome == "crashed" for row in rows)


def _combine(row: StageRow, stage: str, ran: bool, before: RecordingResult | None) -> RecordingResult:
    if before is not None and before.outcome not in THROUGH:
        return before
    outcome = row.outcome
    if outcome in THROUGH:
        worked_now = (ran and outcome == "done") or (before is not None and before.outcome == "done")
        outcome = "done" if worked_now else "reused"
    return RecordingResult(row.recording_id, outcome, row.reason or (before.reason if before else ""), stage)
