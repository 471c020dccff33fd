import numpy as np
import torch

from dp.data.piece_batches import Stretch, draw_stretches, make_piece_batch, make_piece_inputs
from dp.data.timing_pieces import TimingPiece
from tests.train import tiny


def pieces() -> list[TimingPiece]:
    return list({item.piece.recording_id: item.piece for item in tiny.timing().clips}.values())


def test_a_stretch_holds_its_events_and_their_notes_and_says_what_may_be_learned() -> None:
    one, two = pieces()
    batch = make_piece_batch([Stretch(one, 2, 6), Stretch(two, 0, 2)], hidden=[False, True])
    assert batch.clip_ids == ("one events 2-5", "two events 0-1")
    assert batch.inputs["valid"].tolist() == [[True] * 4, [True, True, False, False]]
    assert batch.inputs["note_event"][0].tolist() == [0, 1, 2, 3]
    assert batch.inputs["performer"].tolist() == [1, 0]
    torch.testing.assert_close(batch.interval_sec[0], torch.tensor([0.55, 0.45, 0.55, 0.45]))
    # The first clip of either recording ends at 2 s: of "one", that is before its event at 2.25 s.
    assert batch.interval_trained.tolist() == [[True, True, False, False], [True, True, False, False]]
    assert batch.note_trained[0].tolist() == [True, True, False, False]


def test_intervals_are_against_the_mean_tempo() -> None:
    one, _ = pieces()
    np.testing.assert_allclose(one.event_sec, 0.2 + 0.5 * (np.arange(8) + 0.1 * (np.arange(8) % 2)), rtol=1e-6)
    np.testing.assert_allclose(one.context.interval_sec, 3.55 / 7, rtol=1e-6)
    np.testing.assert_allclose(one.log_stretch[:2], np.log([0.55 / (3.55 / 7), 0.45 / (3.55 / 7)]), rtol=1e-6)
    np.testing.assert_allclose(one.log_articulation[:2], np.log([0.35 / 0.55, 0.35 / 0.45]), rtol=1e-5)


def test_the_batch_of_a_step_depends_on_seed_and_step_alone() -> None:
    first, again, other = (draw_stretches(pieces(), 4, 5, seed, 7) for seed in (1, 1, 2))
    assert first.clip_ids == again.clip_ids != other.clip_ids
    assert torch.equal(first.window_phase_sec, again.window_phase_sec)
    assert draw_stretches(pieces(), 4, 5, 1, 8).clip_ids != first.clip_ids


def test_stretches_come_from_everywhere_ends_included() -> None:
    ids = {name for step in range(40) for name in draw_stretches(pieces(), 4, 5, 1, step).clip_ids}
    assert {"one events 0-4", "one events 3-7", "two events 0-4", "two events 3-7"} <= ids


def test_a_whole_piece_as_input() -> None:
    one, _ = pieces()
    inputs = make_piece_inputs(one.context, 2)
    assert inputs["numbers"].shape == (1, 8, 20)
    assert inputs["valid"].all() and inputs["performer"].tolist() == [2]
