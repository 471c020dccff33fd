"""Slices, channels, rates, formats."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dp.audio import AudioInfo, find_slice_end_sec, read_audio, read_audio_info
from dp.errors import DataError
from tests.audio.sounds import chirp, sine, write


def test_a_slice_of_a_ramp_is_exact(tmp_path: Path) -> None:
    path = write(tmp_path / "ramp.wav", np.arange(10000, dtype=np.float32) / 16384, 1000 * 8, "FLOAT")
    samples = read_audio(path, 8000, 0.25, 0.5)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples * 16384, np.arange(2000, 4000))


def test_borders_round_to_the_nearest_sample(tmp_path: Path) -> None:
    path = write(tmp_path / "ramp.wav", np.arange(100, dtype=np.float32) / 128, 8000, "FLOAT")
    np.testing.assert_array_equal(read_audio(path, 8000, 10.4 / 8000, 12.6 / 8000) * 128, [10, 11, 12])


def test_channels_are_averaged(tmp_path: Path) -> None:
    stereo = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    path = write(tmp_path / "stereo.wav", stereo, 8000, "FLOAT")
    np.testing.assert_array_equal(read_audio(path, 8000), np.full(100, 0.125, np.float32))


def test_many_channels_and_blocks(tmp_path: Path) -> None:
    values = np.arange(5000, dtype=np.float32)[:, None] / 8192 * np.ones(40, np.float32)
    path = write(tmp_path / "many.wav", values, 8000, "FLOAT")
    np.testing.assert_allclose(read_audio(path, 8000) * 8192, np.arange(5000), rtol=1e-5)


@pytest.mark.parametrize(("rate_hz", "expected"), [(44100, 16000), (48000, 16000), (8000, 16000), (22050, 16000)])
def test_a_second_resampled_is_a_second(tmp_path: Path, rate_hz: int, expected: int) -> None:
    path = write(tmp_path / "tone.wav", sine(440, 1.0, rate_hz), rate_hz, "FLOAT")
    samples = read_audio(path, 16000)
    assert len(samples) == expected
    np.testing.assert_allclose(samples[500:-500], sine(440, 1.0, 16000)[500:-500], atol=2e-4)


def test_resampling_in_blocks_is_resampling_at_once(tmp_path: Path) -> None:
    import soxr

    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 100_001).astype(np.float32)
    path = write(tmp_path / "noise.wav", noise, 44100, "FLOAT")
    np.testing.assert_allclose(read_audio(path, 16000), soxr.resample(noise, 44100, 16000, "HQ"), atol=1e-6)


def test_resampling_removes_what_would_alias(tmp_path: Path) -> None:
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
        ("a.aiff", 44100, 1e-4),
    ],
)
def test_every_format_keeps_its_place(tmp_path: Path, name: str, rate_hz: int, tolerance: float) -> None:
    path = write(tmp_path / name, chirp(6.0, rate_hz), rate_hz)
    whole = read_audio(path, rate_hz)
    error = whole[rate_hz : 4 * rate_hz] - chirp(6.0, rate_hz)[rate_hz : 4 * rate_hz]
    assert np.sqrt(np.mean(error**2)) < tolerance
    part = read_audio(path, rate_hz, 3.0001, 4.0)
    start = round(3.0001 * rate_hz)
    np.testing.assert_allclose(part, whole[start : 4 * rate_hz], atol=1e-6)


def test_info(tmp_path: Path) -> None:
    path = write(tmp_path / "stereo.flac", np.zeros((11025, 2)), 44100)
    assert read_audio_info(path) == AudioInfo(duration_sec=0.25, sample_rate_hz=44100, channel_count=2)


def test_an_end_just_past_the_file_is_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "short.wav", np.zeros(8000 + 4000), 8000)
    assert len(read_audio(path, 8000, 1.0, 2.0)) == 4000
    assert [find_slice_end_sec(path, 1.0, end_sec) for end_sec in (None, 2.0, 1.25)] == [1.5, 1.5, 1.25]


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
def test_impossible_slices(tmp_path: Path, start_sec: float, end_sec: float | None, reason: str) -> None:
    path = write(tmp_path / "short.wav", np.zeros(12000), 8000)
    with pytest.raises(DataError) as caught:
        read_audio(path, 8000, start_sec, end_sec)
    assert caught.value.subject == str(path)
    assert caught.value.reason == reason
    with pytest.raises(DataError) as caught:
        find_slice_end_sec(path, start_sec, end_sec)
    assert caught.value.reason == reason


def test_memory_is_about_the_result(tmp_path: Path) -> None:
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


def test_real_recordings(shared_data: Path) -> None:
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
        assert read_audio_info(folder / name) == AudioInfo(count / rate_hz, rate_hz, 2)
        assert len(read_audio(folder / name, 16000, 1.0, 101.0)) == 1_600_000


def test_opus_is_decoded_right_beyond_its_first_seconds(shared_data: Path) -> None:
    """Read from its beginning in long blocks, libsndfile 1.2.2 returns other samples from 2.46 s on."""
    path = shared_data / "bach-violin" / "audio" / "minji-kim" / "minji-kim_bwv1003_mov3.opus"
    whole = read_audio(path, 48000, 0.0, 20.0)
    for start_sec in (2, 5, 13):
        part = read_audio(path, 48000, float(start_sec), start_sec + 5.0)
        np.testing.assert_allclose(part, whole[start_sec * 48000 : (start_sec + 5) * 48000], atol=1e-6)
