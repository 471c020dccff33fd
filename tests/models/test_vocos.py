import numpy as np
import pytest
import torch

from dp.audio.mel import compute_log_mel, make_mel_filterbank
from dp.config import MelConfig
from dp.models import vocos
from dp.models.vocos import VocosDims, VocosModel, overlap_add

SMALL = VocosDims(width=8, inner_width=8, layer_count=2)
MEL = MelConfig()


def test_overlap_add_inverts_the_mels_framing() -> None:
    """Frames cut as the log-mel cuts them come back sample for sample, at the mel's own place."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=20 * 256)
    window = torch.hann_window(1024, dtype=torch.float64)
    padded = np.pad(samples, 384, mode="reflect")
    frames = np.stack([padded[first : first + 1024] for first in range(0, 20 * 256, 256)])
    spectrum = torch.fft.rfft(torch.from_numpy(frames) * window)
    again = overlap_add(spectrum[None], window, 256)
    np.testing.assert_allclose(again[0].numpy(), samples, atol=1e-10)


def test_t_frames_make_t_hops_of_samples() -> None:
    model = VocosModel(SMALL).eval()
    for frame_count in (1, 2, 33):
        assert model(torch.zeros(2, frame_count, 80)).shape == (2, frame_count * 256)
        assert model.vocode(torch.zeros(frame_count, 80)).shape == (frame_count * 256,)


def test_chunks_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = VocosModel(SMALL).eval()
    mel = torch.randn(100, 80)
    monkeypatch.setattr(vocos, "CHUNK_FRAME", 1000)
    whole = model.vocode(mel)
    for chunk_frame in (3, 17, 50):
        monkeypatch.setattr(vocos, "CHUNK_FRAME", chunk_frame)
        torch.testing.assert_close(model.vocode(mel), whole, atol=1e-4, rtol=1e-3)
    with torch.no_grad():
        torch.testing.assert_close(model(mel[None])[0], whole)


def test_outline_starts_from_the_mels_own_spectrum() -> None:
    """The magnitudes that the outline alone gives have nearly the log-mel they were made from."""
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=64 * 256) * np.linspace(0.01, 0.3, 64 * 256)).astype(np.float32)
    true = compute_log_mel(samples, MEL)
    torch.manual_seed(0)
    model = VocosModel(SMALL).eval()
    model.set_outline(torch.from_numpy(make_mel_filterbank(MEL)))
    torch.nn.init.zeros_(model.leave.weight)
    torch.nn.init.zeros_(model.leave.bias)
    with torch.no_grad():
        magnitude = torch.exp(model.outline(torch.from_numpy(true)))
    bands = torch.log(magnitude @ torch.from_numpy(make_mel_filterbank(MEL)).T).numpy()
    assert np.abs(bands - true).mean() < 0.15


def test_dtype_of_the_window_does_not_travel_in_the_weights() -> None:
    assert "window" not in VocosModel(SMALL).state_dict()


def test_a_steady_tone_need_not_be_a_multiple_of_the_frame_rate() -> None:
    """Turned by the right amount per frame, a bin plays 440 Hz, although every frame of the log-mel is the same."""
    model = VocosModel(SMALL).eval()
    for layer in (model.leave, model.outline):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    nearest = 28  # bin of 437.5 Hz
    model.outline.bias.data[:] = -20.0
    model.outline.bias.data[nearest] = 3.0
    model.leave.bias.data[513 + nearest] = 2 * np.pi * (440 - 437.5) * 256 / 16000
    samples = model.vocode(torch.zeros(4 * 63, 80)).numpy()
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 2**18))
    assert abs(int(spectrum.argmax()) * 16000 / 2**18 - 440) < 0.2


def test_a_tone_stays_in_tune_over_an_hour() -> None:
    model = VocosModel(SMALL)
    advance = torch.full((1, 225000, 1), 1.3)
    turned = model._accumulate_phase(advance, torch.zeros(1, 1, 1, dtype=torch.float64))
    exact = float(np.float32(1.3)) * 225000 % (2 * np.pi)
    assert abs(float(turned[0, -1, 0]) - exact) < 1e-4
