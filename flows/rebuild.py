"""Bring a project up to date: this is what `dp rebuild`, `dp train` and `dp evaluate` do."""

import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dp.config import Config
from dp.corpora.demo.corpus import NAME as DEMO
from dp.errors import DataError
from dp.parallel.environment import SCHEDULER_VARIABLE, WORKERS_VARIABLE
from dp.parallel.events import EVENTS_VARIABLE, OnEvent, describe_traceback, parse
from dp.project import locate_corpus_root, locate_logs_folder
from dp.stages.environment import (
    OWNER_VARIABLE,
    RUN_VARIABLE,
    SERVER_VARIABLE,
    make_command_environment,
)
from dp.stages.runs import was_published
from flows import dvc
from flows.corpus_choice import check_corpus, choose_config, write_corpus
from flows.processes import project_lock, start_prefect_server
from flows.summary import STAGES, Summary, has_crashed, summarize

ALONE = "--single-item"  # of `dvc repro`


def rebuild(
    project: Path,
    corpus: str | None = None,
    root: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    on_event: OnEvent | None = None,
) -> Summary:
    """Bring the dataset up to date: ingest, align, features.

    Recordings that crashed the last time, for a reason that lies not in their data, are tried again.

    Args:
        project: the project folder.
        corpus: name of the corpus, kept in params.yaml; None keeps the project's.
        root: its folder, relative to the current one, kept in params.yaml; None keeps the project's.
        workers: Dask worker processes; None = one per core.
        scheduler: address of an existing Dask scheduler to use instead.
        on_event: called as stages go on.

    Raises:
        DataError: the project, its params.yaml or the corpus is not usable (then nothing was touched), another command
            is working in the project, or a stage could not publish.
    """
    config = choose_config(project, corpus, root)
    extra = {WORKERS_VARIABLE: str(workers or ""), SCHEDULER_VARIABLE: scheduler or ""}
    with project_lock(project) as lock:
        _provide_corpus(project, config)
        write_corpus(project, config)
        # Without DVC's run cache: it would bring back old reports, and the per-recording cache is as quick.
        options = ["--no-run-cache", *(["--force"] if has_crashed(project) else [])]
        ran = _bring_up_to_date(project, STAGES, options, extra, lock, on_event)
        return summarize(project, ran.stages, ran.logs)


def repro(
    project: Path,
    targets: Sequence[str],
    on_event: OnEvent | None = None,
    extra: Mapping[str, str] | None = None,
    alone: bool = False,
) -> tuple[str, ...]:
    """Bring stages, and those they depend on, up to date.

    Args:
        project: the project folder.
        targets: of dvc.yaml, e.g. "train@ours-timing", "evaluate@ours".
        on_event: called as stages go on.
        extra: environment of the stages.
        alone: leave the stages that they depend on as they are.

    Returns:
        the stages that ran; empty: nothing was stale.

    Raises:
        DataError: as for `rebuild`.
    """
    config = choose_config(project, None, None)
    with project_lock(project) as lock:
        _provide_corpus(project, config)
        return _bring_up_to_date(project, targets, [ALONE] if alone else [], extra or {}, lock, on_event).stages


def adopt(project: Path, stages: Sequence[str]) -> None:
    """Take what lies in the outputs of some stages for what they make, as if they had run.

    Raises:
        DataError: DVC refuses, or another command is working in the project.
    """
    with project_lock(project):
        environment = make_command_environment(project, {})
        dvc.prepare(project)
        dvc.write_dependencies(project, environment)
        dvc.commit(project, stages, environment)


def _provide_corpus(project: Path, config: Config) -> None:
    """Check the corpus; make the demo corpus where it is wanted and is not there."""
    root = locate_corpus_root(project, config.corpus.root)
    if config.corpus.name == DEMO and not root.exists():
        from dp.corpora.demo.make import make_demo

        make_demo(root)
    check_corpus(project, config)


def _bring_up_to_date(
    project: Path,
    targets: Sequence[str],
    options: Sequence[str],
    extra: Mapping[str, str],
    lock: int,
    on_event: OnEvent | None,
) -> "_Ran":
    """Run what is stale among `targets` and below. If nothing is, no flow is started."""
    run_id = uuid.uuid4().hex
    ours = {EVENTS_VARIABLE: "1", RUN_VARIABLE: run_id, OWNER_VARIABLE: str(os.getpid())}
    environment = make_command_environment(project, {**extra, **ours})
    dvc.prepare(project)
    dvc.write_dependencies(project, environment)
    if "--force" not in options and not dvc.find_stale_stages(project, targets, environment, ALONE not in options):
        return _Ran()
    log = locate_logs_folder(project)
    log.mkdir(exist_ok=True)
    with (
        (log / "stages.log").open("wb") as file,
        _provide_server(project, environment, lock, log / "server.log") as url,
    ):
        reader = _StageReader(file, on_event)
        environment[SERVER_VARIABLE] = url
        code = dvc.reproduce(project, targets, options, environment, lock, log / "dvc.log", reader.read)
    if code != 0:
        raise reader.error(log)
    return _Ran(tuple(stage for stage in reader.stages if was_published(project, stage, run_id)), tuple(reader.logs))


@dataclass(frozen=True)
class _Ran:
    """What was run."""

    stages: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()  # files with tracebacks of unexpected errors in them


def _provide_server(project: Path, environment: Mapping[str, str], lock: int, log: Path) -> AbstractContextManager[str]:
    """Provide one Prefect server for all stages of the run: that of the environment, or else one started for it."""
    url = environment.get(SERVER_VARIABLE)
    return nullcontext(url) if url else start_prefect_server(project, environment, lock, log)


@dataclass
class _StageReader:
    """Reads what DVC and the stages write on standard error: events are handed on, the rest goes to a file."""

    file: BinaryIO
    on_event: OnEvent | None
    stages: dict[str, str] = field(default_factory=dict)  # name -> its error, or nothing; in the order they ran
    logs: list[str] = field(default_factory=list)  # files with tracebacks
    lines: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Take one line."""
        event = parse(line)
        if event is None:
            self.file.write(f"{line}\n".encode())
            self.lines.append(line)
            return
        self.stages[event.stage] = event.error + describe_traceback(event.log) if event.error else ""
        if event.log:
            self.logs.append(event.log)
        if self.on_event is not None:
            self.on_event(event)

    def error(self, log: Path) -> DataError:
        """Say why DVC ended with an error."""
        for stage, error in self.stages.items():
            if error:
                return DataError(f"stage {stage}", error)
        return DataError("dvc repro", dvc.find_error_text(self.lines), f"see {log}")
