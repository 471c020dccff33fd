"""What evaluations leave behind: figures of each preset, the same clip by clip, and all presets side by side."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dp.files import write_whole
from dp.metrics import Results
from dp.metrics.clip_metrics import ClipScores, from_json, summed_up, to_json
from dp.project import METRICS_FOLDER, SCORES_FOLDER


def publish_scores(project: Path, name: str, rows: Sequence[ClipScores], manner: Mapping[str, object]) -> None:
    """Write metrics/<name>.json, metrics/<name>-manner.json and scores/<name>.json."""
    texts = {
        f"{METRICS_FOLDER}/{name}.json": json.dumps(summed_up(rows), indent=2) + "\n",
        f"{METRICS_FOLDER}/{name}-manner.json": json.dumps(manner, indent=2) + "\n",
        f"{SCORES_FOLDER}/{name}.json": to_json(rows),
    }
    for file, text in texts.items():
        path = project / file
        path.parent.mkdir(exist_ok=True)
        write_whole(path, text.encode())


def all_manners(project: Path, names: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each preset, whether its timing model knows its performers apart: {preset: {"tempo": .., ..}}."""
    paths = {name: project / METRICS_FOLDER / f"{name}-manner.json" for name in names}
    found = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    return {name: manner for name, manner in found.items() if manner}


def all_results(project: Path, names: Sequence[str]) -> Results:
    """Figures of these presets, and how they differ."""
    paths = [project / SCORES_FOLDER / f"{name}.json" for name in names]
    return summed_up([row for path in paths for row in from_json(path.read_text(encoding="utf-8"))])
