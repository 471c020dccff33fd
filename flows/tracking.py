"""Track trainings in MLflow: what each was given, how it went, what came out. All of it stays inside the project."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from dp.project import STATE_FOLDER

EXPERIMENT = "deep-performer"
FLUSH_METRIC_COUNT = 500  # one by one, they would cost 26 ms each


@dataclass
class TrackedRun:
    """One MLflow run; metrics are sent in batches."""

    client: MlflowClient
    run_id: str
    waiting: list[Metric] = field(default_factory=list)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Note the metrics of a step."""
        now_ms = int(time.time() * 1000)
        self.waiting += [Metric(name, value, now_ms, step) for name, value in metrics.items()]
        if len(self.waiting) >= FLUSH_METRIC_COUNT:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        self.client.log_batch(self.run_id, metrics=self.waiting)
        self.waiting = []

    def keep(self, folder: Path) -> None:
        """Copy a folder, e.g. a checkpoint, to the run's artifacts, under its own name."""
        self.client.log_artifacts(self.run_id, str(folder), folder.name)


@contextmanager
def track_run(project: Path, name: str, params: Mapping[str, object]) -> Iterator[TrackedRun]:
    """Open a run, tagged with the versions of code and data.

    It ends as finished, or as failed when the block raises.
    """
    state = (project / STATE_FOLDER).absolute()
    state.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(f"sqlite:///{state / 'mlflow.db'}")
    found = client.get_experiment_by_name(EXPERIMENT)
    artifacts = (state / "mlflow-artifacts").as_uri()
    experiment_id = found.experiment_id if found else client.create_experiment(EXPERIMENT, artifacts)
    run_id = client.create_run(experiment_id, run_name=name).info.run_id
    tags = {"git_commit": find_git_commit(project), **find_data_versions(project)}
    client.log_batch(
        run_id,
        params=[Param(key, str(value)) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    run = TrackedRun(client, run_id)
    try:
        yield run
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    run.flush()
    client.set_terminated(run_id)


def find_git_commit(project: Path) -> str:
    """Find the checked-out commit, "-dirty" appended where files differ from it; "none" without git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--match="]
    try:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "none"
    return done.stdout.strip() or "none"


def find_data_versions(project: Path) -> dict[str, str]:
    """Find DVC's digest of every dataset, by its path, as of the stages that ran last."""
    path = project / "dvc.lock"
    if not path.is_file():
        return {}
    stages = yaml.safe_load(path.read_text())["stages"]
    outs = (out for stage in stages.values() for out in stage.get("outs", []))
    return {out["path"]: out["md5"] for out in outs if out["path"].startswith("data/") and "md5" in out}
