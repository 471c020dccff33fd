"""What a stage process does with an error that was not expected."""

import os
from pathlib import Path
from typing import Any

import pytest
from prefect.states import Completed

from dp.errors import DataError
from dp.parallel.events import EVENTS_VARIABLE, Event, parse
from dp.parallel.executor import SerialExecutor, run_jobs
from dp.parallel.outcome import Outcome, attempt
from dp.stages.environment import OWNER_VARIABLE
from flows.stage import finish_stage, run_stage
from tests.parallel.test_run_log import Named


class Ended:
    """The state of a flow that an error ended, as far as a stage looks at it."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def result(self, raise_on_failure: bool) -> Exception:
        assert not raise_on_failure
        return self.error


def publish(error: Exception) -> None:
    raise error


def flow_that_ends_with(error: Exception) -> Any:
    """In place of a Prefect flow, which would need a server."""

    def flow(project: str, return_state: bool) -> Ended:
        try:
            publish(error)
        except Exception as caught:
            return Ended(caught)
        raise AssertionError("published")

    return flow


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(EVENTS_VARIABLE, "1")
    monkeypatch.delenv(OWNER_VARIABLE, raising=False)
    return tmp_path


def logs(project: Path) -> list[Path]:
    return sorted(project.glob(".dp/logs/*"))


def test_a_stage_that_cannot_publish_says_why_and_where_the_traceback_is(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_stage(flow_that_ends_with(RuntimeError("of two\nlines")), "align")
    assert ended.value.code == 1
    (file,) = logs(project)
    event = parse(capsys.readouterr().err.rstrip("\n"))
    assert event == Event("align", error="RuntimeError: of two lines", log=str(file))
    text = file.read_text()
    assert " stage align\nTraceback (most recent call last):\n" in text
    assert ", in publish\n" in text
    assert text.endswith("RuntimeError: of two\nlines\n")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DataError("data/clips", "is missing", "run `dp rebuild`"), "data/clips: is missing; run `dp rebuild`"),
        (
            PermissionError(13, "Permission denied", "data/mels"),
            f"data/mels: cannot be read or written ({os.strerror(13)}); free some space or correct the permissions",
        ),
    ],
)
def test_only_what_is_unexpected_has_a_traceback(
    project: Path, capsys: pytest.CaptureFixture[str], error: Exception, line: str
) -> None:
    with pytest.raises(SystemExit):
        run_stage(flow_that_ends_with(error), "align")
    event = parse(capsys.readouterr().err.rstrip("\n"))
    assert event is not None
    assert event.error == line
    assert len(logs(project)) == (0 if isinstance(error, DataError) else 1)


@pytest.mark.parametrize("fault", ["surprise", "none"])
def test_a_stage_with_crashed_recordings_tells_the_file(
    project: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    states = []

    def work(job: Named) -> Outcome:
        return attempt(job.recording_id, lambda: Outcome(job.recording_id, {"a": "done"}[job.recording_id]))

    def flow(folder: str, return_state: bool) -> object:
        jobs = [Named("a"), *([Named("b")] if fault == "surprise" else [])]
        states.append(finish_stage(Path(folder), "align", run_jobs("align", work, jobs, SerialExecutor())))
        return Completed()

    stage: Any = flow
    run_stage(stage, "align")
    events = [parse(line) for line in capsys.readouterr().err.rstrip("\n").split("\n")]
    if fault == "none":
        assert logs(project) == []
        assert states[0].message == "align: 1 done"
        assert events[-1] == Event("align", 1, 1, "a done")
        return
    (file,) = logs(project)
    assert "KeyError: 'b'\n" in file.read_text()
    assert states[0].message == f"align: 1 done, 1 crashed; traceback in .dp/logs/{file.name}"
    assert events[-2:] == [Event("align", 2, 2, "b crashed: KeyError: 'b'"), Event("align", log=str(file))]
