"""Every way in which a file can be no recording: one DataError, and no memory lost."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.audio import read_audio, read_audio_info
from dp.errors import DataError
from tests.audio.sounds import chirp, write


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.mp3", b"just some text\n" * 100, "is not MP3 audio, whatever its name says"),
        ("a.mp3", bytes(1000), "is not MP3 audio, whatever its name says"),
        ("a.wav", b"just some text\n" * 100, "is not audio that can be read (Format not recognised)"),
        ("a.opus", b"just some text\n" * 100, "is not audio that can be read (Format not recognised)"),
        ("a.mp3", b"", "is empty (0 bytes)"),
        ("a.wav", b"", "is empty (0 bytes)"),
        ("a.raw", b"\1\2\3\4", ".raw says neither rate nor channels"),
    ],
)
def test_what_is_no_audio(
    tmp_path: Path, name: str, content: bytes, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for read in (read_audio_info, lambda path: read_audio(path, 16000)):
        with pytest.raises(DataError) as caught:
            read(path)
        assert caught.value.reason == reason
    assert capfd.readouterr().err == ""  # the error is the only thing a user sees


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read_audio(tmp_path / "a.wav", 16000)
    with pytest.raises(DataError, match="is a folder"):
        read_audio(tmp_path, 16000)


def test_no_samples(tmp_path: Path) -> None:
    path = write(tmp_path / "none.wav", np.zeros((0, 1)), 8000)
    with pytest.raises(DataError, match="holds no samples"):
        read_audio(path, 16000)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(tmp_path: Path, bad: float) -> None:
    samples = np.zeros(8000, np.float32)
    samples[2000] = bad
    path = write(tmp_path / "bad.wav", samples, 8000, "FLOAT")
    with pytest.raises(DataError, match=r"sample at 0\.250 s is not a finite number"):
        read_audio(path, 16000)
    assert len(read_audio(path, 8000, 0.5)) == 4000  # the rest can be used


def test_absurd_rate(tmp_path: Path) -> None:
    path = write(tmp_path / "slow.wav", np.zeros(100), 100)
    with pytest.raises(DataError, match="sample rate is 100 Hz, expected 4000 to 768000"):
        read_audio(path, 16000)


@pytest.mark.parametrize(
    ("name", "rate_hz", "reason"),
    [
        ("a.wav", 44100, "is cut off: its header promises 882000 bytes of sound, 529182 are there"),
        ("a.mp3", 44100, "although its header promises at least 10.000 s"),
        ("a.ogg", 44100, "is cut off in the middle of its last page"),
        ("a.opus", 48000, "is cut off in the middle of its last page"),
        ("a.flac", 44100, "cannot be decoded to the end of the slice (flac decoder lost sync)"),
    ],
)
def test_a_file_that_was_cut_off_is_refused_but_a_slice_before_its_end_is_not(
    tmp_path: Path, name: str, rate_hz: int, reason: str
) -> None:
    hiss = 0.2 * np.random.default_rng(0).standard_normal(10 * rate_hz)  # what compresses badly fills many pages
    whole = write(tmp_path / name, hiss, rate_hz)
    expected = read_audio(whole, 16000, 1.0, 3.0)
    cut = tmp_path / f"cut{whole.suffix}"
    content = whole.read_bytes()
    cut.write_bytes(content[: int(len(content) * 0.6)])
    with pytest.raises(DataError) as caught:
        read_audio(cut, 16000)
    assert reason in caught.value.reason
    with pytest.raises(DataError):
        read_audio(cut, 16000, 0.0, 10.0)
    with pytest.raises(DataError):
        read_audio(cut, 16000, 0.0, read_audio_info(cut).duration_sec)
    np.testing.assert_allclose(read_audio(cut, 16000, 1.0, 3.0), expected, atol=1e-6)


def without_length(path: Path) -> Path:
    """The mp3 without its first frame, which holds the tag that states its length and no sound."""
    content = path.read_bytes()
    first = content.find(b"\xff\xfb")
    path.write_bytes(content[content.find(b"\xff\xfb", first + 40) :])
    return path


def test_an_mp3_whose_length_is_guessed_too_long_is_as_long_as_it_is(tmp_path: Path) -> None:
    hiss = 0.2 * np.random.default_rng(0).standard_normal(5 * 44100)
    quiet_first = np.concatenate([np.zeros(44100), hiss])  # the first frame's bit rate is the lowest
    path = without_length(write(tmp_path / "a.mp3", quiet_first, 44100))
    assert soundfile.info(path).duration > 7.0
    assert read_audio_info(path).duration_sec == pytest.approx(6.0, abs=0.1)
    assert len(read_audio(path, 16000)) == pytest.approx(96000, abs=1600)
    with pytest.raises(DataError, match="the slice is 0 s to 8 s"):
        read_audio(path, 16000, 0.0, 8.0)


def test_an_mp3_whose_length_is_guessed_too_short_is_refused(tmp_path: Path) -> None:
    loud_first = np.concatenate([0.2 * np.random.default_rng(0).standard_normal(44100), chirp(30.0, 44100)])
    path = without_length(write(tmp_path / "a.mp3", loud_first, 44100))
    assert soundfile.info(path).duration < 25.0
    with pytest.raises(DataError, match="does not state its length, so that only its first"):
        read_audio(path, 16000)


def test_a_wav_written_to_a_pipe_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.zeros(1000), 8000)
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"  # length of the data: not known when the header was written
    path.write_bytes(content)
    assert len(read_audio(path, 8000)) == 1000


def test_a_header_that_lies_costs_no_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", np.zeros(44100), 44100)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the 36-bit count of samples: 36 h and more
    content[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(DataError, match="at most 21600 are read"):
        read_audio(path, 16000)


SUFFIXES = [".wav", ".flac", ".mp3", ".opus", ".ogg", ".aiff", ".raw", ".sd2", ".au", ".caf", ".txt", ""]
HEADS = [b"", b"RIFF\0\0\1\0WAVEfmt ", b"fLaC", b"OggS\0\2", b"ID3\3", b"\xff\xfb", b"FORM", b".snd", b"caff"]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SUFFIXES), st.sampled_from(HEADS), st.binary(max_size=600))
def test_random_bytes_are_never_more_than_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, head: bytes, tail: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"fuzz{suffix}"
    path.write_bytes(head + tail)
    try:
        samples = read_audio(path, 16000)
    except DataError as error:
        assert error.subject == str(path)
    else:
        assert samples.dtype == np.float32 and np.isfinite(samples).all()
