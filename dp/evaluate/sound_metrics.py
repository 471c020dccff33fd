"""Metrics of sound: figures that say how near what a system makes of a clip is to the clip itself."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dp.config import MelConfig
from dp.data.clips import Float32Array
from dp.evaluate.naturalness import NATURALNESS
from dp.evaluate.systems import EvaluationClip, System, bring_to_level, run_system, select_heard_notes
from dp.metrics import (
    compute_difference_variance_ratio,
    compute_gain_free_squared_error,
    compute_mean_squared_error,
    compute_stft_distance,
    measure_notes,
)
from dp.types import PerformedNotes
from dp.units import frame_to_sec

NO_VALUE = float("nan")
NOTE_SHARES = ("precision", "recall", "f1")
NOTE_TOLERANCES_MS = (50, 100)
CARRIED_SEC = 0.1  # a transcriber hears a note that was carried over into the clip begin within this time

Transcribe = Callable[[npt.NDArray[np.float32], int], PerformedNotes]  # samples [L] and their rate to notes
# Samples [L] and their rate to vectors [n, D]
Embed = Callable[[npt.NDArray[np.float32], int], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class MadeSound:
    """What a system made of a clip, and the clip itself at the system's level."""

    clip: EvaluationClip  # log_mel [T, M], samples [T * hop], and the notes that sound
    mel: MelConfig
    log_mel: Float32Array  # [T, M]
    samples: Float32Array | None = None  # [T * hop]; None where the system makes a log-mel alone
    heard: PerformedNotes | None = None  # in the samples; None where nothing transcribes them


class Metric(Protocol):
    """Measures how near what a system made of one clip is to the clip."""

    def __call__(self, made: MadeSound) -> float:
        """Compare `made.log_mel`, `made.samples` or `made.heard` with `made.clip`.

        Returns:
            The value, of which evaluation takes the mean over clips; NO_VALUE where the clip has none, such as for a
            metric of the waveform where there is no waveform: then the clip does not count.
        """


def measure_stft_distance(made: MadeSound) -> float:
    """Compare the waveforms."""
    return NO_VALUE if made.samples is None else compute_stft_distance(made.samples, made.clip.samples)


def measure_naturalness(made: MadeSound, name: str) -> float:
    """Measure how natural the waveform is, by one of NATURALNESS."""
    return NO_VALUE if made.samples is None else NATURALNESS[name](made.samples, made.clip, made.mel)


def measure_note_share(made: MadeSound, share: str, tolerance_ms: int) -> float:
    """Compare the notes heard with those that begin in the clip; without such notes there is no value.

    What begins at the very start, at the pitch of a note carried over, is that note and counts on neither side.

    Args:
        made: what a system made of a clip.
        share: one of NOTE_SHARES.
        tolerance_ms: how far apart the onsets of one note may be.
    """
    if made.heard is None:
        return NO_VALUE
    sounding, rate_hz = select_heard_notes(made.clip), made.mel.frame_rate_hz
    begins = sounding.onset_frame >= 0
    if not begins.any():
        return NO_VALUE
    onset_sec = frame_to_sec(sounding.onset_frame, rate_hz)
    reference = _take(sounding.pitch, onset_sec, onset_sec + frame_to_sec(sounding.duration_frame, rate_hz), begins)
    carried = np.isin(made.heard.pitch, sounding.pitch[~begins]) & (made.heard.onset_sec < CARRIED_SEC)
    estimated = _take(made.heard.pitch, made.heard.onset_sec, made.heard.offset_sec, ~carried)
    return float(getattr(measure_notes(estimated, reference, tolerance_ms / 1000.0), share))


# By the name that metrics/*.json gives them, in that order.
METRICS: dict[str, Metric] = {
    "log_mel_mse": lambda made: compute_mean_squared_error(made.log_mel, made.clip.log_mel),
    "log_mel_mse_gain_free": lambda made: compute_gain_free_squared_error(made.log_mel, made.clip.log_mel),
    "difference_variance_ratio": lambda made: compute_difference_variance_ratio(made.log_mel, made.clip.log_mel),
    "stft_distance": measure_stft_distance,
    **{
        f"note_{share}_{tolerance_ms}ms": partial(measure_note_share, share=share, tolerance_ms=tolerance_ms)
        for tolerance_ms in NOTE_TOLERANCES_MS
        for share in NOTE_SHARES
    },
    **{name: partial(measure_naturalness, name=name) for name in NATURALNESS},
}


def make_sound(system: System, clip: EvaluationClip, mel: MelConfig, transcribe: Transcribe | None) -> MadeSound:
    """Let one system make the sound of one clip.

    Args:
        system: see `dp.evaluate.systems`.
        clip: as stored.
        mel: its log-mel.
        transcribe: None leaves the note metrics out.
    """
    clip = bring_to_level(clip, system.level, mel.floor)
    log_mel, samples = run_system(system, clip, mel)
    heard = None if samples is None or transcribe is None else transcribe(samples, mel.sample_rate_hz)
    return MadeSound(clip, mel, log_mel, samples, heard)


def measure_sound(made: MadeSound) -> dict[str, float]:
    """Measure what one system made of one clip, with all METRICS."""
    return {name: metric(made) for name, metric in METRICS.items()}


def _take(
    pitch: npt.NDArray[np.int64],
    onset_sec: npt.NDArray[np.float64],
    offset_sec: npt.NDArray[np.float64],
    chosen: npt.NDArray[np.bool_],
) -> PerformedNotes:
    """Return the chosen notes."""
    count = int(chosen.sum())
    unknown = np.zeros(count, dtype=np.int64)
    return PerformedNotes(pitch[chosen], unknown, onset_sec[chosen], offset_sec[chosen], np.ones(count))
