"""What a training leaves with MLflow."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from flows.tracking import find_data_versions, find_git_commit, track_run

LOCK = """\
schema: '2.0'
stages:
  features:
    cmd: python -m flows.features
    outs:
    - path: data/clips
      hash: md5
      md5: 0123.dir
  train@timing:
    outs:
    - path: models/timing
      md5: 4567.dir
"""


def test_a_run_keeps_parameters_metrics_files_and_versions(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(LOCK)
    (tmp_path / "timing").mkdir()
    (tmp_path / "timing" / "config.json").write_text("{}")
    with track_run(tmp_path, "timing", {"step_count": 3, "seed": 1}) as run:
        for step in (1, 2, 3):
            run.log({"train_loss": 1.0 / step}, step)
        run.keep(tmp_path / "timing")
    client = MlflowClient(f"sqlite:///{tmp_path / '.dp/mlflow.db'}")
    found = client.get_run(run.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"step_count": "3", "seed": "1"}
    assert [(metric.step, metric.value) for metric in client.get_metric_history(run.run_id, "train_loss")] == [
        (1, 1.0),
        (2, 0.5),
        (3, pytest.approx(1 / 3)),
    ]
    assert found.data.tags["data/clips"] == "0123.dir"
    assert found.data.tags["git_commit"] == "none"
    assert [file.path for file in client.list_artifacts(run.run_id, "timing")] == ["timing/config.json"]
    assert found.info.artifact_uri.startswith((tmp_path / ".dp/mlflow-artifacts").as_uri())

    with pytest.raises(ZeroDivisionError), track_run(tmp_path, "timing", {}) as failing:
        raise ZeroDivisionError
    assert client.get_run(failing.run_id).info.status == "FAILED"


def test_versions_without_git_and_dvc(tmp_path: Path) -> None:
    assert find_git_commit(tmp_path) == "none"
    assert find_data_versions(tmp_path) == {}
    (tmp_path / "dvc.lock").write_text(LOCK)
    assert find_data_versions(tmp_path) == {"data/clips": "0123.dir"}
