"""Metrics of how natural what a system made of a clip sounds: attacks, levels, vibrato, holes, clicks.

All need a waveform, and the notes that are to sound; their times are rounded to frames of the log-mel.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from dp.audio.harmonic_sums import PITCH_SAMPLE_RATE_HZ
from dp.audio.pitch_curves import track_pitch
from dp.config import MelConfig
from dp.data.clips import Float32Array
from dp.evaluate.systems import EvaluationClip, select_heard_notes
from dp.metrics import (
    ATTACK_BANDS_HZ,
    correlate_levels,
    find_holes,
    measure_click_excess_db,
    measure_note_levels_db,
    measure_rises,
    measure_vibrato,
)
from dp.metrics.vibrato import LONG_SEC, Vibrato
from dp.units import FloatArray, IntArray, frame_to_sec


def measure_attack_rise(samples: Float32Array, clip: EvaluationClip, mel: MelConfig, band: str) -> float:
    """Measure the mean rise of attacks in a band of ATTACK_BANDS_HZ, in dB per 10 ms; see `measure_rises`."""
    _, onset_sec, _ = list_heard_notes(clip, mel)
    return average(measure_rises(samples, mel.sample_rate_hz, onset_sec, ATTACK_BANDS_HZ[band]))


def measure_attack_ratio(samples: Float32Array, clip: EvaluationClip, mel: MelConfig, band: str) -> float:
    """Measure the rise of attacks as a share of the clip's own."""
    own = measure_attack_rise(clip.samples, clip, mel, band)
    return measure_attack_rise(samples, clip, mel, band) / own if own > 0 else math.nan


def measure_level_correlation(samples: Float32Array, clip: EvaluationClip, mel: MelConfig, part: str) -> float:
    """Correlate the level with the clip's own; `part` is a field of `LevelCorrelations`."""
    _, onset_sec, _ = list_heard_notes(clip, mel)
    return float(getattr(correlate_levels(samples, clip.samples, mel.sample_rate_hz, onset_sec), part))


def measure_vibrato_depth(samples: Float32Array, clip: EvaluationClip, mel: MelConfig) -> float:
    """Measure the median depth of vibrato of the clip's long notes, in cents to either side."""
    return take_median([found.depth_cent for found in track_vibrato(samples, clip, mel)])


def measure_vibrato_rate(samples: Float32Array, clip: EvaluationClip, mel: MelConfig) -> float:
    """Measure the median rate of vibrato of the clip's long notes, in Hz, of those that have any."""
    return take_median([found.rate_hz for found in track_vibrato(samples, clip, mel)])


def measure_hole_share(samples: Float32Array, clip: EvaluationClip, mel: MelConfig) -> float:
    """Measure which share of the notes is far softer than its neighbours; see `find_holes`."""
    pitch, onset_sec, offset_sec = list_heard_notes(clip, mel)
    levels_db = measure_note_levels_db(samples, mel.sample_rate_hz, pitch, onset_sec, offset_sec)
    return average(find_holes(levels_db, onset_sec).astype(np.float64))


def measure_clicks(samples: Float32Array, clip: EvaluationClip, mel: MelConfig) -> float:
    """Measure by how much more than in the clip itself a click stands out at note onsets, in dB, a mean."""
    _, onset_sec, _ = list_heard_notes(clip, mel)
    made, own = (measure_click_excess_db(sound, mel.sample_rate_hz, onset_sec) for sound in (samples, clip.samples))
    return average(made) - average(own)


NATURALNESS: dict[str, Callable[[Float32Array, EvaluationClip, MelConfig], float]] = {
    **{f"attack_{band}_ratio": partial(measure_attack_ratio, band=band) for band in ATTACK_BANDS_HZ},
    "level_correlation": partial(measure_level_correlation, part="overall"),
    "level_correlation_within": partial(measure_level_correlation, part="within"),
    "level_correlation_between": partial(measure_level_correlation, part="between"),
    "vibrato_depth_cent": measure_vibrato_depth,
    "vibrato_rate_hz": measure_vibrato_rate,
    "hole_share": measure_hole_share,
    "click_excess_db": measure_clicks,
}


def list_heard_notes(clip: EvaluationClip, mel: MelConfig) -> tuple[IntArray, FloatArray, FloatArray]:
    """List pitch, onset and offset [N] of the notes that sound in the clip, in seconds from its start."""
    notes = select_heard_notes(clip)
    onset_sec = frame_to_sec(notes.onset_frame, mel.frame_rate_hz)
    return notes.pitch, onset_sec, onset_sec + frame_to_sec(notes.duration_frame, mel.frame_rate_hz)


def track_vibrato(samples: Float32Array, clip: EvaluationClip, mel: MelConfig) -> list[Vibrato]:
    """Measure the vibrato of the long notes of a clip whose pitch is sure; none where no note is long."""
    pitch, onset_sec, offset_sec = list_heard_notes(clip, mel)
    if not (offset_sec - np.maximum(onset_sec, 0.0) >= LONG_SEC).any():
        return []
    curves = track_pitch(_resample(samples, mel.sample_rate_hz), pitch, onset_sec, offset_sec)
    return [found for found in map(measure_vibrato, curves) if found is not None]


def average(values: npt.NDArray[np.float64]) -> float:
    """Return the mean; NaN of nothing."""
    return float(values.mean()) if len(values) else math.nan


def take_median(values: list[float]) -> float:
    """Return the median of what is finite; NaN of nothing."""
    known = np.array(values)[np.isfinite(values)] if values else np.zeros(0)
    return float(np.median(known)) if len(known) else math.nan


def _resample(samples: Float32Array, sample_rate_hz: int) -> Float32Array:
    """Return the samples at the rate that pitch is tracked at."""
    if sample_rate_hz == PITCH_SAMPLE_RATE_HZ:
        return samples
    import soxr

    made: Float32Array = soxr.resample(samples, sample_rate_hz, PITCH_SAMPLE_RATE_HZ)
    return made
