import pytest
import torch

from dp.models.layers import NoteEncoder, find_tempo_bin, make_sinusoid
from dp.models.synthesis import SynthesisModel
from dp.presets import SynthesisDims
from tests.models.clips import clip_inputs

SMALL_SYNTHESIS = SynthesisDims(
    performer_count=2,
    band_count=4,
    width=8,
    encoder_layer_count=1,
    decoder_layer_count=1,
    feed_forward_width=8,
    kernel=3,
)


def test_sinusoid_literal_values() -> None:
    table = make_sinusoid(2, 4, torch.device("cpu"))
    assert table[0].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert table[1].tolist() == pytest.approx([0.841471, 0.540302, 0.0099998, 0.99995], abs=1e-6)


def test_tempo_bins_are_logarithmic_and_clamped_and_0_is_unknown() -> None:
    tempo = torch.tensor([float("nan"), 1.0, 20.0, 66.9, 67.0, 223.9, 500.0])
    assert find_tempo_bin(tempo).tolist() == [0, 1, 1, 24, 25, 48, 48]  # 66.93 is the geometric mean of 20 and 224


def test_embedding_clamps_a_carried_over_onset_but_the_projection_sees_it() -> None:
    torch.manual_seed(0)
    encoder = NoteEncoder(1, 8, 2, 8, 0.0)
    one = torch.ones(1, 1, dtype=torch.int64)
    valid = one.bool()

    def encode(onset: int) -> torch.Tensor:
        return encoder(60 * one, onset * one, 10 * one, 0 * one, valid)

    assert not torch.allclose(encode(0), encode(-40))
    torch.nn.init.zeros_(encoder.project.weight)
    torch.testing.assert_close(encode(0), encode(-40))
    assert not torch.allclose(encode(0), encode(1))


def synthesis_clip(note_count: int, padding: int, frame_count: int, frame_padding: int) -> dict[str, torch.Tensor]:
    clip = clip_inputs(note_count, padding)
    frames = {"onset_frame": clip.pop("onset"), "duration_frame": clip.pop("duration")}
    return clip | frames | {"frame_valid": torch.arange(frame_count + frame_padding)[None] < frame_count}


def test_padding_changes_no_mel() -> None:
    torch.manual_seed(0)
    model = SynthesisModel(SMALL_SYNTHESIS).eval()
    plain = model(**synthesis_clip(3, 0, 40, 0))
    assert plain.shape == (1, 40, 4)
    torch.testing.assert_close(plain, model(**synthesis_clip(3, 2, 40, 0)))
    torch.testing.assert_close(plain, model(**synthesis_clip(3, 2, 40, 5))[:, :40])


def test_clip_without_notes_has_a_finite_mel() -> None:
    clip = synthesis_clip(1, 0, 10, 0) | {"valid": torch.zeros(1, 1, dtype=torch.bool)}
    clip["duration_frame"] = torch.zeros(1, 1, dtype=torch.int64)
    assert torch.isfinite(SynthesisModel(SMALL_SYNTHESIS).eval()(**clip)).all()


def test_performer_and_tempo_change_the_mel() -> None:
    torch.manual_seed(0)
    synthesis = SynthesisModel(SMALL_SYNTHESIS).eval()
    for other in ({"performer": torch.tensor([0])}, {"tempo_qpm": torch.tensor([40.0])}):
        clip = synthesis_clip(3, 0, 40, 0)
        assert not torch.allclose(synthesis(**clip), synthesis(**(clip | other)))
