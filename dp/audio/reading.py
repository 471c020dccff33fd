"""Read audio files as mono samples at one rate: any slice, decoded and resampled in blocks.

Memory is about the result itself: a file is never held decoded at its own rate.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from dp.audio.damage import describe_cut_off, has_mp3_length
from dp.errors import DataError
from dp.units import sample_to_sec, sec_to_sample

READABLE = "wav, flac, mp3, ogg, opus and aiff"  # what tests read; libsndfile knows more
END_SLACK_SEC = 1.0  # corpora state slices in whole seconds, so an end may lie this far past the end of the file
MAX_SLICE_SEC = 6 * 3600.0  # guards memory against headers that lie; no piece is longer
MIN_RATE_HZ, MAX_RATE_HZ = 4000, 768000  # beyond these a header is taken to be damaged; own choice

_BLOCK_VALUES = 65536  # decoded at once, over all channels; own choice
_MP3_SNIFF_BYTES = 65536  # in which a frame must begin where there is no ID3 tag; own choice
_MP3_TRAILER_BYTES = 16384  # what tags at the end of an mp3 may take; own choice


class _SequentialFile(soundfile.SoundFile):
    """A SoundFile that reads on from where it stands.

    SoundFile.read seeks after every read of a file that it finds seekable. In an mp3 that loses the bits which one
    frame borrows from those before it, and the next read starts with silence and broken frames.
    """

    def seekable(self) -> bool:
        """Say no, whatever the file can do; an explicit seek works all the same."""
        return False


@dataclass(frozen=True)
class AudioInfo:
    """What an audio file says about itself."""

    duration_sec: float
    sample_rate_hz: int
    channel_count: int


def read_audio_info(path: Path) -> AudioInfo:
    """Read length, sample rate and number of channels of an audio file.

    Raises:
        DataError: the file is missing, not audio, or holds no samples.
    """
    with _open(path) as file:
        duration_sec = sample_to_sec(_count_frames(file, path), file.samplerate)
        return AudioInfo(duration_sec, file.samplerate, file.channels)


def read_audio(
    path: Path, sample_rate_hz: int, start_sec: float = 0.0, end_sec: float | None = None
) -> npt.NDArray[np.float32]:
    """Read a slice of an audio file as mono, the mean of its channels, at `sample_rate_hz`.

    The slice's borders are rounded to the file's samples and then exact, in compressed files too. An end up to
    `END_SLACK_SEC` past the end of the file means the end of the file.

    Args:
        path: wav, flac, mp3, ogg, opus, aiff or whatever else libsndfile knows by its content.
        sample_rate_hz: rate of the result.
        start_sec: start of the slice.
        end_sec: end of the slice; None = the end of the file.

    Returns:
        [L] samples; L is the slice's length times the ratio of the rates, rounded.

    Raises:
        DataError: the file is missing, not audio, damaged or cut off inside the slice, empty, holds values that are
            not finite; or the slice is empty or lies outside it.
    """
    with _open(path) as file:
        start, stop = _find_slice_frames(file, path, start_sec, end_sec)
        samples = np.empty(-(-(stop - start) * sample_rate_hz // file.samplerate) + 1, dtype=np.float32)
        filled = 0
        for block in _iterate_resampled(file, path, start, stop, sample_rate_hz):
            samples[filled : filled + len(block)] = block
            filled += len(block)
    return samples[:filled]


def iterate_audio(
    path: Path, sample_rate_hz: int, start_sec: float = 0.0, end_sec: float | None = None
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield what `read_audio` reads, block by block; complaints about the end of the slice come after the last one.

    Raises:
        DataError: as for `read_audio`.
    """
    with _open(path) as file:
        start, stop = _find_slice_frames(file, path, start_sec, end_sec)
        yield from _iterate_resampled(file, path, start, stop, sample_rate_hz)


def find_slice_end_sec(path: Path, start_sec: float = 0.0, end_sec: float | None = None) -> float:
    """Find where a slice really ends; what `read_audio` would refuse is refused, without decoding the slice.

    Raises:
        DataError: as for `read_audio`, save what only decoding shows.
    """
    with _open(path) as file:
        return sample_to_sec(_find_slice_frames(file, path, start_sec, end_sec)[1], file.samplerate)


