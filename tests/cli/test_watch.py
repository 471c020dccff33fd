"""`dp render --watch`: a real process over a folder, with tiny models."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dp.cli.watch import watch
from dp.errors import DataError
from dp.render_options import OutputOptions, RenderOptions
from dp.store.renderings import MANIFEST_FILE, read_renderings
from tests.factories import MELODY, REPOSITORY, melody_xml

TIMEOUT_SEC = 120.0
PROGRAM = """
import sys
from pathlib import Path
from dp.cli.watch import watch
from dp.render_options import OutputOptions, RenderOptions
if __name__ == "__main__":
    folders = [Path(name) for name in sys.argv[1:]]
    sys.exit(watch(*folders, RenderOptions(), OutputOptions(extras=False), ".wav", None, quiet=False))
"""


def wait_for(found: Callable[[], bool]) -> None:
    deadline_sec = time.monotonic() + TIMEOUT_SEC
    while not found():
        assert time.monotonic() < deadline_sec
        time.sleep(0.1)


@contextmanager
def watching(folder: Path, models: Path) -> Iterator["subprocess.Popen[str]"]:
    """A command that watches a folder, killed if it still runs in the end."""
    (folder.parent / "watch.py").write_text(PROGRAM)
    command = [sys.executable, str(folder.parent / "watch.py"), str(folder), str(folder / "out"), str(models)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def outcomes(out: Path) -> dict[str, str]:
    return {row.score: row.outcome for row in read_renderings(out)}


@contextmanager
def ctrl_c_when(found: Callable[[], bool]) -> Iterator[None]:
    """Sends this process SIGINT once something is so, or once it is not so for too long."""

    def wait() -> None:
        try:
            wait_for(found)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it may be ignored
    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)


def test_whatever_is_dropped_in_is_rendered_once(
    models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "in/out"
    folder.mkdir()
    with watching(folder, models) as process:
        (folder / "bad.mid").write_bytes(b"MThd")
        (folder / "a.musicxml").write_bytes(melody_xml())
        wait_for(lambda: outcomes(out) == {"../a.musicxml": "done", "../bad.mid": "failed"})
        (folder / "sub").mkdir()
        (folder / "sub/b.musicxml").write_bytes(melody_xml(MELODY[4:]))
        (folder / "bad.mid").unlink()
        wait_for(lambda: (out / "sub/b.wav").is_file() and "../sub/b.musicxml" in outcomes(out))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=TIMEOUT_SEC)
    assert process.returncode == 0, said
    assert said.count("bad.mid: is cut off inside its header") == 1
    assert sorted(path.name for path in out.rglob("*")) == ["a.wav", "b.wav", MANIFEST_FILE, "sub"]
    before = (out / "a.wav").stat().st_mtime_ns

    # Another command finds what is finished, takes what changed, and ends by Ctrl-C. It runs here, since a process
    # more would import PyTorch once more.
    (folder / "bad.mid").write_bytes(b"MThd")
    (folder / "sub/b.musicxml").write_bytes(melody_xml(MELODY[8:]))
    with ctrl_c_when(lambda: {row.note_count for row in read_renderings(out)} == {0, 8, 16}):
        assert watch(folder, out, models, RenderOptions(), OutputOptions(extras=False), ".wav", None, quiet=False) == 0
    said = capfd.readouterr().err
    assert "stopped; what was finished is kept" in said
    assert (out / "a.wav").stat().st_mtime_ns == before
    assert "bad.mid" not in said  # it is known, and did not change


@pytest.mark.parametrize(("folder", "out"), [("missing", "out"), ("in", "in"), ("in/sub", "in")])
def test_folders_that_cannot_be_watched_are_refused(tmp_path: Path, folder: str, out: str) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    with pytest.raises(DataError):
        watch(tmp_path / folder, tmp_path / out, tmp_path, RenderOptions(), OutputOptions(), ".wav", None, quiet=True)
