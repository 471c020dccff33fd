"""`rebuild` with everything real, DVC, Prefect and Dask, on a tiny corpus: one story, told in order.

It is one test because each step starts from where the one before left the project, and starting Prefect takes long.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from dp.errors import DataError
from dp.stages.environment import make_command_environment
from dp.store.note_pitch import read_note_pitch
from dp.store.reading import read_clips, read_stage_report
from flows import rebuild as rebuilding
from flows.rebuild import rebuild
from flows.summary import Summary
from tests.factories import MELODY, REPOSITORY, copy_code, melody_pair, melody_samples

GOOD = ("a-wav", "b-wav", "c-wav", "d-wav")
KILLED = """
import psutil
from pathlib import Path
from flows.rebuild import rebuild

def kill_all(event):
    if event.stage == "align" and event.done == 1:
        for process in [*psutil.Process().children(recursive=True), psutil.Process()]:
            process.kill()

rebuild(Path("."), "folder", "../corpus", workers=1, on_event=kill_all)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own, beside a corpus of four good recordings and a bad one."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for seed, name in enumerate(("a", "b", "c", "d", "bad")):
        melody_pair(corpus, name, pitches=(*MELODY[seed:], *MELODY[:seed]), seed=seed)
    (corpus / "bad.wav").write_text("I am no audio")
    folder = tmp_path / "project"
    (folder / ".dvc").mkdir(parents=True)
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".dvc/config"):
        shutil.copy(REPOSITORY / name, folder / name)
    params = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(params.replace("min_score_fit: 0.55", "min_score_fit: 0.0"))
    copy_code(folder)
    return folder


def outcomes(summary: Summary) -> dict[str, str]:
    return {result.recording_id: result.outcome for result in summary.recordings}


def bad_and(**good: str) -> dict[str, str]:
    return {"bad-wav": "failed", **{f"{name}-wav": outcome for name, outcome in good.items()}}


def check_that_changing_back_computes_nothing(project: Path) -> None:
    """A parameter and a constant change, and change back."""
    params, types = project / "params.yaml", project / "dp/types.py"
    before, code = params.read_bytes(), types.read_bytes()
    params.write_bytes(before.replace(b"min_score_fit: 0.0", b"min_score_fit: 0.01"))
    types.write_bytes(code.replace(b"FULL_PEAK = 0.95", b"FULL_PEAK = 0.9"))
    summary = rebuild(project, workers=2)
    assert sorted(summary.stages_run) == ["align", "features", "ingest", "pitch"]
    assert outcomes(summary) == bad_and(a="done", b="done", c="done", d="done")
    params.write_bytes(before)
    types.write_bytes(code)
    summary = rebuild(project, workers=2)
    assert sorted(summary.stages_run) == ["align", "features", "ingest", "pitch"]
    assert outcomes(summary) == bad_and(a="reused", b="reused", c="reused", d="reused")


def test_a_project_is_brought_up_to_date_step_by_step(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command, environment = [sys.executable, "-c", KILLED], make_command_environment(project, {})
    killed = subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    finished = list((project / ".dp/cache/align").glob("[!.]*"))
    assert 1 <= len(finished) < 4
    assert not (project / "data/align_report").exists()

    # Started again, it goes on where it was: ingest had published, one recording or more had been aligned.
    summary = rebuild(project, workers=2)
    assert outcomes(summary) == bad_and(a="done", b="done", c="done", d="done")
    assert sorted(summary.stages_run) == ["align", "features", "pitch"]
    assert not summary.ok
    aligned = [row.outcome for row in read_stage_report(project / "data", "align")]
    assert sorted(aligned) == sorted(["reused"] * len(finished) + ["done"] * (4 - len(finished)))
    assert {clip.recording_id for clip in read_clips(project / "data")} == set(GOOD)
    assert [name for name, _ in read_note_pitch(project / "data")] == list(GOOD)

    # Nothing is stale: nothing is started, and what failed is still said.
    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "start_prefect_server", lambda *args: pytest.fail("a server was started"))
        summary = rebuild(project)
    assert outcomes(summary) == bad_and(a="reused", b="reused", c="reused", d="reused")
    assert summary.stages_run == ()

    # The bytes of one recording change; and the cache of one stage cannot be written, so that the stage crashes there.
    soundfile.write(project / "../corpus/c.wav", melody_samples((*MELODY[2:], *MELODY[:2]), seed=7), 22050)
    cache, aside = project / ".dp/cache/features", project / ".dp/features-aside"
    cache.rename(aside)
    cache.write_text("in the way")
    summary = rebuild(project, workers=1)
    assert outcomes(summary) == {"bad-wav": "failed"} | dict.fromkeys(GOOD, "crashed")
    assert all(result.stage == "features" for result in summary.having("crashed"))
    (log,) = map(Path, summary.logs)
    assert (log.parent, log.name.partition("-features")[2]) == (project / ".dp/logs", ".log")
    assert log.read_text().count("\nTraceback") == len(GOOD)
    assert all("\n" not in row.reason for row in read_stage_report(project / "data", "features"))
    assert [row.outcome for row in read_stage_report(project / "data", "align")] == [
        "reused",
        "reused",
        "done",
        "reused",
    ]

    # Crashes are tried again although DVC finds nothing stale; the recordings that had their features keep them.
    cache.unlink()
    aside.rename(cache)
    summary = rebuild(project, workers=1)
    assert outcomes(summary) == bad_and(a="reused", b="reused", c="done", d="reused")
    assert summary.logs == ()

    # A corpus that is not there changes nothing.
    before = (project / "params.yaml").read_bytes()
    with pytest.raises(DataError, match="nowhere"):
        rebuild(project, "folder", str(project / "nowhere"))
    assert (project / "params.yaml").read_bytes() == before

    check_that_changing_back_computes_nothing(project)
