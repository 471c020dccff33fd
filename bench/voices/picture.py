"""Spectrograms of the same five seconds of all systems, one above the other."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dp.data.clips import Float32Array
from dp.report.figure import open_figure

ROW_INCH = 2.6
WINDOW_SEC, HOP_SEC = 0.046, 0.006
RANGE_DB = 80.0  # below the loudest of each system
TOP_HZ = 16000.0


def draw_spectrograms(path: Path, sounds: Mapping[str, Float32Array], sample_rate_hz: int, title: str) -> None:
    """Draw sounds [L] by system as PNG."""
    with open_figure(path, len(sounds), ROW_INCH) as axes:
        for axis, (name, sound) in zip(axes, sounds.items(), strict=True):
            level_db = _compute_levels_db(sound, sample_rate_hz)
            extent = (0.0, len(sound) / sample_rate_hz, 0.0, sample_rate_hz / 2000.0)
            loudest = float(level_db.max())
            limits = {"vmin": loudest - RANGE_DB, "vmax": loudest}
            axis.imshow(level_db.T, origin="lower", aspect="auto", cmap="magma", extent=extent, **limits)
            axis.set_ylim(0.0, min(TOP_HZ, sample_rate_hz / 2.0) / 1000.0)
            axis.set_ylabel("kHz")
            axis.set_title(name, loc="left", fontsize=10)
        axes[-1].set_xlabel("time (s)")
        axes[0].figure.suptitle(title)


def _compute_levels_db(sound: Float32Array, sample_rate_hz: int) -> Float32Array:
    """Compute the levels [T, F] of a sound."""
    window_sample, hop_sample = round(WINDOW_SEC * sample_rate_hz), round(HOP_SEC * sample_rate_hz)
    frames = np.lib.stride_tricks.sliding_window_view(sound, window_sample)[::hop_sample]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(window_sample), axis=1))
    return (20.0 * np.log10(spectrum + 1e-6)).astype(np.float32)
