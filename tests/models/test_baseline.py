import pytest
import torch

from dp.models import hifigan
from dp.models.baseline import BaselineDims, BaselineModel
from dp.types import PITCH_COUNT
from tests.models.lively import lively

DIMS = BaselineDims(performer_count=2, performer_width=4, width=16)


def inputs(frame_count: int = 30) -> dict[str, torch.Tensor]:
    return {
        "pitch": torch.tensor([[60, 64]]),
        "onset_frame": torch.tensor([[-3, 12]]),
        "duration_frame": torch.tensor([[10, 40]]),
        "performer": torch.tensor([1]),
        "frame_valid": torch.ones(1, frame_count, dtype=torch.bool),
    }


def model() -> BaselineModel:
    return lively(BaselineModel(DIMS))


def test_a_piece_in_chunks_is_the_same_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hifigan, "CHUNK_FRAME", 7)
    baseline = model()
    with torch.no_grad():
        whole = baseline(**inputs())[0]
    assert whole.shape == (30 * 256,)
    torch.testing.assert_close(baseline.play(**inputs()), whole, atol=1e-6, rtol=1e-4)


def test_notes_and_performer_are_heard() -> None:
    baseline = model()
    with torch.no_grad():
        once = baseline(**inputs())
        for change in (
            {"pitch": torch.tensor([[60, 65]])},
            {"onset_frame": torch.tensor([[-4, 12]])},  # only the position roll sees where a note began
            {"performer": torch.tensor([2])},
        ):
            assert not torch.allclose(baseline(**inputs() | change), once, atol=1e-7), change


def test_padding_and_notes_elsewhere_are_not_heard() -> None:
    baseline = model()
    more = {
        "pitch": torch.tensor([[60, 64, PITCH_COUNT, 70]]),
        "onset_frame": torch.tensor([[-3, 12, 0, 900]]),
        "duration_frame": torch.tensor([[10, 40, 0, 5]]),
    }
    with torch.no_grad():
        assert torch.equal(baseline(**inputs() | more), baseline(**inputs()))
