"""Samples out of memory."""

import os
from pathlib import Path

import numpy as np
import pytest

from dp.audio import sample_file
from dp.audio.reading import iterate_audio, read_audio
from dp.audio.sample_file import SampleFile
from tests.audio.sounds import sine, write


@pytest.mark.parametrize("in_memory_bytes", [4, 1 << 20])
def test_slices_are_what_was_appended(monkeypatch: pytest.MonkeyPatch, in_memory_bytes: int) -> None:
    monkeypatch.setattr(sample_file, "_IN_MEMORY_BYTES", in_memory_bytes)
    whole = np.arange(1000, dtype=np.float32)
    with SampleFile() as samples:
        samples.append(whole[:300])
        assert samples[250:400].tolist() == list(range(250, 300))
        samples.append(whole[300:])
        assert len(samples) == 1000
        for part in (slice(None), slice(290, 310), slice(999, 2000), slice(-5, None), slice(20, 10)):
            np.testing.assert_array_equal(samples[part], whole[part])
            assert samples[part].dtype == np.float32


def test_a_long_recording_is_in_a_file_that_nobody_has_to_remove(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sample_file, "_IN_MEMORY_BYTES", 100)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with SampleFile() as samples:
        samples.append(np.zeros(1000, np.float32))
        os.truncate(samples._file.fileno(), 400)
        with pytest.raises(OSError, match="ends before sample 200 of 1000"):
            samples[:200]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_blocks_of_a_file_are_what_is_read_at_once(tmp_path: Path, rate_hz: int) -> None:
    path = write(tmp_path / "tone.wav", sine(440, 10.0, 16000), 16000, "FLOAT")
    blocks = list(iterate_audio(path, rate_hz, 0.5, 9.5))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks), read_audio(path, rate_hz, 0.5, 9.5))
