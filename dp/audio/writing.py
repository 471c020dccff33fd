"""Write samples to audio files, whole or not at all, and the same bytes for the same samples."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from dp.audio.ogg import fix_serial_number
from dp.errors import DataError
from dp.files import open_whole_file

FULL_SCALE = 32767 / 32768  # the largest sample that 16 bits hold
_FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
_BLOCK_SAMPLES = 65536  # the Vorbis encoder overflows its stack on one long write, and hears where writes end
_WAV_MAX_SAMPLES = (2**32 - 1024) // 2  # of all channels together: a wav counts its bytes in 32 bits


class AudioWriter:
    """An audio file that is written block by block, in a `with` statement.

    The file appears under its name when the statement ends well; on any error nothing is left behind, and a file that
    was there before stays as it was. Memory does not grow with the length.
    """

    def __init__(self, path: Path, sample_rate_hz: int, channel_count: int = 1) -> None:
        """Check the name; nothing is written yet.

        Args:
            path: ends in .wav or .flac (16 bits) or .ogg (Vorbis).
            sample_rate_hz: of the samples.
            channel_count: 1 = mono, 2 = stereo.

        Raises:
            DataError: the suffix is another one, or there are more than two channels.
        """
        if channel_count not in (1, 2):
            raise DataError(path, f"would have {channel_count} channels", "give one or two")
        if path.suffix.lower() not in _FORMATS:
            raise DataError(path, f"suffix {path.suffix!r} is unknown", f"write to one of {', '.join(_FORMATS)}")
        self._path = path
        self._max_samples = _WAV_MAX_SAMPLES if path.suffix.lower() == ".wav" else None
        self._count = 0
        self._channel_count = channel_count
        self._opened: AbstractContextManager[Callable[[npt.NDArray[np.float32]], None]] = _open_encoder(
            path, sample_rate_hz, channel_count
        )

    def __enter__(self) -> "AudioWriter":
        self._encode = self._opened.__enter__()
        return self

    def write(self, samples: npt.NDArray[np.floating]) -> None:
        """Append samples [L], or [L, C] of several channels, -1 to 1; what lies beyond is clipped in wav and flac.

        Raises:
            DataError: samples have other channels or are not finite, or are more than a wav can hold.
            OSError: the disk is full, for instance.
        """
        if samples.shape[1:] != ((self._channel_count,) if self._channel_count > 1 else ()):
            raise DataError(self._path, f"samples of shape {samples.shape} are not of {self._channel_count} channels")
        if not np.isfinite(samples).all():
            raise DataError(self._path, "samples are not finite")
        self._count += samples.size
        if self._max_samples is not None and self._count > self._max_samples:
            raise DataError(self._path, f"a wav holds {self._max_samples} samples at most", "write flac or ogg")
        self._encode(samples.astype(np.float32, copy=False))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._opened.__exit__(kind, error, trace)


def write_audio(path: Path, samples: npt.NDArray[np.floating], sample_rate_hz: int) -> None:
    """Write samples as 16-bit wav or flac, or as Vorbis, by the suffix of `path`.

    Samples beyond full scale would clip: then the whole signal is turned down until its peak is full scale.

    Args:
        path: ends in .wav, .flac or .ogg.
        samples: [L], or [L, C] of several channels, nominally -1 to 1.
        sample_rate_hz: their rate.

    Raises:
        DataError: the suffix is another one, or samples are missing or not finite.
        OSError: the file cannot be written, on a full disk for instance; nothing is left behind.
    """
    if len(samples) == 0:
        raise DataError(path, "would hold no sample")
    peak = float(np.abs(samples).max())
    with AudioWriter(path, sample_rate_hz, 1 if samples.ndim == 1 else samples.shape[1]) as writer:
        writer.write(samples * (FULL_SCALE / peak) if FULL_SCALE < peak < np.inf else samples)


@contextmanager
def _open_encoder(
    path: Path, sample_rate_hz: int, channel_count: int
) -> Iterator[Callable[[npt.NDArray[np.float32]], None]]:
    """Open what encodes float32 samples [L] or [L, C] into the file that becomes `path`, however they are cut."""
    import soundfile

    container, coding = _FORMATS[path.suffix.lower()]
    settings = {"samplerate": sample_rate_hz, "channels": channel_count, "format": container, "subtype": coding}
    with open_whole_file(path) as temporary:
        with temporary.open("wb") as file:
            sink = _Sink(file)
            with soundfile.SoundFile(sink, "w", **settings) as encoder:
                waiting = np.empty((0, channel_count) if channel_count > 1 else 0, dtype=np.float32)

                def encode(samples: npt.NDArray[np.float32]) -> None:
                    nonlocal waiting
                    waiting = np.concatenate([waiting, samples])
                    while len(waiting) >= _BLOCK_SAMPLES:
                        encoder.write(waiting[:_BLOCK_SAMPLES])
                        waiting = waiting[_BLOCK_SAMPLES:]
                    sink.check()

                yield encode
                encoder.write(waiting)
            sink.check()
        if container == "OGG":
            fix_serial_number(temporary)


class _Sink:
    """A file for libsndfile, through which no error passes: the first one waits here, while all seems well."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the error that waits here, if any does."""
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> int:
        self._attempt(self._file.write, data)
        return len(data)

    def seek(self, offset: int, whence: int) -> None:
        self._attempt(self._file.seek, offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def _attempt(self, action: Callable[..., Any], *arguments: Any) -> None:
        try:
            action(*arguments)
        except OSError as error:
            self._error = self._error or error
