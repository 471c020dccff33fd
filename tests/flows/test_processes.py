"""What lies between a command and its processes: events, locks, DVC's leftovers, processes that must not outlive it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dp.errors import DataError
from dp.parallel.events import EVENTS_VARIABLE, Event, emit, parse
from dp.parallel.outcome import Outcome, attempt
from dp.stages.environment import make_command_environment
from dp.stages.report import sort_outcomes, summarize_outcomes
from dp.stages.runs import clear_mark, mark_published, was_published
from flows import dvc, processes
from flows.processes import project_lock, run_lines


def test_an_event_crosses_the_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    event = Event("align", 3, 6, "träumerei done")
    monkeypatch.setenv(EVENTS_VARIABLE, "1")
    emit(event)
    assert parse(capsys.readouterr().err.rstrip("\n")) == event
    assert parse("distributed: worker died") is None


def test_an_event_by_hand_is_a_plain_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EVENTS_VARIABLE, raising=False)
    emit(Event("align", 3, 6, "a done"))
    emit(Event("align", error="disk full"))
    assert capsys.readouterr().err == "align: 3/6 a done\nalign: disk full\n"


def test_outcomes_of_an_attempt() -> None:
    def bad_data() -> Outcome:
        raise DataError("a.mp3", "is no audio", "give audio")

    def unreadable() -> Outcome:
        try:
            raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise DataError("a.mp3", "cannot be read") from error

    def leaves() -> Outcome:
        sys.exit(3)

    assert attempt("a", lambda: Outcome("a", "done")) == Outcome("a", "done")
    assert attempt("a", bad_data) == Outcome("a", "failed", "a.mp3: is no audio; give audio")
    assert attempt("a", unreadable) == Outcome("a", "crashed", "a.mp3: cannot be read")
    assert attempt("a", leaves) == Outcome("a", "crashed", "SystemExit: 3")


def test_outcomes_are_counted_and_ordered() -> None:
    outcomes = [Outcome("b", "failed", "x"), Outcome("a", "done"), Outcome("c", "done")]
    assert summarize_outcomes("align", outcomes) == "align: 2 done, 1 failed"
    assert summarize_outcomes("align", []) == "align: no recordings"
    assert [outcome.recording_id for outcome in sort_outcomes(outcomes, ["c", "b", "a"])] == ["c", "b", "a"]


def test_a_mark_belongs_to_one_run(tmp_path: Path) -> None:
    mark_published(tmp_path, "train@timing", "run 1")
    assert was_published(tmp_path, "train@timing", "run 1")
    assert not was_published(tmp_path, "train@timing", "run 2")
    clear_mark(tmp_path, "train@timing")
    assert not was_published(tmp_path, "train@timing", "run 1")


def test_one_command_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOCK_TIMEOUT_SEC", 0.1)
    busy = pytest.raises(DataError, match="another dp command is working in this project")
    with project_lock(tmp_path), busy, project_lock(tmp_path):
        pass
    with project_lock(tmp_path):
        pass


KILLED_WITH_THE_LOCK = """
import os, subprocess, sys
from pathlib import Path
from flows.processes import project_lock
with project_lock(Path(".")) as lock:
    left = subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=(lock,))
    print(left.pid, flush=True)
    os._exit(9)
