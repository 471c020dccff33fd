"""Evaluate the models of a preset, or the simple baselines, on the clips held out."""

import sys
from pathlib import Path

from prefect import flow, task

from dp.config import PARAMS_FILE, load_config
from dp.evaluate.measure import measure_sound, measure_timing
from dp.evaluate.results import publish_metrics
from dp.parallel.events import Event, emit
from dp.project import name_evaluate_stage
from dp.stages.runs import find_current_run, mark_published
from flows.stage import run_stage


@task(name="measure models")
def measure_models(project: Path, name: str) -> None:
    """Measure timing and sound clip by clip; publish."""
    config = load_config(project / PARAMS_FILE)

    def tell(done: int, total: int, text: str) -> None:
        emit(Event(name_evaluate_stage(name), done, total, text))

    timing, performers = measure_timing(project, config, name)
    publish_metrics(project, name, [*timing, *measure_sound(project, config, name, tell)], performers)


@flow(name="evaluate")
def evaluate(project: str, name: str) -> None:
    """Measure checkpoints on clips, into metrics/<name>.json and metrics/clips/<name>.json."""
    measure_models(Path(project), name)
    mark_published(Path(project), name_evaluate_stage(name), find_current_run())


if __name__ == "__main__":
    (_, _name) = sys.argv
    run_stage(evaluate, name_evaluate_stage(_name), name=_name)
