"""What evaluations leave behind: figures of each preset, the same clip by clip, and all presets side by side."""

import json
from collections.abc import Sequence
from pathlib import Path

from dp.files import write_whole
from dp.metrics import Results
from dp.metrics.scores import ClipScores, from_json, summed_up, to_json
from dp.project import METRICS_FOLDER, SCORES_FOLDER


def publish_scores(project: Path, name: str, rows: Sequence[ClipScores]) -> None:
    """Write metrics/<name>.json and scores/<name>.json."""
    texts = {METRICS_FOLDER: json.dumps(summed_up(rows), indent=2) + "\n", SCORES_FOLDER: to_json(rows)}
    for folder, text in texts.items():
        path = project / folder / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        write_whole(path, text.encode())


def all_results(project: Path, names: Sequence[str]) -> Results:
    """Figures of these presets, and how they differ."""
    paths = [project / SCORES_FOLDER / f"{name}.json" for name in names]
    return summed_up([row for path in paths for row in from_json(path.read_text(encoding="utf-8"))])
