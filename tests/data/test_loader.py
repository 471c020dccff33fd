import itertools

import numpy as np
import torch

from dp.config import MelConfig
from dp.data.arrays import Arrays, SynthesisClip
from dp.data.clips import Clip, SoundingNotes
from dp.data.loader import shuffled, synthesis_batch, synthesis_batches


def synthesis_clip(name, note_count, frame_count):
    row = np.arange(note_count)
    sounding = SoundingNotes(60 + row, 0 * row, 10 * row, 0 * row + 5, 90.0)
    return SynthesisClip(
        Clip(name, "r", "violin", "ann", 0, frame_count), 3, sounding, np.ones((frame_count, 2), np.float32)
    )


def test_every_clip_comes_once_a_pass_in_new_orders():
    draws = list(itertools.islice(shuffled(6, 3, np.random.default_rng(0)), 4))
    assert sorted(draws[0] + draws[1]) == sorted(draws[2] + draws[3]) == [0, 1, 2, 3, 4, 5]
    assert draws[0] + draws[1] != draws[2] + draws[3]
    assert list(itertools.islice(shuffled(6, 3, np.random.default_rng(0)), 4)) == draws


def test_fewer_clips_than_a_batch_holds_repeat():
    assert next(shuffled(1, 3, np.random.default_rng(0))) == [0, 0, 0]


def test_padding_of_a_batch():
    batch = synthesis_batch([synthesis_clip("a", 2, 4), synthesis_clip("b", 0, 5)])
    assert batch.clip_ids == ("a", "b")
    assert batch.inputs["pitch"].tolist() == [[60, 61], [128, 128]]
    assert batch.inputs["duration_frame"].tolist() == [[5, 5], [0, 0]]
    assert batch.inputs["valid"].tolist() == [[True, True], [False, False]]
    assert batch.frame_valid.tolist() == [[True] * 4 + [False], [True] * 5]
    assert batch.log_mel[:, 4].tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert batch.inputs["performer"].tolist() == [3, 3]


def test_clips_without_notes_make_no_empty_tensor():
    assert synthesis_batch([synthesis_clip("a", 0, 4)]).inputs["pitch"].tolist() == [[128]]


def test_the_performer_is_hidden_now_and_then():
    batches = synthesis_batches([synthesis_clip("a", 1, 4)], 100, seed=0)
    hidden = [(batch.inputs["performer"] == 0).float().mean() for batch in itertools.islice(batches, 10)]
    assert 0.06 < float(torch.stack(hidden).mean()) < 0.14


def test_arrays_know_their_splits():
    clips = tuple(synthesis_clip(name, 1, 4) for name in "ab")
    assert len(Arrays(clips, MelConfig()).training()) == 2
