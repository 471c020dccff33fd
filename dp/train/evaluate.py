"""How good the models are on held-out clips, with confidence intervals over clips and beside simple yardsticks."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from dp.data.arrays import Arrays, SynthesisClip, TimingClip, VocoderClip
from dp.data.loader import synthesis_batch
from dp.metrics import bootstrap, difference_variance_ratio, mean_squared_error
from dp.models.checkpoint import Checkpoint
from dp.models.mel import LogMel
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocos import VocosModel

SPLITS = ("clip", "recording")

# {instrument: {split: {system: {metric: {mean, low, high, n}}}}}
Results = dict[str, dict[str, dict[str, dict[str, dict[str, float]]]]]
C = TypeVar("C", TimingClip, SynthesisClip, VocoderClip)
Scores = dict[str, dict[str, float]]  # {system: {metric: value}} of one clip


def evaluate_synthesis(checkpoint: Checkpoint[SynthesisModel], arrays: Arrays[SynthesisClip]) -> Results:
    """Error of the log-mel made from true alignments, beside the clip's own mean spectrum as the prediction."""

    def scores(clip: SynthesisClip) -> Scores:
        batch = synthesis_batch([clip])
        batch.inputs["performer"] = _known(checkpoint, clip)
        predicted = checkpoint.model(**batch.inputs)[0].numpy()
        mean_spectrum = np.broadcast_to(clip.log_mel.mean(axis=0), clip.log_mel.shape)
        return {
            "deep-performer": _mel_errors(predicted, clip.log_mel),
            "clip-mean-spectrum": _mel_errors(mean_spectrum, clip.log_mel),
        }

    return _evaluate(arrays, scores)


def evaluate_vocoder(
    checkpoint: Checkpoint[VocosModel], arrays: Arrays[VocoderClip], filterbank: npt.NDArray[np.float32]
) -> Results:
    """Error of the log-mel of the waveform that the vocoder makes from the true log-mel (copy-synthesis)."""
    log_mel = LogMel(checkpoint.mel, filterbank)

    def scores(clip: VocoderClip) -> Scores:
        copied = log_mel(checkpoint.model(torch.from_numpy(clip.log_mel)[None]))[0].numpy()
        return {"copy-synthesis": _mel_errors(copied, clip.log_mel)}

    return _evaluate(arrays, scores)


def merge(results: Sequence[Results]) -> Results:
    """Results of several evaluations as one."""
    merged: Results = {}
    for result in results:
        for instrument, splits in result.items():
            for split, systems in splits.items():
                merged.setdefault(instrument, {}).setdefault(split, {}).update(systems)
    return merged


def _mel_errors(predicted: npt.NDArray[np.float32], true: npt.NDArray[np.float32]) -> dict[str, float]:
    return {
        "log_mel_mse": mean_squared_error(predicted, true),
        "difference_variance_ratio": difference_variance_ratio(predicted, true),
    }


def _known(
    checkpoint: Checkpoint[TimingModel] | Checkpoint[SynthesisModel], clip: TimingClip | SynthesisClip
) -> torch.Tensor:
    """The clip's performer [1] as the checkpoint numbers them: it may know others than these arrays do."""
    return torch.tensor([checkpoint.performer_index(clip.clip.performer)])


def _evaluate(arrays: Arrays[C], scores: Callable[[C], Scores]) -> Results:
    """Scores of all held-out clips, summed up by instrument, split, system and metric."""
    values: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    with torch.no_grad():
        for split in SPLITS:
            for clip in arrays.held_out(split):
                for system, metrics in scores(clip).items():
                    for metric, value in metrics.items():
                        values[clip.clip.instrument, split, system, metric].append(value)
    results: Results = {}
    for (instrument, split, system, metric), found in values.items():
        systems = results.setdefault(instrument, {}).setdefault(split, {})
        systems.setdefault(system, {})[metric] = asdict(bootstrap(found))
    return results
