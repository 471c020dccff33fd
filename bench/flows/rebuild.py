"""How long `dp rebuild` takes: the first time, when nothing changed, and after one recording's bytes changed.

    python -m bench.flows.rebuild CORPUS_ROOT

CORPUS_ROOT is a copy of the Bach Violin Dataset; it is copied, and so is the project. Target: under 10 s when nothing
changed.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dp.corpora import list_recordings
from dp.stages.environment import make_command_environment

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET_SEC = 10.0
PROJECT_FILES = ("dvc.yaml", "params.yaml", ".dvcignore", ".dvc/config")
COMMAND = "from dp.cli import main; main()"


def rebuild_sec(project: Path, *arguments: str) -> float:
    """Seconds of a whole `dp rebuild`, the start of Python included."""
    start_sec = time.perf_counter()
    command = [sys.executable, "-c", COMMAND, "rebuild", "--quiet", *arguments]
    subprocess.run(command, cwd=project, env=make_command_environment(project, {}), check=True)
    return time.perf_counter() - start_sec


def main(root: Path) -> None:
    """Build in a temporary project."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, project = Path(folder) / "corpus", Path(folder) / "project"
        shutil.copytree(root, corpus, copy_function=shutil.copyfile)
        (project / ".dvc").mkdir(parents=True)
        for name in PROJECT_FILES:
            shutil.copy(REPOSITORY / name, project / name)
        for name in ("dp", "flows"):
            shutil.copytree(REPOSITORY / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
        first_sec = rebuild_sec(project, "--corpus", "bach-violin", "--root", str(corpus))
        print(f"first: {first_sec:.1f} s")
        print(f"nothing changed: {rebuild_sec(project):.1f} s (target: under {TARGET_SEC:g} s)")
        audio = list_recordings("bach-violin", corpus).recordings[0].audio_path
        audio.chmod(0o644)
        with audio.open("ab") as file:
            file.write(b"\0")
        print(f"one recording changed: {rebuild_sec(project):.1f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
