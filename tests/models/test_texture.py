import pytest
import torch

from dp.models.texture import draw_texture_noise


@pytest.mark.parametrize(("first", "count"), [(0, 1), (255, 2), (256, 256), (300, 700), (511, 0)])
def test_noise_is_the_same_however_a_piece_is_cut(first: int, count: int) -> None:
    whole = draw_texture_noise(1, 0, 1024, 5)
    assert torch.equal(draw_texture_noise(1, first, count, 5), whole[first : first + count])


def test_noise_is_standard_white_and_changes_with_the_seed() -> None:
    noise = draw_texture_noise(1, 0, 5000, 4)
    assert noise.mean().item() == pytest.approx(0.0, abs=0.02)
    assert noise.std().item() == pytest.approx(1.0, abs=0.02)
    assert (noise[1:] * noise[:-1]).mean().item() == pytest.approx(0.0, abs=0.02)
    for seed in (2, -1, 2**70):
        assert not torch.equal(noise, draw_texture_noise(seed, 0, 5000, 4))
