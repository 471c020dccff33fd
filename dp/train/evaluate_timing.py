"""How good the timing model is on held-out clips, with confidence intervals over clips, beside constant tempo."""

import numpy as np
import numpy.typing as npt
import torch

from dp.data.arrays import Arrays, TimingClip
from dp.data.loader import timing_batch
from dp.metrics import Results, mean_squared_error
from dp.models.checkpoint import Checkpoint
from dp.models.timing import TimingModel
from dp.train.scores import Scores, summed_up


def evaluate_timing(checkpoint: Checkpoint[TimingModel], arrays: Arrays[TimingClip]) -> Results:
    """Mean squared error of onsets and durations in frames squared, of the model and of constant tempo."""

    def scores(clip: TimingClip) -> Scores:
        batch = timing_batch([clip])
        batch.inputs["performer"] = torch.tensor([checkpoint.performer_index(clip.clip.performer)])
        onset, duration = (prediction[0].numpy() for prediction in checkpoint.model(**batch.inputs))
        written = clip.written
        return {
            "timing-model": _timing_errors(onset, duration, clip),
            "constant-tempo": _timing_errors(written.nominal_onset_frame, written.nominal_duration_frame, clip),
        }

    return summed_up(arrays.clips, scores)


def _timing_errors(
    onset_frame: npt.NDArray[np.float32], duration_frame: npt.NDArray[np.float32], clip: TimingClip
) -> dict[str, float]:
    return {
        "onset_mse_frame2": mean_squared_error(onset_frame, clip.onset_frame),
        "duration_mse_frame2": mean_squared_error(duration_frame, clip.duration_frame),
    }
