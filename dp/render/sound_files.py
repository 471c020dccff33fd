"""A rendering is made block by block: it is heard at once, or kept in files until its level is known."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from dp.audio.level import limit_softly
from dp.audio.loudness import LoudnessMeter
from dp.config import MelConfig
from dp.render.heard_mel import choose_heard_mel, iterate_heard_mel
from dp.render.mix import cast
from dp.render.model_set import ModelSet
from dp.render.performance import Performance
from dp.render.stream import Block, iterate_blocks
from dp.render_options import RenderOptions
from dp.units import A4_HZ, sample_to_sec

PCM_FULL = 32767  # the largest sample that 16 bits hold
READ_SAMPLES = 1 << 18  # of a take at a time
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Stored:
    """An array of float32 in a file, of which slices are read when they are asked for.

    A memory map would do the same, but what has been read of it counts as memory of this process.
    """

    path: Path
    shape: tuple[int, ...]
    offset_byte: int = 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Samples:
        first, end, _ = rows.indices(len(self))
        width = math.prod(self.shape[1:])
        offset_byte = self.offset_byte + first * width * np.dtype(np.float32).itemsize
        count = max(end - first, 0) * width
        return np.fromfile(self.path, dtype=np.float32, count=count, offset=offset_byte).reshape(-1, *self.shape[1:])


def open_stored_mel(path: Path) -> Stored:
    """Open a log-mel [T, M] that `record` wrote."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, _ = np.lib.format.read_array_header_1_0(file)
        return Stored(path, shape, file.tell())


@dataclass(frozen=True)
class Take:
    """Everything that sounds, in files: raw samples as the models made them, before they are brought to a level."""

    raw: Path  # [L] float32, or [L, C] of several channels
    log_mel: Path  # [T, M] float32, .npy
    sample_rate_hz: int
    channel_count: int
    sample_count: int  # of each channel
    band_count: int
    frame_rate_hz: float  # of the log-mel, as it is heard
    peak: float
    loudness_lufs: float  # integrated; -inf for silence

    @property
    def length_sec(self) -> float:
        """How long it sounds."""
        return sample_to_sec(self.sample_count, self.sample_rate_hz)

    def open_samples(self) -> Stored:
        """Open the samples [L], or [L, C] of several channels."""
        return Stored(self.raw, (self.sample_count, self.channel_count)[: 1 if self.channel_count == 1 else 2])

    def iterate_samples(self, gain: float) -> Iterator[Samples]:
        """Yield all samples times `gain`, a part at a time."""
        stored = self.open_samples()
        for first in range(0, len(stored), READ_SAMPLES):
            yield stored[first : first + READ_SAMPLES] * np.float32(gain)


def record(
    blocks: Iterable[Block],
    sample_rate_hz: int,
    folder: Path,
    mel: MelConfig | None,
    channel_count: int = 1,
    speed: float = 1.0,
) -> Take:
    """Keep sound in files in `folder` as it is made; memory does not grow with its length.

    Args:
        blocks: the sound.
        sample_rate_hz: of its samples.
        folder: empty.
        mel: of the blocks' log-mels; None = they have none, and that of what is heard is kept.
        channel_count: of its samples.
        speed: by which what was made was sped up; its log-mel was not.
    """
    raw, path = folder / "samples.raw", folder / "mel.npy"
    meter, sample_count, frame_count, peak = LoudnessMeter(sample_rate_hz, channel_count), 0, 0, 0.0
    heard = choose_heard_mel(sample_rate_hz) if mel is None else mel
    with raw.open("wb") as samples_file, path.open("wb") as mel_file:
        _write_header(mel_file, frame_count, heard.band_count)
        for block in blocks:
            samples_file.write(block.samples.astype(np.float32, copy=False).tobytes())
            mel_file.write(block.log_mel.astype(np.float32, copy=False).tobytes())
            meter.add(block.samples)
            sample_count += len(block.samples)
            frame_count += len(block.log_mel)
            peak = max(peak, float(np.abs(block.samples).max(initial=0.0)))
        samples_file.flush()
        take = Take(
            raw,
            path,
            sample_rate_hz,
            channel_count,
            sample_count,
            heard.band_count,
            heard.frame_rate_hz * speed,
            peak,
            meter.integrated_lufs(),
        )
        for log_mel in iterate_heard_mel(take.open_samples(), heard) if mel is None else ():
            mel_file.write(log_mel.tobytes())
            frame_count += len(log_mel)
        mel_file.seek(0)
        _write_header(mel_file, frame_count, heard.band_count)
    return take


def sound(performance: Performance, models: ModelSet, options: RenderOptions, sample_rate_hz: int) -> Iterator[Block]:
    """Make a performance sound, tuned and at a rate.

    For another tuning it is played faster or slower, and its waveform stretched to the written tempo again: that moves
    every pitch by the same interval, exactly. The log-mels are those of the models, at A = 440 Hz and before the
    stretching.

    Yields:
        Blocks of whatever length; the last one may have no frames.
    """
    import soxr

    models, _ = cast(models, options)
    made_hz = models.synthesis.mel.sample_rate_hz
    speed = options.tuning_hz / A4_HZ  # to which the models play
    made = iterate_blocks(_speed_up(performance, 1.0 / speed), models)
    if speed == 1.0 and made_hz == sample_rate_hz:
        yield from made
        return
    resampler = soxr.ResampleStream(made_hz * speed, sample_rate_hz, 1, dtype="float32", quality="VHQ")
    band_count = models.synthesis.mel.band_count
    for block in made:
        yield Block(block.log_mel, resampler.resample_chunk(block.samples.astype(np.float32, copy=False)))
    rest = resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
    yield Block(np.zeros((0, band_count), dtype=np.float32), rest)


def make_pcm(blocks: Iterable[Block]) -> Iterator[bytes]:
    """Make 16-bit little-endian samples of sound, limited where they are loud; channels take turns."""
    return (np.rint(limit_softly(block.samples) * PCM_FULL).astype("<i2").tobytes() for block in blocks)


def _speed_up(performance: Performance, factor: float) -> Performance:
    """Divide all times of a performance by `factor`."""
    performed, tempo_map = performance.performed, performance.tempo_map
    first_qpm, last_qpm = tempo_map.outer_tempo_qpm
    return replace(
        performance,
        performed=replace(performed, onset_sec=performed.onset_sec / factor, offset_sec=performed.offset_sec / factor),
        tempo_map=replace(
            tempo_map,
            time_sec=tempo_map.time_sec / factor,
            outer_tempo_qpm=(first_qpm * factor, last_qpm * factor),
        ),
    )


def _write_header(file: BinaryIO, frame_count: int, band_count: int) -> None:
    """Write the header of a .npy file of a log-mel [frame_count, band_count].

    NumPy leaves room for the first axis to grow, so the header has the same length for any number of frames.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": (frame_count, band_count)}
    np.lib.format.write_array_header_1_0(file, header)
