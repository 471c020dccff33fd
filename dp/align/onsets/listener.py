"""Apply the onset net to one recording: how likely does each note begin in each frame?

The net learned from instruments with overtones. As far as it is deaf to an instrument, as to a whistle, its
logits are raised, and the rise of each note's own band is added to them. Letters: N notes, E events, C frames.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dp.align.coarse.features import HOP_SAMPLE as FEATURE_HOP_SAMPLE
from dp.align.coarse.features import LOW_PITCH, KeptFeatures
from dp.align.net_weights import Net
from dp.align.onsets.net import CONTEXT_FRAME, compute_onset_logits
from dp.align.onsets.patches import HOP_SAMPLE, OnsetQuery, iterate_onset_patches
from dp.align.score_events import ScorePlan
from dp.align.spectrum import F32
from dp.types import Samples
from dp.units import IntArray

_FEATURE_PER_FRAME = HOP_SAMPLE / FEATURE_HOP_SAMPLE  # frames of the features, 20 ms, per frame of 5 ms
# A band rises at an onset where it does so more than in the 0.3 s before and after; frames of the features
_RISE_FRAME, _BESIDE_FRAME = (-1, 0, 1, 2), (*range(-14, -4), *range(6, 16))
_AT_FRAME = 6  # of 5 ms: what the net hears at an onset
# Of the onsets at which the band rises, the net takes 0.51 to 1.00 for likely in the suites H1, H2, H3 and in 15 real
# recordings. With less than the second share it is hard of hearing, with the first it is deaf.
_DEAF, _HEARS = 0.2, 0.5
# Nothing is said where hardly a band rises, as with a wrong score; of deaf right pairs at least 0.3 of the notes rise.
_LEAST_RISING, _ENOUGH_RISING = 0.15, 0.3
_LIFTED_LOGIT = 1.0  # what the median logit at such onsets becomes where the net is deaf; own choice
_LEAST_RISE = 0.1  # of a band's mean: no less counts against a note; own choice


@dataclass(frozen=True)
class Listener:
    """The onset net on one recording."""

    samples: Samples  # [L] mono, at LEVEL_RMS
    sample_rate_hz: int
    plan: ScorePlan
    tuning_semitone: float  # how far the recording is above A = 440 Hz
    shift_semitone: int  # how far it sounds above the score, tuning apart
    net: Net  # onset net
    audio: KeptFeatures  # of the same samples
    deafness: float = 0.0  # of the net to this recording, 0 to 1
    lift: float = 0.0  # added to all logits

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
        return self.support(out, note, center)

    def support(self, logits: F32, note: IntArray, center: IntArray) -> F32:
        """Add to the net's logits [n, C] around `center` [n] what it is deaf to."""
        if self.deafness == 0.0:
            return logits
        reach = logits.shape[1] // 2
        around = np.arange(-reach, reach + 1)
        out = logits + np.float32(self.lift + self.deafness * np.log(_LEAST_RISE))
        band, inside = self._find_bands(note)
        for one in np.unique(band[inside]):
            onsets, mine = self.audio.onsets[:, one].astype(np.float64), inside & (band == one)
            frame = (center[mine, None] + around) * _FEATURE_PER_FRAME
            rise = np.interp(frame, np.arange(len(onsets)), onsets / max(onsets.mean(), 1e-9))
            out[mine] = logits[mine] + self.lift + self.deafness * np.log(rise + _LEAST_RISE)
        return out

    def find_rising_notes(self, onset_frame: IntArray) -> npt.NDArray[np.bool_]:
        """Find the notes [N] whose own band rises at their onsets [N], and the bands a semitone beside it less."""
        onsets, frame = self.audio.onsets, np.rint(onset_frame * _FEATURE_PER_FRAME).astype(np.int64)
        own, inside = self._find_bands(np.arange(len(frame)))

        def measure(band: IntArray, frames: tuple[int, ...]) -> F32:
            at = np.clip(frame + np.array(frames)[:, None], 0, len(onsets) - 1)
            return np.asarray(onsets[at, np.clip(band, 0, onsets.shape[1] - 1)].max(axis=0))

        here, then = measure(own, _RISE_FRAME), measure(own, _BESIDE_FRAME)
        beside = np.maximum(measure(own - 1, _RISE_FRAME), measure(own + 1, _RISE_FRAME))
        return np.asarray(inside & (here > then) & (here >= beside))

    def _find_bands(self, note: IntArray) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """Find the bands [n] of the notes [n], and whether there are such bands; 0 where there are none."""
        band = self.plan.pitch[note] + self.shift_semitone - LOW_PITCH
        inside = (band >= 0) & (band < self.audio.onsets.shape[1])
        return np.where(inside, band, 0), inside


def support_deaf_net(listener: Listener, logits: F32, center: IntArray, onset_frame: IntArray) -> Listener:
    """Find how deaf the net is to a recording, by what it says of onsets at which the notes' own bands rise.

    Args:
        listener: whose net is not supported yet.
        logits: [N, C] of its net around `center` [N].
        center: [N] frames.
        onset_frame: [N] where the onsets were found.
    """
    rising = listener.find_rising_notes(onset_frame)
    if not rising.any():
        return listener
    away = np.arange(logits.shape[1]) - logits.shape[1] // 2 - (onset_frame - center)[rising, None]
    logit = np.where(np.abs(away) <= _AT_FRAME, logits[rising], -np.inf).max(axis=1)
    heard = float((logit > 0.0).mean())
    enough = np.clip((rising.mean() - _LEAST_RISING) / (_ENOUGH_RISING - _LEAST_RISING), 0.0, 1.0)
    deafness = float(enough * np.clip((_HEARS - heard) / (_HEARS - _DEAF), 0.0, 1.0))
    lift = deafness * max(_LIFTED_LOGIT - float(np.median(logit)), 0.0)
    return replace(listener, deafness=deafness, lift=lift)
