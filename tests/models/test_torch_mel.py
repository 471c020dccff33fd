import numpy as np
import pytest
import torch

from dp.audio.mel import compute_log_mel, make_mel_filterbank
from dp.config import MelConfig
from dp.models.mel import LogMel

MEL = MelConfig()


@pytest.mark.parametrize("length", [1024, 5000, 16000])
def test_agrees_with_the_numpy_one(length: int) -> None:
    rng = np.random.default_rng(length)
    time = np.arange(length) / MEL.sample_rate_hz
    samples = (0.5 * np.sin(2 * np.pi * 440 * time) + 0.01 * rng.normal(size=length)).astype(np.float32)
    ours = LogMel(MEL, make_mel_filterbank(MEL))(torch.from_numpy(samples)[None])[0].numpy()
    assert ours.shape == (length // 256, 80)
    np.testing.assert_allclose(ours, compute_log_mel(samples, MEL), atol=1e-4)


def test_silence_is_the_floor() -> None:
    ours = LogMel(MEL, make_mel_filterbank(MEL))(torch.zeros(1, 2048))
    assert ours.min() == ours.max() == pytest.approx(np.log(1e-5))
