from collections.abc import Sequence

import numpy as np
import torch

from dp.config import MelConfig
from dp.data.arrays import Arrays
from dp.data.clips import Clip, SoundingNotes
from dp.data.loader import draw_indices, make_crop_sampler, make_synthesis_batch, make_synthesis_sampler
from dp.data.stretches import Stretch, SynthesisClip, find_training_runs, make_stretch, transpose_stretch
from dp.data.tempo_map import TempoMap
from dp.types import PerformedNotes


def synthesis_clip(name: str, note_count: int, frame_count: int) -> SynthesisClip:
    row = np.arange(note_count)
    sounding = SoundingNotes(60 + row, 0 * row, 10 * row, 0 * row + 5, 90.0)
    return SynthesisClip(
        Clip(name, "r", "violin", "ann", 0, frame_count), 3, sounding, np.ones((frame_count, 2), np.float32)
    )


def test_every_clip_comes_once_a_pass_in_new_orders() -> None:
    draws = [draw_indices(step, 6, 3, seed=0) for step in (1, 2, 3, 4)]
    assert sorted(draws[0] + draws[1]) == sorted(draws[2] + draws[3]) == [0, 1, 2, 3, 4, 5]
    assert draws[0] + draws[1] != draws[2] + draws[3]
    assert draw_indices(3, 6, 3, seed=0) == draws[2]
    assert [draw_indices(step, 6, 3, seed=1) for step in (1, 2)] != draws[:2]


def test_fewer_clips_than_a_batch_holds_repeat() -> None:
    assert draw_indices(1, 1, 3, seed=0) == [0, 0, 0]


def test_padding_of_a_batch() -> None:
    batch = make_synthesis_batch([synthesis_clip("a", 2, 4), synthesis_clip("b", 0, 5)])
    assert batch.clip_ids == ("a", "b")
    assert batch.inputs["pitch"].tolist() == [[60, 61], [128, 128]]
    assert batch.inputs["duration_frame"].tolist() == [[5, 5], [0, 0]]
    assert batch.inputs["valid"].tolist() == [[True, True], [False, False]]
    assert batch.frame_valid.tolist() == [[True] * 4 + [False], [True] * 5]
    assert batch.log_mel[:, 4].tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert batch.inputs["performer"].tolist() == [3, 3]


def test_clips_without_notes_make_no_empty_tensor() -> None:
    assert make_synthesis_batch([synthesis_clip("a", 0, 4)]).inputs["pitch"].tolist() == [[128]]


def test_the_performer_is_hidden_now_and_then() -> None:
    batch_at = make_synthesis_sampler([synthesis_clip("a", 1, 4)], 100, seed=0)
    hidden = [(batch_at(step).inputs["performer"] == 0).float().mean() for step in range(1, 11)]
    assert 0.06 < float(torch.stack(hidden).mean()) < 0.14


RATE_HZ = 62.5


def recording(*, held_out: Sequence[int] = ()) -> list[Stretch]:
    """Five clips of 100 frames whose log-mel counts the frames; a note at every second, at 120 quarters per minute."""
    none = np.zeros(0, dtype=np.int64)
    clips = [
        SynthesisClip(
            Clip(f"r/{i}", "r", "violin", "ann", 100 * i, 100 * i + 100, valid_by_clip=i in held_out),
            1,
            SoundingNotes(none, none, none, none, 120.0),
            np.repeat(np.arange(100 * i, 100 * i + 100, dtype=np.float32)[:, None], 2, axis=1),
        )
        for i in range(5)
    ]
    onset_sec = np.arange(8.0)
    pitch = 60 + np.arange(8)
    performed = PerformedNotes(pitch, 0 * pitch, onset_sec, onset_sec + 0.9, np.ones(8))
    tempo_map = TempoMap(np.array([0.0, 8.0]), np.array([0.0, 16.0]), (120.0, 120.0))
    runs = find_training_runs(clips)
    return [make_stretch(run, performed, tempo_map, RATE_HZ, margin_frame=0) for run in runs]


def test_stretches_end_where_a_clip_is_held_out() -> None:
    assert [(s.start_frame, len(s.log_mel)) for s in recording(held_out=[2])] == [(0, 200), (300, 200)]
    assert [(s.start_frame, len(s.log_mel)) for s in recording(held_out=[0])] == [(100, 400)]


def test_a_cut_has_the_notes_and_the_frames_of_its_place() -> None:
    clip = recording(held_out=[0])[0].cut(30, 120)
    assert clip.log_mel[:, 0].tolist() == list(range(130, 250))
    assert (clip.clip.start_frame, clip.clip.end_frame) == (130, 250)
    # Frame 130 is at 2.08 s: the note of 2 s has begun, at frame 125, and those of 3 s and 4 s (188 and 250) follow.
    assert clip.sounding.pitch.tolist() == [62, 63]
    assert clip.sounding.onset_frame.tolist() == [-5, 58]
    assert clip.sounding.tempo_qpm == 120.0


def test_crops_come_from_everywhere_and_from_nowhere_else() -> None:
    batch_at = make_crop_sampler(recording(held_out=[2]), 150, 50, seed=0)
    starts = torch.cat([batch_at(step).log_mel[:, 0, 0] for step in range(1, 21)])
    ends = torch.cat([batch_at(step).log_mel[:, -1, 0] for step in range(1, 21)])
    assert torch.equal(ends - starts, torch.full_like(starts, 149.0))
    assert set(starts.tolist()) == {float(i) for i in [*range(51), *range(300, 351)]}
    assert torch.equal(batch_at(7).log_mel, batch_at(7).log_mel)
    assert not torch.equal(batch_at(7).log_mel, batch_at(8).log_mel)


def test_a_transposed_stretch_is_faster_as_it_is_higher() -> None:
    octave = transpose_stretch(recording(held_out=[0])[0], np.arange(250, dtype=np.float32)[:, None] * 2, 12)
    assert (octave.start_frame, octave.log_mel[:, 0].tolist()) == (50, list(range(100, 500, 2)))
    clip = octave.cut(15, 60)
    assert clip.sounding.pitch.tolist() == [74, 75]
    # At twice the speed the notes of 2 s and 3 s begin at frames 62.5 and 93.75; the clip at frame 65.
    assert clip.sounding.onset_frame.tolist() == [-3, 29]
    assert clip.sounding.tempo_qpm == 240.0


def test_arrays_know_their_splits() -> None:
    clips = tuple(synthesis_clip(name, 1, 4) for name in "ab")
    assert len(Arrays(clips, MelConfig()).select_training()) == 2
