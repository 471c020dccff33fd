"""Run `dp doctor`: say what is installed, which devices there are, where things are kept, how to get what is absent."""

import importlib.metadata
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from dp.cli.console import report
from dp.errors import DataError

# Distributions, as pyproject.toml names them; a test holds the two equal.
LIBRARY = (
    *("numpy", "scipy", "numba", "librosa", "soundfile", "soxr", "pretty_midi", "mido", "mir_eval", "pyarrow"),
    *("pyyaml", "ruamel.yaml", "torch", "safetensors", "matplotlib", "grimp", "dask", "distributed", "filelock"),
    *("typer", "rich"),
)
PROJECT = ("prefect", "dvc", "mlflow")  # of the extra `project`
PIP = "pip install 'deep-performer[project]'"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    state: str  # ok, missing (something will not work) or absent (only an extra is not there)
    detail: str
    advice: str = ""


def doctor(project: Path | None, as_json: bool) -> int:
    """Print what was found; exit code 1 when something needed is missing."""
    findings = [
        Finding("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        *(_check_package(name, "pip install deep-performer") for name in LIBRARY),
        *(_check_package(name, PIP) for name in PROJECT),
        *_find_devices(),
        *_check_optional(),
        *_check_project(project),
    ]
    width = max(len(f.name) for f in findings)
    lines = [f"{f.state:8}{f.name:{width}}  {f.detail}" + (f"  -> {f.advice}" if f.advice else "") for f in findings]
    report({"findings": [asdict(f) for f in findings]}, "\n".join(lines), False, as_json)
    return 1 if any(f.state == "missing" for f in findings) else 0


def _check_package(name: str, advice: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", "not installed", advice)


def _find_devices() -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = [Finding("cpu", "ok", f"{cores} cores")]
    try:
        import torch
    except ImportError:  # torch is in the list above already
        return found
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        return [*found, Finding("gpu", "ok", ", ".join(names))]
    return [*found, Finding("gpu", "absent", "none that torch can use; everything runs on the CPU")]


def _check_optional() -> list[Finding]:
    from dp.align.publication.fluidsynth import COMMAND, find_command, find_soundfont

    found = []
    player = _check_package("tinysoundfont", "pip install --no-deps tinysoundfont")
    if player.state == "missing":
        player = Finding(
            player.name,
            "absent",
            "not installed; the demo corpus and training of the onset net need it",
            player.advice,
        )
    found.append(player)
    found.append(_check_transcriber())
    needs = "only the publication's own alignment method needs it"
    for name, find in ((COMMAND, find_command), ("soundfont", find_soundfont)):
        try:
            found.append(Finding(name, "ok", str(find())))
        except DataError as error:
            found.append(Finding(name, "absent", f"{error.reason}; {needs}", error.advice))
    return found


def _check_transcriber() -> Finding:
    from dp.audio.transcription import find_transcriber_file

    try:
        return Finding("basic-pitch", "ok", str(find_transcriber_file()))
    except DataError as error:
        reason = f"{error.subject} {error.reason}; only the note metrics of dp evaluate need it"
        return Finding("basic-pitch", "absent", reason, error.advice)


def _check_project(given: Path | None) -> list[Finding]:
    from dp.config import PARAMS_FILE, load_config
    from dp.project import DATA_FOLDER, MODELS_FOLDER, STATE_FOLDER, find_project, locate_cache_folder

    try:
        project = find_project(given)
        config = load_config(project / PARAMS_FILE)
    except DataError as error:
        return [Finding("project", "absent" if given is None else "missing", str(error), "clone the repository")]
    free_gb = shutil.disk_usage(project).free / 1e9
    found = [
        Finding("project", "ok", str(project)),
        Finding("corpus", "ok", f"{config.corpus.name} in {config.corpus.root}"),
        Finding(
            "disk",
            "ok" if free_gb > 2 else "missing",
            f"{free_gb:.0f} GB free",
            "" if free_gb > 2 else "free some space",
        ),
    ]
    places = (
        ("dataset", project / DATA_FOLDER, "dp rebuild"),
        ("models", project / MODELS_FOLDER, "dp train"),
        ("cache", locate_cache_folder(project), "dp rebuild"),
        ("mlflow", project / STATE_FOLDER / "mlflow.db", "dp train"),
    )
    for name, path, command in places:
        there = path.exists()
        found.append(Finding(name, "ok" if there else "absent", str(path), "" if there else command))
    server = os.environ.get("PREFECT_API_URL")
    detail = server or f"started when needed, on a free port of this machine; its state is in {project / STATE_FOLDER}"
    return [*found, Finding("prefect server", "ok", detail)]
