"""A stage is added to a copy of the code, as docs/extending.md says: it runs, publishes, becomes stale by itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dp.stages.align import AlignJob
from dp.stages.features import FeaturesJob
from dp.stages.pitch import PitchJob
from dp.stages.stage_job import StageJob
from tests.extending.pages import missing_files
from tests.factories import REPOSITORY, copy_code, melody_pair

TINY = Path(__file__).parent / "tiny_stage"
SCRIPT = """
import json
from pathlib import Path

from dp import schema
from dp.config import load_config
from dp.parallel.executor import SerialExecutor, run_jobs
from dp.stages import ingest
from dp.store.reading import read_stage_report
from dp.store.tables import read_dataset
from flows.dependencies import write_dependencies
from flows.peaks import peaks_of_recordings
from flows.summary import STAGES

project = Path(".").resolve()
config = load_config(project / "params.yaml")
plan = ingest.plan_ingest(project, config)
outcomes = run_jobs(ingest.STAGE, ingest.ingest_recording, plan.jobs, SerialExecutor())
ingest.publish_ingest(project, config, plan, outcomes)
runs = [[row.outcome for row in peaks_of_recordings.fn(project)] for _ in range(2)]
rows = read_dataset(project / "data" / "peaks", schema.PEAKS).to_pylist()
report = [row.outcome for row in read_stage_report(project / "data", "peaks")]
write_dependencies(project)
print(json.dumps([runs, rows, report, STAGES]))
"""

JOBS: tuple[type[StageJob], ...] = (AlignJob, FeaturesJob, PitchJob)  # mypy holds them to the Protocol


def add_after(path: Path, line: str, text: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(line) == 1, (path, line)
    path.write_text(content.replace(line, line + text), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with the stage added, and a corpus of one recording."""
    folder = tmp_path_factory.mktemp("copy")
    copy_code(folder)
    for name in ("peaks.py", "peaks_entry.py"):
        shutil.copy(TINY / name, folder / "dp" / "stages")
    shutil.copy(TINY / "flow.py", folder / "flows" / "peaks.py")
    shutil.copy(REPOSITORY / "dvc.yaml", folder)
    add_after(folder / "dvc.yaml", "- data/pitch_report\n", (TINY / "stage.yaml").read_text(encoding="utf-8"))
    add_after(folder / "flows" / "summary.py", 'STAGES = ("ingest", "align", "features", "pitch"', ', "peaks"')
    with (folder / "dp" / "schema.py").open("a", encoding="utf-8") as file:
        file.write((TINY / "schema.txt").read_text(encoding="utf-8"))
    (folder / "corpus").mkdir()
    melody_pair(folder / "corpus")
    (folder / "params.yaml").write_text("corpus: {name: folder, root: corpus}\n", encoding="utf-8")
    return folder


def run(project: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(project), "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-B", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_stage_runs_is_reused_and_becomes_stale_by_its_own_code(project: Path) -> None:
    runs, rows, report, stages = json.loads(run(project, "-c", SCRIPT).splitlines()[-1])
    assert runs == [["done"], ["reused"]]
    assert report == ["reused"]
    assert [row["recording_id"] for row in rows] == ["melody-wav"]
    assert 0.1 < rows[0]["peak"] < 1.0
    assert stages == ["ingest", "align", "features", "pitch", "peaks"]

    before = code_digests(project)
    entry = project / "dp" / "stages" / "peaks_entry.py"
    entry.write_text(entry.read_text(encoding="utf-8").replace("8000", "11025"), encoding="utf-8")
    run(project, "-m", "flows.dependencies")
    after = code_digests(project)
    assert {name for name in after if after[name] != before[name]} == {"peaks"}


def test_dvc_reads_the_new_stage(project: Path) -> None:
    run(project, "-m", "dvc", "init", "--no-scm", "--quiet")
    (project / "params.yaml").write_text("corpus: {name: folder, root: corpus}\npreset: ours\n", encoding="utf-8")
    listed = run(project, "-m", "dvc", "stage", "list", "--name-only").split()
    assert listed.index("pitch") < listed.index("peaks")


def code_digests(project: Path) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load((project / "dependencies.yaml").read_text(encoding="utf-8"))["code"]
    return found


def test_the_files_of_the_checklist_exist() -> None:
    assert missing_files("A stage") == []
