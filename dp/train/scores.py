"""From what was measured on each clip to means with confidence intervals, and to differences on the same clips."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Protocol, TypeVar

import torch

from dp.data.clips import Clip
from dp.metrics import Results, bootstrap, paired_bootstrap

# Metrics of which the differences from a reference system are taken too.
COMPARED = ("log_mel_mse", "log_mel_mse_gain_free", "note_f1_50ms")

Scores = dict[str, dict[str, float]]  # {system: {metric: value}} of one clip
Found = dict[str, dict[str, dict[str, float]]]  # {system: {metric: {clip id: value}}}


class OfClip(Protocol):
    """Arrays of one clip."""

    @property
    def clip(self) -> Clip:
        """Which clip."""


C = TypeVar("C", bound=OfClip)


def split_of(clip: Clip) -> str:
    """The split that holds a clip out, empty for a clip to train on.

    Of a recording that is held out whole nothing is learned, so that none of its clips belongs to the `clip` split.
    """
    if clip.valid_by_recording:
        return "recording"
    return "clip" if clip.valid_by_clip else ""


def summed_up(
    clips: Sequence[C],
    scores: Callable[[C], Scores],
    reference: str = "",
    on_clip: Callable[[int, str], None] = lambda done, clip_id: None,
) -> Results:
    """Scores of the held-out ones of these clips as means by instrument, split, system and metric.

    Args:
        clips: those that no split holds out are passed over.
        scores: measures a clip; a value that is not finite leaves the clip out of that mean.
        reference: a system from which the others' differences are taken; they go under `METRIC_minus_REFERENCE`.
        on_clip: called after each clip with the number of clips done and its id.
    """
    values: dict[tuple[str, str], Found] = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    held_out = [item for item in clips if split_of(item.clip)]
    for done, item in enumerate(held_out, 1):
        with torch.no_grad():
            found = scores(item)
        group = values[item.clip.instrument, split_of(item.clip)]
        for system, metrics in found.items():
            for metric, value in metrics.items():
                if math.isfinite(value):
                    group[system][metric][item.clip.clip_id] = value
        on_clip(done, item.clip.clip_id)
    results: Results = {}
    for (instrument, split), systems in values.items():
        results.setdefault(instrument, {})[split] = {
            system: _estimates(metrics) | _differences(metrics, systems.get(reference, {}), system, reference)
            for system, metrics in systems.items()
        }
    return results


def _estimates(metrics: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    return {metric: asdict(bootstrap(list(by_clip.values()))) for metric, by_clip in metrics.items()}


def _differences(
    metrics: dict[str, dict[str, float]], others: dict[str, dict[str, float]], system: str, reference: str
) -> dict[str, dict[str, float]]:
    estimates = {}
    for metric in COMPARED:
        shared = [clip_id for clip_id in metrics.get(metric, {}) if clip_id in others.get(metric, {})]
        if shared and system != reference:
            pairs = ([metrics[metric][clip_id] for clip_id in shared], [others[metric][clip_id] for clip_id in shared])
            estimates[f"{metric}_minus_{reference}"] = asdict(paired_bootstrap(*pairs))
    return estimates
