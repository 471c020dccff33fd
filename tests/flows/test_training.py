"""`dp train` and `dp evaluate` with everything real, on a tiny corpus and for two steps: one story, told in order."""

import json
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient
from ruamel.yaml import YAML

from dp.cli import run
from dp.models.checkpoint import CONFIG_FILE
from dp.stages.environment import make_command_environment
from flows import dvc
from tests.factories import MELODY, REPOSITORY, copy_code, melody_pair


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project beside a corpus of two recordings; its preset `sketch` trains for two steps."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for seed, name in enumerate(("a", "b")):
        melody_pair(corpus, name, pitches=(*MELODY[seed:], *MELODY[:seed]), seed=seed)
    folder = tmp_path / "project"
    (folder / ".dvc").mkdir(parents=True)
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".dvc/config"):
        shutil.copy(REPOSITORY / name, folder / name)
    copy_code(folder)
    yaml = YAML()
    params = yaml.load((folder / "params.yaml").read_text())
    params["align"]["min_score_fit"] = 0.0
    for settings in params["presets"]["sketch"].values():
        settings.update(step_count=2, valid_every_step=1, batch_size=2)
    with (folder / "params.yaml").open("w") as file:
        yaml.dump(params, file)
    return folder


def test_from_recordings_to_figures(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--project", str(project), "--quiet"]
    assert run(["rebuild", "--corpus", "folder", "--root", str(tmp_path / "corpus"), *here]) == 0
    assert run(["train", "--preset", "sketch", *here]) == 0
    models = project / "models/sketch"
    for name in ("timing", "synthesis", "vocoder"):
        config = json.loads((models / name / CONFIG_FILE).read_text())
        assert config["step"] in (1, 2)
        assert config["train"]["step_count"] == 2
        assert config["data_note"].startswith("folder, clips ")
        assert {source["licence"] for source in config["trained_on"]} == {"unknown"}  # the folder's files say none

    # Each run left its metrics, its checkpoint, and what it made of held-out clips.
    client = MlflowClient(f"sqlite:///{project / '.dp/mlflow.db'}")
    (experiment,) = [found for found in client.search_experiments() if found.name == "deep-performer"]
    runs = {found.info.run_name: found for found in client.search_runs([experiment.experiment_id])}
    assert sorted(runs) == ["sketch/synthesis", "sketch/timing", "sketch/vocoder"]
    for name, found in runs.items():
        assert {"train_loss", "valid_loss", "loader_share"} <= set(found.data.metrics)
        kept = {item.path for item in client.list_artifacts(found.info.run_id)}
        assert kept == {name.partition("/")[2], "step-0000001", "step-0000002"}
    sounds = client.list_artifacts(runs["sketch/vocoder"].info.run_id, "step-0000002")
    assert {Path(item.path).suffix for item in sounds} == {".png", ".wav"}

    # A setting changes, and changes back: nothing is stale. Prepared for another machine, it can be trained there.
    targets, environment = ["train@sketch-timing", "train@sketch-vocoder"], make_command_environment(project, {})
    params = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(params.replace("preset: ours", "preset: sketch"))
    dvc.write_dependencies(project, environment)
    assert dvc.find_stale_stages(project, targets, environment, with_deps=False) == ()
    (project / "params.yaml").write_text(params.replace("min_score_fit: 0.0", "min_score_fit: 0.1"))
    dvc.write_dependencies(project, environment)
    assert dvc.find_stale_stages(project, targets, environment) == ("align",)
    (project / "params.yaml").write_text(params)
    assert run(["train", "--preset", "sketch", "--project", str(project), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["stages_run"] == []
    assert run(["train", "timing", "--preset", "sketch", "--prepare", str(tmp_path / "arrays"), *here]) == 0
    assert (tmp_path / "arrays/sketch/timing.npz").is_file()

    assert run(["evaluate", "--figures", "--project", str(project), "--json"]) == 0
    out = capsys.readouterr().out
    results = json.loads(out[out.index("{") :])
    (instrument,) = results
    systems = results[instrument]["recording"]
    assert {"sketch", "copy-synthesis-sketch", "recording", "clip-mean-spectrum", "constant-tempo"} <= set(systems)
    assert {"log_mel_mse", "log_mel_mse_gain_free", "onset_rmse_frame"} <= set(systems["sketch"])
    assert set(systems["sketch"]["log_mel_mse"]) == {"mean", "low", "high", "n"}
    assert "| Deep Performer | `publication` |" in (project / "reports/evaluation.md").read_text()
    pictures = sorted(path.name for path in (project / "reports").glob("*.png"))
    assert [name[:8] for name in pictures] == ["figure-3", "figure-4", "figure-s"]
    score = project.parent / "corpus/a.musicxml"
    assert run(["render", str(score), "-o", str(tmp_path / "a.wav"), *here]) == 0
