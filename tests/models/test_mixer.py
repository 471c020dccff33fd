from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.models.mixer import BLOCK_FRAME, PolyphonicMixer, mix

WIDTH = 3


def mix_by_loop(
    embedding: np.ndarray, onset: np.ndarray, duration: np.ndarray, weight: np.ndarray, frame_count: int
) -> np.ndarray:
    batch, note_count, width = embedding.shape
    out = np.zeros((batch, frame_count, width))
    for b in range(batch):
        for n in range(note_count):
            for frame in range(frame_count):
                if onset[b, n] <= frame < onset[b, n] + duration[b, n]:
                    place = (frame - onset[b, n]) / max(duration[b, n] - 1, 1)
                    out[b, frame] += (1 + place * weight) * embedding[b, n]
    return out


@dataclass(frozen=True)
class Case:
    """Notes of some clips, their lengths, and what embeddings are drawn from."""

    onset: np.ndarray  # [B, N]
    duration: np.ndarray  # [B, N]
    frame_count: int
    seed: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    batch, note_count = draw(st.integers(1, 3)), draw(st.integers(0, 6))
    frame_count = draw(st.sampled_from([1, 7, BLOCK_FRAME - 1, BLOCK_FRAME, BLOCK_FRAME + 3]))
    note = st.tuples(st.integers(-20, frame_count + 5), st.integers(0, 40))
    notes = draw(st.lists(note, min_size=batch * note_count, max_size=batch * note_count))
    table = np.array(notes, dtype=np.int64).reshape(batch, note_count, 2)
    return Case(table[..., 0], table[..., 1], frame_count, draw(st.integers(0, 2**32 - 1)))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_agrees_with_a_plain_loop(case: Case) -> None:
    rng = np.random.default_rng(case.seed)
    embedding, weight = rng.normal(size=(*case.onset.shape, WIDTH)), rng.normal(size=WIDTH)
    mixed = mix(
        torch.from_numpy(embedding),
        torch.from_numpy(case.onset),
        torch.from_numpy(case.duration),
        torch.from_numpy(weight),
        case.frame_count,
    )
    expected = mix_by_loop(embedding, case.onset, case.duration, weight, case.frame_count)
    np.testing.assert_allclose(mixed, expected, atol=1e-12)


def mixed_place(onset: int, duration: int, frame_count: int) -> list[float]:
    """Embedding 1, w 1: what comes out is 1 + p where the note sounds."""
    notes = torch.ones(1, 1, 1)
    mixed = mix(notes, torch.tensor([[onset]]), torch.tensor([[duration]]), torch.ones(1), frame_count)
    return [float(value) for value in mixed[0, :, 0]]


def test_position_runs_from_0_at_the_onset_to_1_at_the_last_frame() -> None:
    assert mixed_place(1, 5, 8) == [0.0, 1.0, 1.25, 1.5, 1.75, 2.0, 0.0, 0.0]


def test_position_of_a_carried_over_note_goes_on_from_before_the_border() -> None:
    assert mixed_place(-2, 5, 4) == [1.5, 1.75, 2.0, 0.0]


def test_position_of_a_note_that_outlasts_the_clip_is_that_of_the_whole_note() -> None:
    assert mixed_place(2, 5, 4) == [0.0, 0.0, 1.0, 1.25]


def test_a_note_of_one_frame_is_at_position_0() -> None:
    assert mixed_place(1, 1, 3) == [0.0, 1.0, 0.0]


def test_no_notes_are_silence() -> None:
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert mix(torch.zeros(2, 0, 3), none, none, torch.ones(3), 4).tolist() == torch.zeros(2, 4, 3).tolist()


def test_gradients_reach_notes_and_weight() -> None:
    mixer = PolyphonicMixer(2)
    assert mixer.weight.abs().max() < 0.1
    notes = torch.ones(1, 1, 2, requires_grad=True)
    torch.autograd.backward(mixer(notes, torch.tensor([[0]]), torch.tensor([[3]]), 3).sum())
    assert notes.grad is not None
    # Positions 0, .5, 1: each note value counts 3 + 1.5 w, each w counts 1.5.
    torch.testing.assert_close(notes.grad[0, 0], 3 + 1.5 * mixer.weight.detach())
    torch.testing.assert_close(mixer.weight.grad, torch.tensor([1.5, 1.5]))
