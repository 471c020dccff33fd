import pytest
import torch

from dp.models import hifigan
from dp.models.hifigan import HOP_SAMPLE, REACH_FRAME, HifiganDims, HifiganModel
from dp.models.weight_norm import add_weight_norm, fold_weight_norm
from tests.models.lively import lively

SMALL = HifiganDims(band_count=5, width=16)


def test_v2_has_the_published_size() -> None:
    """0.92 M weights (Kong et al. 2020, table 1)."""
    assert sum(parameter.numel() for parameter in HifiganModel(HifiganDims()).parameters()) == 925_985


def test_t_frames_make_t_hops_of_samples() -> None:
    model = lively(HifiganModel(SMALL))
    for frame_count in (1, 2, 30):
        assert model(torch.zeros(2, frame_count, 5)).shape == (2, frame_count * HOP_SAMPLE)
        assert model.vocode(torch.zeros(frame_count, 5)).shape == (frame_count * HOP_SAMPLE,)


def test_reach_is_what_it_is_said_to_be() -> None:
    """Gradients say which frames a sample in the middle depends on."""
    model = lively(HifiganModel(SMALL)).double()
    middle = 20
    log_mel = torch.randn(1, 41, 5, dtype=torch.float64, requires_grad=True)
    torch.autograd.backward(model(log_mel)[0, middle * HOP_SAMPLE : (middle + 1) * HOP_SAMPLE].square().sum())
    assert log_mel.grad is not None
    heard = log_mel.grad[0].abs().sum(dim=1).nonzero()[:, 0]
    assert middle - REACH_FRAME <= heard.min() < middle < heard.max() <= middle + REACH_FRAME
    assert heard.max() - heard.min() > 1.5 * REACH_FRAME


@pytest.mark.parametrize("chunk_frame", [3, 17, 50])
def test_chunks_leave_no_seam(chunk_frame: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = lively(HifiganModel(SMALL))
    log_mel = torch.randn(75, 5)
    with torch.no_grad():
        whole = model(log_mel[None])[0]
    assert whole.std() > 1e-3
    monkeypatch.setattr(hifigan, "CHUNK_FRAME", chunk_frame)
    torch.testing.assert_close(model.vocode(log_mel), whole, atol=1e-6, rtol=1e-4)


def test_weight_norm_changes_what_is_learned_and_not_what_is_computed() -> None:
    model = lively(HifiganModel(SMALL))
    log_mel = torch.randn(1, 4, 5)
    names = set(model.state_dict())
    with torch.no_grad():
        plain = model(log_mel)
        normalized = add_weight_norm(model)
        torch.testing.assert_close(normalized(log_mel), plain)
        assert set(model.state_dict()) != names
        torch.testing.assert_close(fold_weight_norm(model)(log_mel), plain)
    assert set(model.state_dict()) == names


def test_weight_norm_learns_length_and_direction() -> None:
    model = add_weight_norm(HifiganModel(SMALL))
    lengths = dict(model.named_parameters())["enter.parametrizations.weight.original0"]
    assert lengths.shape == (16, 1, 1)
    before = model.enter.weight.detach().clone()
    lengths.data *= 2
    torch.testing.assert_close(model.enter.weight, 2 * before)


def test_under_bfloat16_the_waveform_keeps_its_digits() -> None:
    model = lively(HifiganModel(HifiganDims(band_count=5, width=32)))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        samples = model(torch.randn(1, 10, 5))
    assert samples.dtype == torch.float32
    assert (samples.bfloat16().float() != samples).float().mean() > 0.5
