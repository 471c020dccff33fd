"""Figures that say how good something is, in numpy."""

from dp.metrics.intervals import Estimate, Results, bootstrap, merge, paired_bootstrap
from dp.metrics.mels import difference_variance_ratio, gain_free_squared_error, mean_squared_error
from dp.metrics.notes import NoteMetrics, measure_notes
from dp.metrics.waveforms import stft_distance

__all__ = [
    "Estimate",
    "NoteMetrics",
    "Results",
    "bootstrap",
    "difference_variance_ratio",
    "gain_free_squared_error",
    "mean_squared_error",
    "measure_notes",
    "merge",
    "paired_bootstrap",
    "stft_distance",
]