def _make_resampler(from_hz: int, to_hz: int) -> Any:
    """Make a streaming resampler; None where the rates are equal."""
    import soxr

    return None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    """Open a file by libsndfile, every complaint of which becomes a DataError."""
    _check_file(path)
    try:
        file = _SequentialFile(str(path))
    except soundfile.SoundFileError as error:
        advice = f"{READABLE} are read; convert others to wav"
        raise DataError(path, f"is not audio that can be read ({_describe(error)})", advice) from error
    with file:
        if not MIN_RATE_HZ <= file.samplerate <= MAX_RATE_HZ:
            reason = f"sample rate is {file.samplerate} Hz, expected {MIN_RATE_HZ} to {MAX_RATE_HZ}"
            raise DataError(path, reason, "its header is damaged or it is not a recording")
        try:
            yield file
        except soundfile.SoundFileError as error:
            reason = f"cannot be decoded to the end of the slice ({_describe(error)})"
            raise DataError(path, reason, "it is damaged or cut off: copy or download it again") from error


def _describe(error: Exception) -> str:
    """Describe an error in libsndfile's own words, where it has any."""
    words = str(getattr(error, "error_string", "")).strip().rstrip(".").removeprefix("Error : ")
    return words or "the decoder does not say why"


def _check_file(path: Path) -> None:
    """Refuse what is no file, or certainly no audio, before libsndfile sees it."""
    try:
        if path.is_dir():
            raise DataError(path, "is a folder", "name an audio file")
        if not path.exists():
            raise DataError(path, "does not exist", "check the path")
        if not path.is_file():
            raise DataError(path, "is not a regular file", "name an audio file")
        with path.open("rb") as file:
            head = file.read(_MP3_SNIFF_BYTES)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(path, f"cannot be read ({reason})", "check the path and its permissions") from error
    suffix = path.suffix.lower()
    if not head:
        raise DataError(path, "is empty (0 bytes)", "copy or download it again")
    if suffix in (".raw", ".sd2"):  # libsndfile goes by the name here, and cannot know rate and channels
        raise DataError(path, f"{suffix} says neither rate nor channels", "convert it to wav")
    # Every mp3 frame starts with eleven set bits. Without this check the decoder prints its own complaints.
    if suffix == ".mp3" and not _has_mp3_sync(head) and head[:4] not in (b"RIFF", b"fLaC", b"OggS"):
        raise DataError(path, "is not MP3 audio, whatever its name says", "check where it comes from")


def _has_mp3_sync(head: bytes) -> bool:
    byte = np.frombuffer(head, dtype=np.uint8)
    return head[:3] == b"ID3" or bool(((byte[:-1] == 0xFF) & (byte[1:] >= 0xE0)).any())


def _count_frames(file: Any, path: Path) -> int:
    """Count the frames in the file: by its header, or by decoding it where the header leaves that open."""
    count = int(file.frames)
    unknown = sample_to_sec(count, file.samplerate) > 1e9  # libsndfile's word for "unknown" is the largest integer
    if file.subtype.startswith("MPEG") and not has_mp3_length(path):
        count = _count_untagged_mp3(path)
    elif unknown:
        count = sum(len(block) for block in _iterate_mono_blocks(file, path, 0, count))
    if count == 0:
        raise DataError(path, "holds no samples", "record or download it again")
    return count


def _count_untagged_mp3(path: Path) -> int:
    """Count the frames of an mp3 whose length libsndfile guesses; it reads no further than that, right or wrong."""
    with path.open("rb") as content, _SequentialFile(content) as file:
        count = sum(len(block) for block in _iterate_mono_blocks(file, path, 0, int(file.frames)))
        unread_bytes = path.stat().st_size - content.tell()
        if unread_bytes > _MP3_TRAILER_BYTES:
            read_sec = sample_to_sec(count, file.samplerate)
            reason = f"does not state its length, so that only its first {read_sec:.1f} s can be read"
            raise DataError(path, reason, "convert it to wav or flac")
    return count


