"""Retrain on a schedule: bring dataset, models and figures up to date; what is not stale costs seconds.

In the project folder, beside a running server (`mkdir -p .dp/prefect; PREFECT_HOME=.dp/prefect prefect server start`):

    PREFECT_API_URL=http://127.0.0.1:4200/api python -m flows.retrain "0 3 * * 0"

does it every Sunday at three, for as long as it runs.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dp.config import PARAMS_FILE, load_config
from dp.errors import EXIT_BAD_INPUT
from dp.project import SIMPLE_BASELINES, name_evaluate_stage
from dp.schema import FAILURES
from dp.stages.environment import SERVER_VARIABLE
from flows.rebuild import rebuild, repro

RETRY_DELAY_SEC = 60  # own choice


@task(name="rebuild dataset", retries=1, retry_delay_seconds=RETRY_DELAY_SEC)
def rebuild_dataset(project: Path) -> int:
    """Bring the dataset up to date; returns how many recordings failed."""
    summary = rebuild(project)
    return sum(len(summary.having(outcome)) for outcome in FAILURES)


@task(name="train and evaluate", retries=1, retry_delay_seconds=RETRY_DELAY_SEC)
def train_and_evaluate(project: Path) -> tuple[str, ...]:
    """Bring the models of the project's preset and their figures up to date; returns the stages that ran."""
    preset = load_config(project / PARAMS_FILE).preset
    return repro(project, [SIMPLE_BASELINES, name_evaluate_stage(preset)])


@flow(name="retrain")
def retrain(project: str) -> State[Any]:
    """Bring the dataset, and then the models and their figures, up to date."""
    failed_count = rebuild_dataset(Path(project))
    stages = train_and_evaluate(Path(project))
    message = f"ran {', '.join(stages) or 'nothing'}; {failed_count} recordings failed"
    return Failed(message=message) if failed_count else Completed(message=message)


def main(arguments: Sequence[str]) -> int:
    """Serve the flow on a schedule (cron) until interrupted; returns the exit code."""
    if len(arguments) != 1 or SERVER_VARIABLE not in os.environ:
        print(__doc__, file=sys.stderr)
        return EXIT_BAD_INPUT
    parameters = {"project": str(Path.cwd())}
    retrain.serve(name="retrain", cron=arguments[0], parameters=parameters, limit=1, pause_on_shutdown=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
