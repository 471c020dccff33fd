"""The log-mel of what is heard, in pieces, is that of the whole."""

import numpy as np
import pytest

from dp.audio import compute_log_mel
from dp.render import heard_mel
from dp.render.heard_mel import choose_heard_mel, iterate_heard_mel


@pytest.mark.parametrize("length", [511, 512, 40_000, 65_536 + 300])
def test_pieces_are_the_whole(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    monkeypatch.setattr(heard_mel, "_CHUNK_FRAME", 16)
    mel = choose_heard_mel(44100)
    assert (mel.hop_sample, mel.window_sample, mel.max_hz) == (512, 2048, 16000.0)
    samples = np.random.default_rng(0).standard_normal((length, 2)).astype(np.float32)
    pieces = list(iterate_heard_mel(samples, mel))
    whole = compute_log_mel(samples.mean(axis=1), mel)
    assert sum(len(piece) for piece in pieces) == len(whole) == length // 512
    if len(whole):
        np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)


@pytest.mark.parametrize(("rate_hz", "hop"), [(8000, 128), (16000, 256), (48000, 512), (192000, 2048)])
def test_hops_are_powers_of_two_of_about_twelve_milliseconds(rate_hz: int, hop: int) -> None:
    mel = choose_heard_mel(rate_hz)
    assert mel.hop_sample == hop and mel.max_hz == min(16000.0, rate_hz / 2)
