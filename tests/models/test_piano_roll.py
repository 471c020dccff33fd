import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dp.models.piano_roll import ROLL_COUNT, draw_rolls
from dp.types import PITCH_COUNT

FRAME_COUNT = 12


def rolls_by_loop(pitch: np.ndarray, onset: np.ndarray, duration: np.ndarray, frame_count: int) -> np.ndarray:
    out = np.zeros((len(pitch), frame_count, 256))
    for b in range(len(pitch)):
        for p, first, length in zip(pitch[b], onset[b], duration[b], strict=True):
            for frame in range(frame_count):
                if p < 128 and first <= frame < first + length:
                    out[b, frame, p] = 1
                    position = 1 - (frame - first) / max(length - 1, 1)
                    out[b, frame, 128 + p] = max(out[b, frame, 128 + p], position)
    return out


@st.composite
def batches(draw: st.DrawFn) -> np.ndarray:
    """Few pitches, so that notes of one pitch overlap; carried over both borders, outside, one frame, padding."""
    batch, note_count = draw(st.integers(1, 3)), draw(st.integers(0, 6))
    note = st.tuples(st.sampled_from([0, 60, 127, PITCH_COUNT]), st.integers(-8, FRAME_COUNT + 2), st.integers(0, 20))
    notes = draw(st.lists(note, min_size=batch * note_count, max_size=batch * note_count))
    return np.array(notes, dtype=np.int64).reshape(batch, note_count, 3)


@settings(max_examples=100, deadline=None)
@given(batches())
def test_agrees_with_a_plain_loop(notes: np.ndarray) -> None:
    pitch, onset, duration = torch.from_numpy(notes).unbind(-1)
    drawn = draw_rolls(pitch, onset, duration, FRAME_COUNT)
    assert drawn.dtype == torch.float32
    np.testing.assert_allclose(
        drawn, rolls_by_loop(notes[..., 0], notes[..., 1], notes[..., 2], FRAME_COUNT), atol=1e-6
    )


def drawn_rows(notes: list[tuple[int, int, int]], pitch: int, frame_count: int = 5) -> tuple[list[float], list[float]]:
    """Piano roll and position roll of one pitch."""
    pitches, onset, duration = torch.tensor([notes]).unbind(-1)
    drawn = draw_rolls(pitches, onset, duration, frame_count)[0]
    assert drawn.shape == (frame_count, ROLL_COUNT)
    return drawn[:, pitch].tolist(), drawn[:, PITCH_COUNT + pitch].tolist()


def test_a_chord_and_a_rest() -> None:
    notes = [(60, 0, 3), (64, 1, 1)]
    assert drawn_rows(notes, 60) == ([1, 1, 1, 0, 0], [1, 0.5, 0, 0, 0])
    assert drawn_rows(notes, 64) == ([0, 1, 0, 0, 0], [0, 1, 0, 0, 0])
    assert drawn_rows(notes, 62) == ([0] * 5, [0] * 5)


def test_position_of_a_note_over_a_border_is_that_of_the_whole_note() -> None:
    assert drawn_rows([(60, -2, 5)], 60) == ([1, 1, 1, 0, 0], [0.5, 0.25, 0, 0, 0])
    assert drawn_rows([(60, 3, 5)], 60) == ([0, 0, 0, 1, 1], [0, 0, 0, 1, 0.75])


def test_a_new_attack_shows_while_the_same_pitch_still_sounds() -> None:
    assert drawn_rows([(60, 0, 5), (60, 2, 2)], 60) == ([1] * 5, [1, 0.75, 1, 0.25, 0])


def test_no_notes_are_silence() -> None:
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert draw_rolls(none, none, none, 3).tolist() == torch.zeros(2, 3, ROLL_COUNT).tolist()
