"""Tracebacks of unexpected errors: in one file a run, made with the first of them, and shown where asked for."""

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from dp.errors import DataError
from dp.parallel.environment import VERBOSE_VARIABLE
from dp.parallel.events import EVENTS_VARIABLE, Event, describe_traceback, emit, parse
from dp.parallel.executor import Executor, SerialExecutor, run_jobs
from dp.parallel.outcome import Outcome, attempt
from dp.parallel.process import ProcessExecutor
from dp.parallel.progress import show_progress
from dp.parallel.run_log import KEPT_COUNT, find_traceback_file, keep_log, keep_traceback, log_crash, log_error


@dataclass(frozen=True)
class Named:
    recording_id: str


def work(job: Named) -> Outcome:
    return attempt(job.recording_id, lambda: do(job))


def do(job: Named) -> Outcome:
    if job.recording_id == "surprise":
        raise RuntimeError("of two\nlines")
    if job.recording_id == "bad":
        raise DataError("bad.wav", "is no audio")
    return Outcome(job.recording_id, "done")


@pytest.mark.parametrize("executor", [SerialExecutor(), ProcessExecutor()])
def test_the_traceback_of_a_job_is_in_the_file_and_its_outcome_is_one_line(tmp_path: Path, executor: Executor) -> None:
    with keep_log(tmp_path / "logs", "test/work"):
        outcomes = run_jobs("test", work, [Named("bad"), Named("surprise"), Named("good")], executor)
        assert find_traceback_file()
    assert {outcome.recording_id: (outcome.outcome, outcome.reason) for outcome in outcomes} == {
        "bad": ("failed", "bad.wav: is no audio"),
        "surprise": ("crashed", "RuntimeError: of two lines"),
        "good": ("done", ""),
    }
    (file,) = (tmp_path / "logs").iterdir()
    assert file.name.endswith("-test-work.log")
    text = file.read_text()
    assert " surprise\nTraceback (most recent call last):\n" in text
    assert ", in do\n" in text
    assert text.endswith("RuntimeError: of two\nlines\n")
    assert text.count("Traceback") == 1
    assert "bad.wav" not in text


def test_what_was_found_to_be_done_may_surprise_too(tmp_path: Path) -> None:
    def find(job: Named) -> Outcome | None:
        raise ZeroDivisionError("found")

    with keep_log(tmp_path, "test"):
        (outcome,) = run_jobs("test", work, [Named("a")], SerialExecutor(), find)
        assert ", in find\n" in Path(find_traceback_file()).read_text()
    assert outcome.reason == "ZeroDivisionError: found"


def test_without_an_unexpected_error_nothing_is_made(tmp_path: Path) -> None:
    before = list(logging.getLogger("dp").handlers)
    with keep_log(tmp_path / "logs", "test"):
        run_jobs("test", work, [Named("bad"), Named("good")], SerialExecutor())
        log_crash(Outcome("a", "crashed", "its worker process died"))
        assert find_traceback_file() == ""
    assert list(tmp_path.iterdir()) == []
    assert logging.getLogger("dp").handlers == before
    assert logging.getLogger("dp").propagate


def test_the_files_of_the_newest_runs_are_kept(tmp_path: Path) -> None:
    old = [tmp_path / f"20200101-{number:06d}-align.log" for number in range(KEPT_COUNT + 5)]
    other = [tmp_path / "stages.log", tmp_path / "server.log"]
    for path in (*old, *other):
        path.touch()
    with keep_log(tmp_path, "align"):
        log_error("a", RuntimeError("new"))
        new = Path(find_traceback_file())
    assert sorted(tmp_path.iterdir()) == sorted([*old[-(KEPT_COUNT - 1) :], new, *other])
    assert "RuntimeError: new" in new.read_text()


def test_where_no_file_can_be_made_the_traceback_is_not_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("in the way")
    assert keep_traceback(tmp_path / "logs", "align", RuntimeError("new")) == "RuntimeError: new"
    assert "align\nRuntimeError: new\n" in capsys.readouterr().err


def test_a_line_names_the_file_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert describe_traceback("") == ""
    assert describe_traceback(str(tmp_path / ".dp/logs/x.log")) == "; traceback in .dp/logs/x.log"
    assert describe_traceback("/elsewhere/x.log") == "; traceback in /elsewhere/x.log"


@pytest.mark.parametrize("quiet", [False, True])
def test_tracebacks_are_shown_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    with keep_log(tmp_path, "align"):
        log_error("a", RuntimeError("unseen"))
    assert capsys.readouterr().err == ""
    monkeypatch.setenv(VERBOSE_VARIABLE, "1")
    with keep_log(tmp_path, "align"):
        log_error("a", RuntimeError("by hand"))
    assert capsys.readouterr().err == "a\nRuntimeError: by hand\n"

    # A stage below a command hands it on.
    monkeypatch.setenv(EVENTS_VARIABLE, "1")
    with keep_log(tmp_path, "align"):
        log_error("a", RuntimeError("below"))
    event = parse(capsys.readouterr().err.rstrip("\n"))
    assert event == Event("align", traceback="a\nRuntimeError: below")
    with show_progress(quiet) as on_event:
        on_event(event)
        on_event(Event("align", log="x.log"))
        on_event(Event("align", error="it comes back as an exception"))
    assert capsys.readouterr().err == "a\nRuntimeError: below\n"


def test_a_stage_by_hand_says_where_tracebacks_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(EVENTS_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    emit(Event("align", log=str(tmp_path / "x.log")))
    emit(Event("align", error="KeyError: 'a'", log=str(tmp_path / "x.log")))
    assert capsys.readouterr().err.splitlines() == [
        "align: unexpected errors; traceback in x.log",
        "align: KeyError: 'a'; traceback in x.log",
    ]
