import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dp.audio import audio_info, read_audio, write_audio
from dp.errors import DataError


@pytest.mark.parametrize(("suffix", "subtype"), [(".wav", "PCM_16"), (".flac", "PCM_16"), (".ogg", "VORBIS")])
def test_formats_by_suffix(tmp_path, suffix, subtype):
    path = tmp_path / f"a{suffix}"
    write_audio(path, np.zeros(4000, np.float32), 16000)
    assert soundfile.info(path).subtype == subtype
    assert audio_info(path).duration_sec == 0.25


def test_sixteen_bits(tmp_path):
    path = tmp_path / "a.wav"
    write_audio(path, np.array([0.5, -0.25, 0.0]), 8000)
    np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], [16384, -8192, 0])


def test_what_would_clip_is_turned_down_as_a_whole(tmp_path):
    path = tmp_path / "a.wav"
    write_audio(path, np.array([2.0, -1.0, 0.5]), 8000)
    np.testing.assert_allclose(read_audio(path, 8000), [1.0, -0.5, 0.25], atol=1e-4)


def test_a_long_ogg(tmp_path):
    path = tmp_path / "a.ogg"
    write_audio(path, np.zeros(3_000_000, np.float32), 44100)
    assert audio_info(path).duration_sec == pytest.approx(68.027, abs=0.001)


@pytest.mark.parametrize("samples", [np.array([0.0, np.nan]), np.zeros(0), np.zeros((2, 2))])
def test_bad_samples(tmp_path, samples):
    with pytest.raises(DataError):
        write_audio(tmp_path / "a.wav", samples, 8000)
    assert list(tmp_path.iterdir()) == []


def test_unknown_suffix(tmp_path):
    with pytest.raises(DataError, match=r"suffix '\.mp3' is unknown; write to one of \.wav, \.flac, \.ogg"):
        write_audio(tmp_path / "a.mp3", np.zeros(10), 8000)


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    path.write_bytes(b"before")
    write_bytes = Path.write_bytes

    def full(self, content):
        write_bytes(self, content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_audio(path, np.zeros(10), 8000)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]
    assert path.read_bytes() == b"before"
