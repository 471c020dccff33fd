"""Sounds and files for the tests of reading."""

from pathlib import Path

import numpy as np
import soundfile


def sine(hz: float, sec: float, rate_hz: int, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(sec * rate_hz)) / rate_hz)).astype(np.float32)


def chirp(sec: float, rate_hz: int) -> np.ndarray:
    """Never the same twice, so that a shifted slice shows."""
    time_sec = np.arange(round(sec * rate_hz)) / rate_hz
    return (0.3 * np.sin(2 * np.pi * (200 + 150 * time_sec) * time_sec)).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate_hz: int, coding: str | None = None) -> Path:
    kind = {".mp3": ("MP3", "MPEG_LAYER_III"), ".opus": ("OGG", "OPUS"), ".ogg": ("OGG", "VORBIS")}
    container, default = kind.get(path.suffix, (None, None))
    soundfile.write(path, samples, rate_hz, format=container, subtype=coding or default)
    return path