def _find_slice_frames(file: Any, path: Path, start_sec: float, end_sec: float | None) -> tuple[int, int]:
    """Find the first frame of the slice and the one past its last, inside the file."""
    if not (0.0 <= start_sec < np.inf) or (end_sec is not None and not (start_sec < end_sec < np.inf)):
        raise DataError(path, f"slice {start_sec} to {end_sec} s is empty or negative", "correct its start and end")
    count = _count_frames(file, path)
    file_sec = sample_to_sec(count, file.samplerate)
    start = sec_to_sample(start_sec, file.samplerate)
    stop = count if end_sec is None else min(sec_to_sample(end_sec, file.samplerate), count)
    beyond = start >= count or (end_sec is not None and end_sec > file_sec + END_SLACK_SEC)
    if (beyond or stop == count) and (reason := describe_cut_off(path)):
        raise DataError(path, reason, "copy or download it again, or give a slice before its end")
    if beyond:
        asked = f"{start_sec:g} s to {'its end' if end_sec is None else f'{end_sec:g} s'}"
        raise DataError(path, f"is {file_sec:.3f} s long, the slice is {asked}", "correct its start and end")
    if stop <= start:
        reason = f"slice {start_sec} to {end_sec} s is shorter than one sample"
        raise DataError(path, reason, "correct its start and end")
    if sample_to_sec(stop - start, file.samplerate) > MAX_SLICE_SEC:
        reason = (
            f"slice is {sample_to_sec(stop - start, file.samplerate):.0f} s long, at most {MAX_SLICE_SEC:.0f} are read"
        )
        raise DataError(path, reason, "give start and end")
    return start, stop


def _iterate_resampled(
    file: Any, path: Path, start: int, stop: int, sample_rate_hz: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield frames start to stop as mono blocks [L] at another rate; refuse a slice that is cut off or empty."""
    rate_hz = file.samplerate
    resampler = _make_resampler(rate_hz, sample_rate_hz)
    decoded = made = 0
    for block in _iterate_mono_blocks(file, path, start, stop):
        decoded += len(block)
        out = block if resampler is None else resampler.resample_chunk(block)
        made += len(out)
        yield out
    if resampler is not None:
        out = resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)
        made += len(out)
        yield out
    _check_complete(path, sample_to_sec(start + decoded, rate_hz), sample_to_sec(stop, rate_hz))
    if made == 0:
        at_sec = sample_to_sec(start, rate_hz)
        raise DataError(path, f"the slice from {at_sec:g} s holds no sample", "correct its start and end")


def _iterate_mono_blocks(file: Any, path: Path, start: int, stop: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield frames start to stop as mono blocks [L]; end early where the file does.

    An mp3 is decoded from its beginning: after a seek its first frames would lack what earlier ones hold. In every
    other format a seek is exact; in Opus it is needed even at 0, as libsndfile 1.2.2 otherwise decodes what follows
    the first pages wrongly.
    """
    position = 0 if file.subtype.startswith("MPEG") else start
    file.seek(position)
    block_frames = max(1, _BLOCK_VALUES // file.channels)
    while position < stop:
        border = start if position < start else stop
        block = file.read(min(block_frames, border - position), dtype="float32", always_2d=True)
        if len(block) == 0:
            return
        if position < start:
            position += len(block)
            continue
        mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
        if not np.isfinite(mono).all():
            first = int(np.flatnonzero(~np.isfinite(mono))[0])
            at_sec = sample_to_sec(position + first, file.samplerate)
            raise DataError(path, f"sample at {at_sec:.3f} s is not a finite number", "export it again")
        position += len(block)
        yield np.ascontiguousarray(mono)


def _check_complete(path: Path, decoded_end_sec: float, stop_sec: float) -> None:
    """Refuse a file whose header promises more than it holds, as a partly downloaded mp3 does."""
    if decoded_end_sec < stop_sec - END_SLACK_SEC:
        raise DataError(
            path,
            f"ends at {decoded_end_sec:.3f} s although its header promises at least {stop_sec:.3f} s",
            "it is cut off: copy or download it again, or give a slice before its end",
        )