"""


def test_a_project_stays_locked_until_the_last_process_of_a_killed_command_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LOCK_TIMEOUT_SEC", 0.1)
    reader, writer = os.pipe()  # what is left of the command waits for its standard input to end
    program, environment = [sys.executable, "-c", KILLED_WITH_THE_LOCK], make_command_environment(tmp_path, {})
    command = subprocess.Popen(program, cwd=tmp_path, env=environment, stdin=reader, stdout=subprocess.PIPE)
    os.close(reader)
    assert command.stdout is not None
    left_pid = int(command.stdout.readline())
    assert command.wait(timeout=30) == 9
    with pytest.raises(DataError, match="another dp command is working"), project_lock(tmp_path):
        pass
    os.close(writer)
    assert ended(left_pid)
    with project_lock(tmp_path):
        pass
    command.stdout.close()


def test_lines_of_a_process_and_its_exit_code(tmp_path: Path) -> None:
    script = "import sys; print('out'); print('one', file=sys.stderr); print('two', file=sys.stderr); sys.exit(3)"
    lines: list[str] = []
    with project_lock(tmp_path) as lock:
        command = [sys.executable, "-c", script]
        assert run_lines(command, tmp_path, os.environ, lock, tmp_path / "out.log", lines.append) == 3
    assert lines == ["one", "two"]
    assert (tmp_path / "out.log").read_text() == "out\n"


def test_interrupted_a_command_ends_all_it_started(tmp_path: Path) -> None:
    grandchild = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    script = "import subprocess, sys; print(1, file=sys.stderr, flush=True); subprocess.run(sys.argv[1:])"

    def interrupt(line: str) -> None:
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt

    with project_lock(tmp_path) as lock, pytest.raises(KeyboardInterrupt):
        command = [sys.executable, "-c", script, sys.executable, "-c", grandchild]
        run_lines(command, tmp_path, os.environ, lock, tmp_path / "out.log", interrupt)
    assert ended(int((tmp_path / "pid").read_text()))


def test_a_process_below_may_finish_what_it_saves(tmp_path: Path) -> None:
    """The one in between ends at once when it is asked to; the training below it still has to write its state."""
    saves = "import signal, sys, time, pathlib\n"
    saves += "def save(*_):\n    time.sleep(0.7)\n    pathlib.Path('saved').touch()\n    sys.exit()\n"
    saves += "signal.signal(signal.SIGTERM, save)\nprint('ready', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    (tmp_path / "saves.py").write_text(saves)
    between = f"import subprocess, sys; subprocess.run([sys.executable, {str(tmp_path / 'saves.py')!r}])"

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with project_lock(tmp_path) as lock, pytest.raises(KeyboardInterrupt):
        command = [sys.executable, "-c", between]
        run_lines(command, tmp_path, os.environ, lock, tmp_path / "out.log", interrupt)
    assert (tmp_path / "saved").exists()


def test_a_stage_ends_when_its_command_was_killed(tmp_path: Path) -> None:
    code = (
        "from flows.owner_watch import follow_owner; import time; follow_owner(); print(1, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    environment = make_command_environment(tmp_path, {"DP_OWNER_PID": str(owner.pid)})
    stage = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert stage.stdout is not None
    stage.stdout.readline()
    assert stage.poll() is None
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert stage.wait(timeout=30) == 1
    stage.stdout.close()


def ended(pid: int) -> bool:
    """Whether a process is gone, or only waits to be buried by whoever adopted it."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def dvc_folder(tmp_path: Path) -> Path:
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    (tmp_path / ".dvc" / "config").write_text("")
    return tmp_path / ".dvc"


def test_dvc_works_with_git_and_without(dvc_folder: Path) -> None:
    dvc.prepare(dvc_folder.parent)
    local = dvc_folder / "config.local"
    assert "no_scm = true" in local.read_text()
    local.write_text(local.read_text() + "['remote \"store\"']\n    url = /there\n")
    (dvc_folder.parent / ".git").mkdir()
    dvc.prepare(dvc_folder.parent)
    assert "no_scm = false" in local.read_text()
    assert "url = /there" in local.read_text()


def test_a_project_without_dvc_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.dvc: is missing; run dvc init"):
        dvc.prepare(tmp_path)


@pytest.mark.parametrize("content", ["{", json.dumps({"write": {"x": {"pid": 2**22 + 1, "cmd": "dvc repro"}}})])
def test_locks_of_killed_processes_are_dropped(dvc_folder: Path, content: str) -> None:
    path = dvc_folder / "tmp" / "rwlock"
    path.write_text(content)
    dvc.prepare(dvc_folder.parent)
    assert not path.exists()


def test_a_lock_whose_number_another_program_got_is_dropped(dvc_folder: Path) -> None:
    path = dvc_folder / "tmp" / "rwlock"
    path.write_text(json.dumps({"read": {"x": [{"pid": 1, "cmd": "dvc repro"}]}}))
    dvc.prepare(dvc_folder.parent)
    assert not path.exists()


def test_a_lock_of_a_running_dvc_stays(dvc_folder: Path) -> None:
    path = dvc_folder / "tmp" / "rwlock"
    code = "import time; print(1, flush=True); time.sleep(60)"
    running = subprocess.Popen([sys.executable, "-c", code, "dvc"], stdout=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.readline()
    path.write_text(json.dumps({"read": {"x": [{"pid": running.pid, "cmd": "dvc repro"}]}}))
    try:
        dvc.prepare(dvc_folder.parent)
        assert path.exists()
    finally:
        running.kill()
        running.communicate()


def test_the_error_of_dvc_is_found() -> None:
    assert dvc.find_error_text(["WARNING: x", "ERROR: failed to reproduce", "more"]) == "failed to reproduce"
    assert dvc.find_error_text(["Traceback", "KeyError: 3"]) == "KeyError: 3"
    assert dvc.find_error_text([]) == "no message"
