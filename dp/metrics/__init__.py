"""Metrics, in numpy: how far log-mels, waveforms and notes are from the true ones, how natural attacks, levels and
vibrato are, and means with intervals."""

from dp.metrics.attacks import ATTACK_BANDS_HZ, measure_rises
from dp.metrics.clicks import measure_click_excess_db
from dp.metrics.frechet import bootstrap_frechet, compute_frechet_distance
from dp.metrics.holes import find_holes, measure_note_levels_db
from dp.metrics.intervals import (
    Estimate,
    Results,
    bootstrap,
    bootstrap_median,
    bootstrap_pairs,
    bootstrap_ratio,
    merge,
)
from dp.metrics.levels import LevelCorrelations, correlate_levels
from dp.metrics.mels import (
    compute_difference_variance_ratio,
    compute_gain_free_squared_error,
    compute_mean_squared_error,
)
from dp.metrics.notes import NoteMetrics, measure_notes
from dp.metrics.vibrato import Vibrato, measure_vibrato
from dp.metrics.waveforms import compute_stft_distance

__all__ = [
    "ATTACK_BANDS_HZ",
    "Estimate",
    "LevelCorrelations",
    "NoteMetrics",
    "Results",
    "Vibrato",
    "bootstrap",
    "bootstrap_frechet",
    "bootstrap_median",
    "bootstrap_pairs",
    "bootstrap_ratio",
    "compute_difference_variance_ratio",
    "compute_frechet_distance",
    "compute_gain_free_squared_error",
    "compute_mean_squared_error",
    "compute_stft_distance",
    "correlate_levels",
    "find_holes",
    "measure_click_excess_db",
    "measure_note_levels_db",
    "measure_notes",
    "measure_rises",
    "measure_vibrato",
    "merge",
]
