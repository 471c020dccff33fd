"""Reads and writes the results of evaluations: metrics of each preset, clip by clip, and of all presets."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dp.evaluate.clip_metrics import ClipMetrics, format_clip_metrics, parse_clip_metrics, summarize_clips
from dp.files import write_whole
from dp.metrics import Results
from dp.project import CLIP_METRICS_FOLDER, METRICS_FOLDER


def publish_metrics(project: Path, name: str, rows: Sequence[ClipMetrics], performers: Mapping[str, object]) -> None:
    """Write metrics/<name>.json, metrics/<name>-performers.json and metrics/clips/<name>.json."""
    texts = {
        f"{METRICS_FOLDER}/{name}.json": json.dumps(summarize_clips(rows), indent=2) + "\n",
        f"{METRICS_FOLDER}/{name}-performers.json": json.dumps(performers, indent=2) + "\n",
        f"{CLIP_METRICS_FOLDER}/{name}.json": format_clip_metrics(rows),
    }
    for file, text in texts.items():
        path = project / file
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())


def read_performer_tests(project: Path, names: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Read the test of each preset's timing model on its performers: {preset: {"tempo": .., ..}}."""
    paths = {name: project / METRICS_FOLDER / f"{name}-performers.json" for name in names}
    found = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    return {name: tests for name, tests in found.items() if tests}


def read_results(project: Path, names: Sequence[str]) -> Results:
    """Read the metrics of these presets, and their differences."""
    paths = [project / CLIP_METRICS_FOLDER / f"{name}.json" for name in names]
    return summarize_clips([row for path in paths for row in parse_clip_metrics(path.read_text(encoding="utf-8"))])
