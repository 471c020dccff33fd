"""Apply the onset net to one recording: how likely does each note begin in each frame?"""

from dataclasses import dataclass

import numpy as np

from dp.align.coarse.features import Features
from dp.align.net_weights import Net
from dp.align.onsets.net import CONTEXT_FRAME, compute_onset_logits
from dp.align.onsets.patches import OnsetQuery, iterate_onset_patches
from dp.align.score_events import ScorePlan
from dp.align.spectrum import F32, Samples
from dp.units import IntArray


@dataclass(frozen=True)
class Listener:
    """The onset net on one recording."""

    samples: Samples  # [L] mono, at LEVEL_RMS
    sample_rate_hz: int
    plan: ScorePlan
    tuning_semitone: float  # how far the recording is above A = 440 Hz
    shift_semitone: int  # how far it sounds above the score, tuning apart
    net: Net  # onset net
    audio: Features  # of the same samples

    def logits(self, note: IntArray, center: IntArray, reach: int) -> F32:
        """Compute the logits [n, 2 * reach + 1] of the given notes [n] in the frames around `center` [n]."""
        context = self.plan.context.of(note).shifted(self.shift_semitone)
        query = OnsetQuery(self.plan.pitch[note] + self.shift_semitone, center, context)
        out = np.empty((len(note), 2 * reach + 1), np.float32)
        half = reach + CONTEXT_FRAME
        for index, patches in iterate_onset_patches(
            self.samples, self.sample_rate_hz, query, self.tuning_semitone, half
        ):
            out[index] = compute_onset_logits(self.net, patches)
        return out
