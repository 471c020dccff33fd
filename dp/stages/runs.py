"""Note which run last published a stage, so that a command can tell what was done now and what it only found done."""

import os
from pathlib import Path

from dp.files import write_whole
from dp.project import STATE_FOLDER
from dp.stages.environment import RUN_VARIABLE

BY_HAND = "by hand"  # the id of a stage that was started without a command


def find_current_run() -> str:
    """Find the id of the run that this stage process belongs to."""
    return os.environ.get(RUN_VARIABLE, BY_HAND)


def mark_published(project: Path, stage: str, run_id: str) -> None:
    """Note that a stage published all its outputs."""
    path = _mark(project, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, run_id.encode())


def clear_mark(project: Path, stage: str) -> None:
    """Note that a stage begins."""
    _mark(project, stage).unlink(missing_ok=True)


def was_published(project: Path, stage: str, run_id: str) -> bool:
    """Return whether this run published the stage."""
    path = _mark(project, stage)
    return path.is_file() and path.read_text() == run_id


def _mark(project: Path, stage: str) -> Path:
    return project / STATE_FOLDER / "published" / stage.replace("/", "-")
