"""Samples to audio files, whole or not at all."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dp.errors import DataError
from dp.files import write_whole

_FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
_FULL_SCALE = 32767 / 32768
_BLOCK_SAMPLES = 65536  # the Vorbis encoder overflows its stack on one long write


def write_audio(path: Path, samples: npt.NDArray[np.floating], sample_rate_hz: int) -> None:
    """Write mono samples as 16-bit wav or flac, or as Vorbis, by the suffix of `path`.

    Samples beyond full scale would clip: then the whole signal is turned down until its peak is full scale.

    Args:
        path: ends in .wav, .flac or .ogg.
        samples: [L] nominally -1 to 1.
        sample_rate_hz: their rate.

    Raises:
        DataError: the suffix is another one, or samples are missing or not finite.
        OSError: the file cannot be written, on a full disk for instance; nothing is left behind.
    """
    import soundfile

    if path.suffix.lower() not in _FORMATS:
        raise DataError(path, f"suffix {path.suffix!r} is unknown", f"write to one of {', '.join(_FORMATS)}")
    if samples.ndim != 1 or len(samples) == 0 or not np.isfinite(samples).all():
        raise DataError(path, f"samples of shape {samples.shape} are none, not mono or not finite")
    peak = float(np.abs(samples).max())
    scale = _FULL_SCALE / peak if peak > _FULL_SCALE else 1.0
    container, coding = _FORMATS[path.suffix.lower()]
    buffer = (
        io.BytesIO()
    )  # encoded in memory first, so that a full disk is an OSError here and not libsndfile's silence
    with soundfile.SoundFile(
        buffer, "w", samplerate=sample_rate_hz, channels=1, format=container, subtype=coding
    ) as file:
        for first in range(0, len(samples), _BLOCK_SAMPLES):
            file.write((samples[first : first + _BLOCK_SAMPLES] * scale).astype(np.float32))
    write_whole(path, buffer.getvalue())
