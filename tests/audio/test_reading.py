"""Slices, channels, rates and every way in which a file can be no recording."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.audio import AudioInfo, audio_info, read_audio, slice_end_sec
from dp.errors import DataError


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


def test_a_slice_of_a_ramp_is_exact(tmp_path):
    path = write(tmp_path / "ramp.wav", np.arange(10000, dtype=np.float32) / 16384, 1000 * 8, "FLOAT")
    samples = read_audio(path, 8000, 0.25, 0.5)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples * 16384, np.arange(2000, 4000))


def test_borders_round_to_the_nearest_sample(tmp_path):
    path = write(tmp_path / "ramp.wav", np.arange(100, dtype=np.float32) / 128, 8000, "FLOAT")
    np.testing.assert_array_equal(read_audio(path, 8000, 10.4 / 8000, 12.6 / 8000) * 128, [10, 11, 12])


def test_channels_are_averaged(tmp_path):
    stereo = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    path = write(tmp_path / "stereo.wav", stereo, 8000, "FLOAT")
    np.testing.assert_array_equal(read_audio(path, 8000), np.full(100, 0.125, np.float32))


def test_many_channels_and_blocks(tmp_path):
    values = np.arange(5000, dtype=np.float32)[:, None] / 8192 * np.ones(40, np.float32)
    path = write(tmp_path / "many.wav", values, 8000, "FLOAT")
    np.testing.assert_allclose(read_audio(path, 8000) * 8192, np.arange(5000), rtol=1e-5)


@pytest.mark.parametrize(("rate_hz", "expected"), [(44100, 16000), (48000, 16000), (8000, 16000), (22050, 16000)])
def test_a_second_resampled_is_a_second(tmp_path, rate_hz, expected):
    path = write(tmp_path / "tone.wav", sine(440, 1.0, rate_hz), rate_hz, "FLOAT")
    samples = read_audio(path, 16000)
    assert len(samples) == expected
    np.testing.assert_allclose(samples[500:-500], sine(440, 1.0, 16000)[500:-500], atol=2e-4)


def test_resampling_in_blocks_is_resampling_at_once(tmp_path):
    import soxr

    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 100_001).astype(np.float32)
    path = write(tmp_path / "noise.wav", noise, 44100, "FLOAT")
    np.testing.assert_allclose(read_audio(path, 16000), soxr.resample(noise, 44100, 16000, "HQ"), atol=1e-6)


def test_resampling_removes_what_would_alias(tmp_path):
    path = write(tmp_path / "high.wav", sine(10000, 1.0, 44100), 44100, "FLOAT")
    assert np.abs(read_audio(path, 16000)[500:-500]).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "rate_hz", "tolerance"),
    [
        ("a.wav", 44100, 1e-4),
        ("a.flac", 44100, 1e-4),
        ("a.mp3", 44100, 0.02),
        ("a.ogg", 44100, 0.02),
        ("a.opus", 48000, 0.03),
    ],
)
def test_every_format_keeps_its_place(tmp_path, name, rate_hz, tolerance):
    path = write(tmp_path / name, chirp(6.0, rate_hz), rate_hz)
    whole = read_audio(path, rate_hz)
    error = whole[rate_hz : 4 * rate_hz] - chirp(6.0, rate_hz)[rate_hz : 4 * rate_hz]
    assert np.sqrt(np.mean(error**2)) < tolerance
    part = read_audio(path, rate_hz, 3.0001, 4.0)
    start = round(3.0001 * rate_hz)
    np.testing.assert_allclose(part, whole[start : 4 * rate_hz], atol=1e-6)


def test_info(tmp_path):
    path = write(tmp_path / "stereo.flac", np.zeros((11025, 2)), 44100)
    assert audio_info(path) == AudioInfo(duration_sec=0.25, sample_rate_hz=44100, channel_count=2)


def test_an_end_just_past_the_file_is_its_end(tmp_path):
    path = write(tmp_path / "short.wav", np.zeros(8000 + 4000), 8000)
    assert len(read_audio(path, 8000, 1.0, 2.0)) == 4000
    assert [slice_end_sec(path, 1.0, end_sec) for end_sec in (None, 2.0, 1.25)] == [1.5, 1.5, 1.25]


@pytest.mark.parametrize(
    ("start_sec", "end_sec", "reason"),
    [
        (0.0, 2.6, "is 1.500 s long, the slice is 0 s to 2.6 s"),
        (1.5, None, "is 1.500 s long, the slice is 1.5 s to its end"),
        (9.0, 9.5, "is 1.500 s long, the slice is 9 s to 9.5 s"),
        (1.0, 1.0, "slice 1.0 to 1.0 s is empty or negative"),
        (1.0, 0.5, "slice 1.0 to 0.5 s is empty or negative"),
        (-0.1, 1.0, "slice -0.1 to 1.0 s is empty or negative"),
        (float("nan"), 1.0, "slice nan to 1.0 s is empty or negative"),
        (0.0, float("inf"), "slice 0.0 to inf s is empty or negative"),
        (0.5, 0.50001, "slice 0.5 to 0.50001 s is shorter than one sample"),
    ],
)
def test_impossible_slices(tmp_path, start_sec, end_sec, reason):
    path = write(tmp_path / "short.wav", np.zeros(12000), 8000)
    with pytest.raises(DataError) as caught:
        read_audio(path, 8000, start_sec, end_sec)
    assert caught.value.subject == str(path)
    assert caught.value.reason == reason
    with pytest.raises(DataError) as caught:
        slice_end_sec(path, start_sec, end_sec)
    assert caught.value.reason == reason


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
def test_what_is_no_audio(tmp_path, name, content, reason, capfd):
    path = tmp_path / name
    path.write_bytes(content)
    for read in (audio_info, lambda path: read_audio(path, 16000)):
        with pytest.raises(DataError) as caught:
            read(path)
        assert caught.value.reason == reason
    assert capfd.readouterr().err == ""  # the error is the only thing a user sees


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_audio(tmp_path / "a.wav", 16000)
    with pytest.raises(DataError, match="is a folder"):
        read_audio(tmp_path, 16000)


def test_no_samples(tmp_path):
    path = write(tmp_path / "none.wav", np.zeros((0, 1)), 8000)
    with pytest.raises(DataError, match="holds no samples"):
        read_audio(path, 16000)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(tmp_path, bad):
    samples = np.zeros(8000, np.float32)
    samples[2000] = bad
    path = write(tmp_path / "bad.wav", samples, 8000, "FLOAT")
    with pytest.raises(DataError, match=r"sample at 0\.250 s is not a finite number"):
        read_audio(path, 16000)
    assert len(read_audio(path, 8000, 0.5)) == 4000  # the rest can be used


def test_absurd_rate(tmp_path):
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
def test_a_file_that_was_cut_off_is_refused_but_a_slice_before_its_end_is_not(tmp_path, name, rate_hz, reason):
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
        read_audio(cut, 16000, 0.0, audio_info(cut).duration_sec)
    np.testing.assert_allclose(read_audio(cut, 16000, 1.0, 3.0), expected, atol=1e-6)


def without_length(path: Path) -> Path:
    """The mp3 without its first frame, which holds the tag that states its length and no sound."""
    content = path.read_bytes()
    first = content.find(b"\xff\xfb")
    path.write_bytes(content[content.find(b"\xff\xfb", first + 40) :])
    return path


def test_an_mp3_whose_length_is_guessed_too_long_is_as_long_as_it_is(tmp_path):
    hiss = 0.2 * np.random.default_rng(0).standard_normal(5 * 44100)
    quiet_first = np.concatenate([np.zeros(44100), hiss])  # the first frame's bit rate is the lowest
    path = without_length(write(tmp_path / "a.mp3", quiet_first, 44100))
    assert soundfile.info(path).duration > 7.0
    assert audio_info(path).duration_sec == pytest.approx(6.0, abs=0.1)
    assert len(read_audio(path, 16000)) == pytest.approx(96000, abs=1600)
    with pytest.raises(DataError, match="the slice is 0 s to 8 s"):
        read_audio(path, 16000, 0.0, 8.0)


def test_an_mp3_whose_length_is_guessed_too_short_is_refused(tmp_path):
    loud_first = np.concatenate([0.2 * np.random.default_rng(0).standard_normal(44100), chirp(30.0, 44100)])
    path = without_length(write(tmp_path / "a.mp3", loud_first, 44100))
    assert soundfile.info(path).duration < 25.0
    with pytest.raises(DataError, match="does not state its length, so that only its first"):
        read_audio(path, 16000)


def test_a_wav_written_to_a_pipe_is_whole(tmp_path):
    path = write(tmp_path / "a.wav", np.zeros(1000), 8000)
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"  # length of the data: not known when the header was written
    path.write_bytes(content)
    assert len(read_audio(path, 8000)) == 1000


def test_a_header_that_lies_costs_no_memory(tmp_path):
    path = write(tmp_path / "a.flac", np.zeros(44100), 44100)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the 36-bit count of samples: 36 h and more
    content[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(DataError, match="at most 21600 are read"):
        read_audio(path, 16000)


def test_memory_is_about_the_result(tmp_path):
    """Six minutes of 44.1 kHz stereo are 127 MB decoded and 12 MB at 8 kHz."""
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 44100, 2, "PCM_16") as file:
        for _ in range(360):
            file.write(np.zeros((44100, 2), np.int16))
    program = (
        "import re, sys; from pathlib import Path; import soundfile, soxr; from dp.audio import read_audio\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "before = peak(); samples = read_audio(Path(sys.argv[1]), 8000)\n"
        "print(len(samples), peak() - before)"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc, which is not here")
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    count, used_kib = map(int, done.stdout.split())
    assert count == 360 * 8000
    assert used_kib < 30_000


SUFFIXES = [".wav", ".flac", ".mp3", ".opus", ".ogg", ".aiff", ".raw", ".sd2", ".au", ".caf", ".txt", ""]
HEADS = [b"", b"RIFF\0\0\1\0WAVEfmt ", b"fLaC", b"OggS\0\2", b"ID3\3", b"\xff\xfb", b"FORM", b".snd", b"caff"]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SUFFIXES), st.sampled_from(HEADS), st.binary(max_size=600))
def test_random_bytes_are_never_more_than_a_data_error(tmp_path_factory, suffix, head, tail):
    path = tmp_path_factory.getbasetemp() / f"fuzz{suffix}"
    path.write_bytes(head + tail)
    try:
        samples = read_audio(path, 16000)
    except DataError as error:
        assert error.subject == str(path)
    else:
        assert samples.dtype == np.float32 and np.isfinite(samples).all()


def test_real_recordings(shared_data):
    """Lengths by another decoder (ffmpeg), rates and channels of the six recordings."""
    folder = shared_data / "bach-violin" / "audio"
    expected = {
        "john-garner/john-garner_bwv1002_mov6.mp3": (4776239, 44100),
        "john-garner/john-garner_bwv1002_mov7.mp3": (6324527, 44100),
        "minji-kim/minji-kim_bwv1003_mov3.opus": (8832648, 48000),
        "oliver-colbentson/oliver-colbentson_bwv1006_mov4.mp3": (5270447, 44100),
        "oliver-colbentson/oliver-colbentson_bwv1006_mov5.mp3": (5253167, 44100),
        "oliver-colbentson/oliver-colbentson_bwv1006_mov6.mp3": (4534319, 44100),
    }
    for name, (count, rate_hz) in expected.items():
        assert audio_info(folder / name) == AudioInfo(count / rate_hz, rate_hz, 2)
        assert len(read_audio(folder / name, 16000, 1.0, 101.0)) == 1_600_000


def test_opus_is_decoded_right_beyond_its_first_seconds(shared_data):
    """Read from its beginning in long blocks, libsndfile 1.2.2 returns other samples from 2.46 s on."""
    path = shared_data / "bach-violin" / "audio" / "minji-kim" / "minji-kim_bwv1003_mov3.opus"
    whole = read_audio(path, 48000, 0.0, 20.0)
    for start_sec in (2, 5, 13):
        part = read_audio(path, 48000, float(start_sec), start_sec + 5.0)
        np.testing.assert_allclose(part, whole[start_sec * 48000 : (start_sec + 5) * 48000], atol=1e-6)
