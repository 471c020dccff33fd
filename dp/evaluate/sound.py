"""Measures the sound of systems on held-out clips."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import torch

from dp.config import MelConfig
from dp.data.clips import SoundingNotes
from dp.evaluate.systems import EvaluationClip, System, bring_to_level, run_system, select_heard_notes
from dp.metrics import (
    compute_difference_variance_ratio,
    compute_gain_free_squared_error,
    compute_mean_squared_error,
    compute_stft_distance,
    measure_notes,
)
from dp.metrics.clip_metrics import ClipMetrics, MetricValues, find_split, measure_clips
from dp.types import PerformedNotes
from dp.units import frame_to_sec

NOTE_TOLERANCES_MS = (50, 100)
CLIP_LIMIT = 200  # of a split of an instrument: more would narrow the intervals little and take hours
CARRIED_SEC = 0.1  # a transcriber hears a note carried over into the clip begin within this time

Transcribe = Callable[[npt.NDArray[np.float32], int], PerformedNotes]  # samples [L] and their rate to notes


def measure_systems(
    clips: Sequence[EvaluationClip],
    systems: Mapping[str, System],
    mel: MelConfig,
    transcribe: Transcribe | None = None,
    on_clip: Callable[[int, str], None] = lambda done, clip_id: None,
) -> list[ClipMetrics]:
    """Measure systems on the same clips.

    Each system is compared with the clip at its own level. All get the log-mel metrics; those with a waveform also its
    STFT distance and, given a transcriber, precision, recall and F1 of the notes heard in it against the notes of the
    clip. Where a metric has no value (no note begins in the clip, the clip is silent) the clip does not count in its n.

    Args:
        clips: held out by either split; see `make_evaluation_clips`.
        systems: by name.
        mel: the log-mel of the clips.
        transcribe: such as `dp.audio.transcription.transcribe`; None leaves the note metrics out.
        on_clip: called after each clip with the number of clips done and its id.
    """

    @torch.no_grad()
    def measure(clip: EvaluationClip) -> MetricValues:
        return {name: _measure_system(system, clip, mel, transcribe) for name, system in systems.items()}

    return measure_clips(clips, measure, on_clip)


def choose_clips(clips: Sequence[EvaluationClip], limit: int = CLIP_LIMIT, seed: int = 1) -> list[EvaluationClip]:
    """Draw at most `limit` clips of every split of every instrument under a seed; keep their order."""
    groups = defaultdict(list)
    for row, clip in enumerate(clips):
        if split := find_split(clip.clip):
            groups[clip.clip.instrument, split].append(row)
    rng = np.random.default_rng(seed)
    chosen = {int(row) for _, rows in sorted(groups.items()) for row in rng.permutation(rows)[:limit]}
    return [clips[row] for row in sorted(chosen)]


def _measure_system(
    system: System, clip: EvaluationClip, mel: MelConfig, transcribe: Transcribe | None
) -> dict[str, float]:
    """Return the metrics of one system on one clip."""
    clip = bring_to_level(clip, system.level, mel.floor)
    predicted, samples = run_system(system, clip, mel)
    values = {
        "log_mel_mse": compute_mean_squared_error(predicted, clip.log_mel),
        "log_mel_mse_gain_free": compute_gain_free_squared_error(predicted, clip.log_mel),
        "difference_variance_ratio": compute_difference_variance_ratio(predicted, clip.log_mel),
    }
    if samples is not None:
        values["stft_distance"] = compute_stft_distance(samples, clip.samples)
        if transcribe is not None:
            values |= _measure_heard_notes(
                transcribe(samples, mel.sample_rate_hz), select_heard_notes(clip), mel.frame_rate_hz
            )
    return values


def _measure_heard_notes(found: PerformedNotes, sounding: SoundingNotes, rate_hz: float) -> dict[str, float]:
    """Return metrics of the notes heard in a clip against those that begin in it; none where none does.

    What begins at the very start, at the pitch of a note carried over, is that note and counts on neither side.
    """
    begins = sounding.onset_frame >= 0
    if not begins.any():
        return {}
    onset_sec = frame_to_sec(sounding.onset_frame, rate_hz)
    reference = _take(sounding.pitch, onset_sec, onset_sec + frame_to_sec(sounding.duration_frame, rate_hz), begins)
    carried = np.isin(found.pitch, sounding.pitch[~begins]) & (found.onset_sec < CARRIED_SEC)
    estimated = _take(found.pitch, found.onset_sec, found.offset_sec, ~carried)
    values = {}
    for tolerance_ms in NOTE_TOLERANCES_MS:
        for name, value in asdict(measure_notes(estimated, reference, tolerance_ms / 1000.0)).items():
            values[f"note_{name}_{tolerance_ms}ms"] = value
    return values


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
