"""Metrics of single clips, their means with confidence intervals, and differences between systems on the same clips."""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from dp.data.clips import Clip
from dp.evaluate.systems import EvaluationClip
from dp.metrics.frechet import bootstrap_frechet
from dp.metrics.intervals import Results, bootstrap, bootstrap_pairs

# Metrics of which the differences from other systems are taken too, and from which.
COMPARED: Mapping[str, tuple[str, ...]] = {
    "log_mel_mse": ("publication",),
    "log_mel_mse_gain_free": ("publication",),
    "note_f1_50ms": ("publication",),
    "onset_mse_frame2": ("constant-tempo", "other-performers"),
    "interval_mse_frame2": ("constant-tempo", "other-performers"),
}
RECORDING = "recording"  # the system that is the clip itself
FRECHET = "frechet_distance"
SQUARED, ROOT = "_mse_frame2", "_rmse_frame"  # of an error in frames, the root is told too

MetricValues = dict[str, dict[str, float]]  # {system: {metric: value}} of one clip
Vectors = dict[str, list[list[float]]]  # {system: its embedding [n, D]} of one clip, RECORDING's among them
Found = dict[str, dict[str, dict[str, float]]]  # {system: {metric: {clip id: value}}}


def find_split(clip: Clip) -> str:
    """Return the split that holds a clip out, empty for a clip to train on.

    Of a recording that is held out whole nothing is learned, so none of its clips belongs to the `clip` split.
    """
    if clip.valid_by_recording:
        return "recording"
    return "clip" if clip.valid_by_clip else ""


@dataclass(frozen=True)
class ClipMetrics:
    """The metrics of one held-out clip."""

    clip_id: str
    instrument: str
    splits: tuple[str, ...]  # that hold it out
    metrics: MetricValues
    embedded: Vectors = field(default_factory=dict)  # empty where nothing embeds


def measure_clips(
    clips: Sequence[EvaluationClip],
    measure: Callable[[EvaluationClip], MetricValues],
    on_clip: Callable[[int, str], None] = lambda done, clip_id: None,
) -> list[ClipMetrics]:
    """Measure those of the clips that are held out.

    Args:
        clips: those that no split holds out are passed over.
        measure: measures a clip; values that are not finite are left out.
        on_clip: called after each clip with the number of clips done and its id.
    """
    rows = []
    for done, item in enumerate([item for item in clips if find_split(item.clip)], 1):
        found = measure(item)
        finite = {
            system: {metric: float(value) for metric, value in metrics.items() if math.isfinite(value)}
            for system, metrics in found.items()
        }
        rows.append(ClipMetrics(item.clip.clip_id, item.clip.instrument, (find_split(item.clip),), finite))
        on_clip(done, item.clip.clip_id)
    return rows


def summarize_clips(rows: Sequence[ClipMetrics], compared: Mapping[str, tuple[str, ...]] = COMPARED) -> Results:
    """Return the means of the metrics by instrument, split, system and metric.

    Args:
        rows: of one clip there may be several, of different systems.
        compared: for each metric, systems from which the others' differences are taken, on the clips that both were
            measured on; they go under `METRIC_minus_SYSTEM`.
    """
    values: dict[tuple[str, str], Found] = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    vectors: dict[tuple[str, str], list[Vectors]] = defaultdict(list)
    for row in rows:
        for split in row.splits:
            vectors[row.instrument, split].append(row.embedded)
            for system, metrics in row.metrics.items():
                for metric, value in metrics.items():
                    values[row.instrument, split][system][metric][row.clip_id] = value
    results: Results = {}
    for (instrument, split), systems in values.items():
        results.setdefault(instrument, {})[split] = {
            system: _estimate_means(metrics)
            | _estimate_frechet(system, vectors[instrument, split])
            | _estimate_differences(system, systems, compared)
            for system, metrics in systems.items()
        }
    return results


def format_clip_metrics(rows: Sequence[ClipMetrics]) -> str:
    """Return the rows as JSON, one a line."""
    return "[\n" + ",\n".join(json.dumps(asdict(row)) for row in rows) + "\n]\n"


def parse_clip_metrics(text: str) -> list[ClipMetrics]:
    """Read the rows that `format_clip_metrics` made."""
    return [ClipMetrics(**{**row, "splits": tuple(row["splits"])}) for row in json.loads(text)]


def _estimate_means(metrics: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    found = {metric: asdict(bootstrap(list(by_clip.values()))) for metric, by_clip in metrics.items()}
    for metric in [metric for metric in found if metric.endswith(SQUARED)]:
        found[metric.replace(SQUARED, ROOT)] = {
            key: value if key == "n" else math.sqrt(value) for key, value in found[metric].items()
        }
    return found


def _estimate_frechet(system: str, vectors: Sequence[Vectors]) -> dict[str, dict[str, float]]:
    """Return the Fréchet distance of a system's embeddings from the clips' own, where there are any."""
    both = [(row[system], row[RECORDING]) for row in vectors if row.get(system) and row.get(RECORDING)]
    if sum(len(ours) for ours, _ in both) < 2:
        return {}
    return {FRECHET: asdict(bootstrap_frechet([ours for ours, _ in both], [theirs for _, theirs in both]))}


def _estimate_differences(
    system: str, systems: Found, compared: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, float]]:
    estimates = {}
    for metric, references in compared.items():
        ours = systems[system].get(metric, {})
        for reference in references:
            theirs = systems.get(reference, {}).get(metric, {})
            shared = [clip_id for clip_id in ours if clip_id in theirs]
            if shared and system != reference:
                pairs = ([ours[clip_id] for clip_id in shared], [theirs[clip_id] for clip_id in shared])
                estimates[f"{metric}_minus_{reference}"] = asdict(bootstrap_pairs(*pairs))
    return estimates
