import pytest
import torch
import torch.nn.functional as F

from dp.models.local_attention import LocalNoteEncoder, LocalStack, attend_locally, rotate


@pytest.mark.parametrize(("length", "reach"), [(50, 7), (7, 7), (3, 7), (21, 7), (8, 1)])
def test_local_attention_is_attention_to_what_is_near(length: int, reach: int) -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 2, length, 8)
    valid = torch.ones(2, length, dtype=torch.bool)
    valid[1, length - length // 3 :] = False
    place = torch.arange(length)
    near = (place[:, None] - place[None]).abs() <= reach
    may_attend = (near & valid[:, None, None, :]) | torch.eye(length, dtype=torch.bool)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=may_attend)
    assert torch.allclose(attend_locally(query, key, value, valid, reach), expected, atol=1e-6)


def test_rotated_products_depend_on_the_distance_alone() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 8).expand(2, 1, 1, 6, 8)
    product = rotate(query)[0, 0] @ rotate(key)[0, 0].T
    assert torch.allclose(product[1, 0], product[4, 3], atol=1e-5)
    assert torch.allclose(product[0, 2], product[3, 5], atol=1e-5)
    assert not torch.allclose(product[0, 2], product[2, 0], atol=1e-2)


def stack() -> LocalStack:
    torch.manual_seed(0)
    return LocalStack(2, 16, 2, 32, kernel=5, reach=4, dropout=0.0).eval()


def test_what_is_out_of_reach_changes_nothing() -> None:
    """Two layers of reach 4 and a convolution of 5 see 2 * (4 + 2) places to either side."""
    torch.manual_seed(1)
    x = torch.randn(1, 40, 16)
    valid = torch.ones(1, 40, dtype=torch.bool)
    changed = x.clone()
    changed[:, 0, 0] += 1.0
    difference = (stack()(x, valid) - stack()(changed, valid)).abs().amax(dim=2)[0]
    assert (difference[13:] < 1e-6).all()
    assert (difference[:5] > 1e-6).all()


def test_a_shifted_input_gives_a_shifted_output() -> None:
    torch.manual_seed(1)
    x = torch.randn(1, 60, 16)
    whole = stack()(x, torch.ones(1, 60, dtype=torch.bool))
    part = stack()(x[:, 10:50], torch.ones(1, 40, dtype=torch.bool))
    assert torch.allclose(part[:, 12:28], whole[:, 22:38], atol=1e-5)


def test_padding_changes_nothing() -> None:
    torch.manual_seed(1)
    x = torch.randn(1, 20, 16)
    padded = torch.cat([x, torch.randn(1, 13, 16)], dim=1)
    valid = torch.arange(33)[None] < 20
    assert torch.allclose(stack()(padded, valid)[:, :20], stack()(x, torch.ones(1, 20, dtype=torch.bool)), atol=1e-5)


def test_notes_are_known_by_their_neighbours_not_by_their_place() -> None:
    torch.manual_seed(0)
    encoder = LocalNoteEncoder(16, LocalStack(1, 16, 2, 32, kernel=3, reach=4, dropout=0.0)).eval()
    onset = torch.tensor([[0, 10, 25, 30, 50]])
    pitch, velocity = torch.tensor([[60, 62, 64, 65, 67]]), torch.zeros(1, 5, dtype=torch.int64)
    duration, valid = torch.tensor([[8, 12, 5, 20, 9]]), torch.ones(1, 5, dtype=torch.bool)
    first = encoder(pitch, onset, duration, velocity, valid)
    assert torch.allclose(encoder(pitch, onset + 1000, duration, velocity, valid), first, atol=1e-6)
    later = onset + torch.tensor([[0, 0, 0, 3, 3]])
    assert not torch.allclose(encoder(pitch, later, duration, velocity, valid), first, atol=1e-3)
