"""Scores rendered over Dask, as a batch and as a Prefect flow, by tiny models."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from dp.batch.job import RenderJob, Request, render_job
from dp.batch.run import render_all, render_batch
from dp.errors import DataError
from dp.parallel.dask_cluster import DaskExecutor
from dp.parallel.outcome import DIED, Outcome
from dp.render_options import OutputOptions, RenderOptions
from dp.stages.environment import SERVER_VARIABLE, make_command_environment
from dp.store.renderings import RenderingRow, read_renderings
from flows.processes import project_lock, start_prefect_server
from flows.render import render_scores
from tests.factories import MELODY, melody_xml
from tests.render.untrained import model_set, save

OUTPUT = OutputOptions(extras=False)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "models/tiny"
    save(model_set(), folder)
    return folder


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    for index, name in enumerate(("a/x", "b/x", "b/y")):
        path = tmp_path / f"scores/{name}.musicxml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(melody_xml(MELODY[4 * index :]))
    return tmp_path / "scores"


def work(job: RenderJob) -> Outcome:
    """A worker that dies of one score."""
    if job.score.stem == "y":
        os._exit(9)
    return render_job(job)


def rows_of(out: Path) -> dict[str, RenderingRow]:
    return {row.score.removeprefix("../scores/"): row for row in read_renderings(out)}


def test_what_fails_or_dies_costs_itself_and_is_tried_again(
    scores: Path, models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (scores / "bad.mid").write_bytes(b"MThd")
    found = sorted(scores.rglob("*.m*"))
    assert (
        render_all(found, Request(out, models, RenderOptions(), OUTPUT, ".wav"), DaskExecutor(2, tmp_path), True, work)
        == 1
    )
    rows = rows_of(out)
    assert {name: row.outcome for name, row in rows.items()} == {
        "a/x.musicxml": "done",
        "b/x.musicxml": "done",
        "b/y.musicxml": "crashed",
        "bad.mid": "failed",
    }
    assert rows["b/y.musicxml"].reason == DIED
    assert "is cut off inside its header" in rows["bad.mid"].reason
    for name, count in (("a/x", 16), ("b/x", 12)):
        row = rows[f"{name}.musicxml"]
        assert row.note_count == count
        assert row.audio_sec == pytest.approx(soundfile.info(out / f"{name}.wav").duration, abs=0.01)

    (scores / "bad.mid").unlink()
    found = sorted(scores.rglob("*.m*"))
    assert render_batch(found, Request(out, models, RenderOptions(), OUTPUT, ".wav"), 1) == 0
    outcomes = {name: row.outcome for name, row in rows_of(out).items()}
    assert outcomes == {
        "a/x.musicxml": "skipped",
        "b/x.musicxml": "skipped",
        "b/y.musicxml": "done",
        "bad.mid": "failed",
    }
    said = capfd.readouterr().err
    assert "render: 1 done, 2 skipped" in said
    assert "distributed" not in said  # Dask's own remarks on workers that end


def test_an_unknown_performer_is_refused_before_anything_is_rendered(
    scores: Path, models: Path, tmp_path: Path
) -> None:
    options = RenderOptions(performers=(("nobody", 1.0),))
    with pytest.raises(DataError, match="performer 'nobody': is unknown to the models; known: ann, bo"):
        render_batch([scores / "a/x.musicxml"], Request(tmp_path / "out", models, options, OUTPUT, ".wav"), quiet=True)
    assert not list((tmp_path / "out").iterdir())


def test_the_flow_refuses_options_out_of_bounds(scores: Path, models: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expression: is 9; give 0 to 5"):
        render_scores.fn(str(scores), tmp_path / "out", models, RenderOptions(expression=9.0), OUTPUT, ".wav", True)
    assert not (tmp_path / "out").exists()


def test_the_flow_renders_a_folder_with_the_projects_models(scores: Path, models: Path, tmp_path: Path) -> None:
    project = models.parents[1]
    environment = make_command_environment(project, {"DP_WORKERS": "1"})
    command = [sys.executable, "-m", "flows.render", str(scores), str(tmp_path / "out")]
    with (
        project_lock(project) as lock,
        start_prefect_server(project, environment, lock, tmp_path / "server.log") as url,
    ):
        environment[SERVER_VARIABLE] = url
        done = subprocess.run([*command, "bo"], cwd=project, env=environment, capture_output=True, text=True)
        bad = subprocess.run([*command, "nobody"], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {row.outcome for row in read_renderings(tmp_path / "out")} == {"done"}
    assert '"performers": [["bo", 1.0]]' in read_renderings(tmp_path / "out")[0].options
    assert (tmp_path / "out/b/y.wav").is_file()
    assert bad.returncode == 2
    assert bad.stderr.splitlines()[-1] == "render: performer 'nobody': is unknown to the models; known: ann, bo"
