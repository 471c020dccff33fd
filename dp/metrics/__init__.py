"""Metrics, in numpy: how far log-mels, waveforms and notes are from the true ones, and means with intervals."""

from dp.metrics.intervals import Estimate, Results, bootstrap, bootstrap_pairs, merge
from dp.metrics.mels import (
    compute_difference_variance_ratio,
    compute_gain_free_squared_error,
    compute_mean_squared_error,
)
from dp.metrics.notes import NoteMetrics, measure_notes
from dp.metrics.waveforms import compute_stft_distance

__all__ = [
    "Estimate",
    "NoteMetrics",
    "Results",
    "bootstrap",
    "bootstrap_pairs",
    "compute_difference_variance_ratio",
    "compute_gain_free_squared_error",
    "compute_mean_squared_error",
    "compute_stft_distance",
    "measure_notes",
    "merge",
]
