import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dp.audio import AudioWriter, read_audio, read_audio_info, write_audio, writing
from dp.errors import DataError

NOISE = (0.1 * np.random.default_rng(0).standard_normal(100_000)).astype(np.float32)


@pytest.mark.parametrize(("suffix", "subtype"), [(".wav", "PCM_16"), (".flac", "PCM_16"), (".ogg", "VORBIS")])
def test_formats_by_suffix(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_audio(path, np.zeros(4000, np.float32), 16000)
    assert soundfile.info(path).subtype == subtype
    assert read_audio_info(path).duration_sec == 0.25


def test_sixteen_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_audio(path, np.array([0.5, -0.25, 0.0]), 8000)
    np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], [16384, -8192, 0])


def test_what_would_clip_is_turned_down_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_audio(path, np.array([2.0, -1.0, 0.5]), 8000)
    np.testing.assert_allclose(read_audio(path, 8000), [1.0, -0.5, 0.25], atol=1e-4)


def test_a_long_ogg(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    write_audio(path, np.zeros(3_000_000, np.float32), 44100)
    assert read_audio_info(path).duration_sec == pytest.approx(68.027, abs=0.001)


@pytest.mark.parametrize("samples", [np.array([0.0, np.nan]), np.zeros(0), np.zeros((2, 3)), np.zeros((2, 1))])
def test_bad_samples(tmp_path: Path, samples: np.ndarray) -> None:
    with pytest.raises(DataError):
        write_audio(tmp_path / "a.wav", samples, 8000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_two_channels_in_blocks_of_any_length(tmp_path: Path, suffix: str) -> None:
    sides = np.stack([NOISE, 0.5 * NOISE[::-1]], axis=1)
    write_audio(tmp_path / f"whole{suffix}", sides, 16000)
    with AudioWriter(tmp_path / f"cut{suffix}", 16000, 2) as writer:
        for part in np.split(sides, [1, 70_000]):
            writer.write(part)
    assert (tmp_path / f"cut{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()
    read, _ = soundfile.read(tmp_path / f"whole{suffix}")
    assert read.shape == sides.shape
    if suffix != ".ogg":
        np.testing.assert_allclose(read, sides, atol=1e-4)


def test_channels_do_not_change_within_a_file(tmp_path: Path) -> None:
    for channel_count, samples in ((1, np.zeros((4, 2))), (2, np.zeros(4))):
        with pytest.raises(DataError, match="are not of"), AudioWriter(tmp_path / "a.wav", 8000, channel_count) as made:
            made.write(samples)
    assert list(tmp_path.iterdir()) == []


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"suffix '\.mp3' is unknown; write to one of \.wav, \.flac, \.ogg"):
        write_audio(tmp_path / "a.mp3", np.zeros(10), 8000)


@contextmanager
def small_disk() -> Iterator[None]:
    """No file can grow beyond 20 kB: what writes more is told so by the system, as on a full disk.

    Within a test alone: where pytest writes its report to a file, that may be longer.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="File too large") as caught, small_disk():
        write_audio(path, NOISE, 16000)
    assert caught.value.filename == str(path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def test_a_full_disk_stops_the_work_at_once(tmp_path: Path) -> None:
    written = 0
    with (
        pytest.raises(OSError, match="File too large"),
        small_disk(),
        AudioWriter(tmp_path / "a.wav", 16000) as writer,
    ):
        for _ in range(50):
            writer.write(NOISE[:4000])
            written += 1
    assert written < 30


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_blocks_make_the_same_bytes_as_one_piece(tmp_path: Path, suffix: str) -> None:
    write_audio(tmp_path / f"whole{suffix}", NOISE, 16000)
    with AudioWriter(tmp_path / f"blocks{suffix}", 16000) as writer:
        for block in np.split(NOISE, [1, 700, 70_000, 70_001]):
            writer.write(block)
    assert (tmp_path / f"blocks{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    """The encoder numbers an ogg's stream by the clock, once in a process."""
    code = (
        "import sys, numpy, pathlib; from dp.audio import write_audio\n"
        "for suffix in ('.wav', '.flac', '.ogg'):\n"
        "    write_audio(pathlib.Path(sys.argv[1] + suffix), numpy.linspace(-0.5, 0.5, 100_000), 16000)"
    )
    for name in "ab":
        subprocess.run([sys.executable, "-c", code, tmp_path / name], check=True)
    for suffix in (".wav", ".flac", ".ogg"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_an_error_between_blocks_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), AudioWriter(tmp_path / "a.flac", 16000) as writer:
        writer.write(NOISE)
        _ = 1 // 0
    assert list(tmp_path.iterdir()) == []


def test_more_than_a_wav_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_WAV_MAX_SAMPLES", 1000)
    with pytest.raises(DataError, match="a wav holds 1000 samples at most; write flac or ogg"):
        write_audio(tmp_path / "a.wav", NOISE[:1001], 16000)
    write_audio(tmp_path / "a.flac", NOISE[:1001], 16000)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.flac"]
