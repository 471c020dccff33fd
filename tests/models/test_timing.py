import numpy as np
import pytest
import torch
from torch import Tensor

from dp.models.frame_timing import FrameTiming
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingDims, TimingModel
from tests.models.clips import clip_inputs

OURS = TimingDims(performer_count=2, width=8, dilations_event=(1, 2), dropout=0.0)  # sees 6 events to either side
PUBLICATION = TimingDims(
    design="publication",
    performer_count=2,
    width=8,
    encoder_layer_count=1,
    feed_forward_width=8,
    feed_forward_kernel_note=3,
    dropout=0.0,
)


def lively(dims: TimingDims) -> ScoreTiming | FrameTiming:
    torch.manual_seed(0)
    model = TimingModel(dims).eval()
    for value in model.parameters():
        torch.nn.init.normal_(value, std=0.3)
    return model.network


def piece(event_count: int, padding: int = 0, seed: int = 0) -> dict[str, Tensor]:
    rng = np.random.default_rng(seed)
    count = event_count + padding
    valid = torch.arange(count)[None] < event_count
    numbers = torch.from_numpy(rng.normal(size=(1, count, 20))).float()
    codes = torch.from_numpy(rng.integers(128, size=(1, count, 3)))
    event = torch.arange(event_count)[None]
    return {
        "numbers": numbers,
        "codes": codes,
        "valid": valid,
        "note_event": event,
        "note_numbers": torch.ones(1, event_count, 5),
        "performer": torch.tensor([1]),
    }


def clip(note_count: int, padding: int = 0) -> dict[str, Tensor]:
    inputs = clip_inputs(note_count, padding)
    return inputs | {"onset_tick": inputs.pop("onset"), "duration_tick": inputs.pop("duration")}


def test_a_design_is_one_of_two() -> None:
    assert isinstance(TimingModel(OURS).network, ScoreTiming)
    assert isinstance(TimingModel(PUBLICATION).network, FrameTiming)


def test_ours_untrained_says_nothing() -> None:
    said = TimingModel(OURS).eval().network(**piece(5))
    assert [values.abs().max().item() for values in said] == [0.0, 0.0, 0.0]
    assert [tuple(values.shape) for values in said] == [(1, 5)] * 3


def test_padding_changes_nothing() -> None:
    network = lively(OURS)
    with torch.no_grad():
        long = piece(9)
        short = piece(5, 4) | {name: long[name] for name in ("numbers", "codes")}
        alone = {name: value[:, :5] if value.ndim > 1 else value for name, value in short.items()}
        for ours, theirs in zip(network(**alone), network(**short), strict=True):
            torch.testing.assert_close(ours[:, :5], theirs[:, :5])
    frames = lively(PUBLICATION)
    with torch.no_grad():
        for ours, theirs in zip(frames(**clip(3)), frames(**clip(3, 4)), strict=True):
            torch.testing.assert_close(ours, theirs[:, :3])


def test_ours_has_no_seams_what_is_far_away_changes_nothing() -> None:
    network = lively(OURS)
    whole = piece(40)
    cut = {name: value[:, 10:30] if value.ndim > 1 else value for name, value in whole.items()}
    cut["note_event"] = cut["note_event"] - 10
    with torch.no_grad():
        all_of_it, part = network(**whole)[0][0], network(**cut)[0][0]
    torch.testing.assert_close(all_of_it[16:24], part[6:14])
    assert not torch.allclose(all_of_it[10:16], part[:6])


def test_performer_and_tempo_matter() -> None:
    ours, frames = lively(OURS), lively(PUBLICATION)
    with torch.no_grad():
        assert not torch.allclose(ours(**piece(5))[0], ours(**piece(5) | {"performer": torch.tensor([2])})[0])
        for other in ({"performer": torch.tensor([0])}, {"tempo_qpm": torch.tensor([40.0])}):
            assert not torch.allclose(frames(**clip(3))[0], frames(**clip(3) | other)[0])


def test_even_a_wild_model_stays_within_what_can_be_played() -> None:
    network = lively(OURS)
    assert isinstance(network, ScoreTiming)
    torch.nn.init.constant_(network.stretch.bias, 100.0)
    torch.nn.init.constant_(network.note.bias, -100.0)
    with torch.no_grad():
        log_stretch, spread_sec, log_articulation = network(**piece(5))
    assert (log_stretch.max().item(), spread_sec.min().item()) == (1.5, pytest.approx(-0.3))
    assert log_articulation.min().item() == pytest.approx(-2.3)
