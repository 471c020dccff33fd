"""Keep the samples of a recording out of memory: in a temporary file, of which slices are read."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from dp.audio.reading import iterate_audio

F32 = npt.NDArray[np.float32]

# Up to here, six minutes at 22.05 kHz, the file is in memory itself; own choice.
_IN_MEMORY_BYTES = 32 << 20
_SAMPLE_BYTES = 4


class SampleFile:
    """Mono samples [L] that are appended, then looked at slice by slice. Leaving it as a context removes its file."""

    def __init__(self) -> None:
        """Make it empty."""
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        self._length = 0

    def __enter__(self) -> Self:
        """Enter as itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the file."""
        self._file.close()

    def __len__(self) -> int:
        """Count the samples."""
        return self._length

    def __getitem__(self, part: slice, /) -> F32:
        """Read a slice, without a step.

        Raises:
            OSError: the temporary file cannot be read.
        """
        begin, end, _ = part.indices(self._length)
        out = np.empty(max(end - begin, 0), np.float32)
        self._file.seek(begin * _SAMPLE_BYTES)
        if self._file.readinto(out.data) != out.nbytes:
            raise OSError(f"a temporary file ends before sample {end} of {self._length}")
        return out

    def append(self, samples: F32) -> None:
        """Write samples after those that are there.

        Raises:
            OSError: there is no room in the folder for temporary files.
        """
        self._file.seek(self._length * _SAMPLE_BYTES)
        self._file.write(np.ascontiguousarray(samples, np.float32).data)
        self._length += len(samples)


@contextmanager
def open_samples(
    audio_path: Path, sample_rate_hz: int, start_sec: float = 0.0, end_sec: float | None = None
) -> Iterator[SampleFile]:
    """Read a slice of a recording, out of memory where it is long; see `dp.audio.reading.read_audio`.

    Raises:
        DataError: the file cannot be used.
        OSError: a long recording finds no room in the folder for temporary files.
    """
    with SampleFile() as samples:
        for block in iterate_audio(audio_path, sample_rate_hz, start_sec, end_sec):
            samples.append(block)
        yield samples
