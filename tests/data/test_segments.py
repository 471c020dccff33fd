import numpy as np
import pytest
import torch

from dp.data.arrays import BaselineClip, VocoderClip
from dp.data.clips import Clip, SoundingNotes
from dp.data.segments import Segmenter, select_long_enough
from dp.errors import DataError
from dp.models.piano_roll import draw_rolls

FRAMES = np.arange(20, dtype=np.float32)
VOCODER_CLIP = VocoderClip(Clip("a", "r", "violin", "ann", 0, 20), FRAMES[:, None], np.repeat(FRAMES, 4))
NOTES = SoundingNotes(np.array([60, 62, 64]), np.zeros(3, int), np.array([-2, 5, 9]), np.array([6, 4, 8]), 90.0)
BASELINE_CLIP = BaselineClip(Clip("a", "r", "violin", "ann", 0, 20), 3, NOTES, np.repeat(FRAMES, 4))


def test_segments_of_mel_and_samples_belong_together_and_come_from_everywhere() -> None:
    segmenter = Segmenter(3, 6, 4, seed=1)
    starts = set()
    for step in range(1, 41):
        batch = segmenter.draw_vocoder_batch([VOCODER_CLIP], step)
        log_mel = batch.inputs["log_mel"]
        assert batch.clip_ids == ("a", "a", "a")
        assert log_mel.shape == (3, 6, 1) and batch.samples.shape == (3, 24)
        assert torch.equal(batch.samples[:, ::4], log_mel[..., 0])
        assert torch.equal(batch.samples[:, 3::4], log_mel[..., 0])
        starts |= set(log_mel[:, 0, 0].tolist())
    assert starts == set(range(15))


def test_a_segments_notes_are_the_clips_moved() -> None:
    """The rolls of a segment are the same stretch of the clip's rolls, with notes over both borders."""
    pitch, onset, duration = (
        torch.from_numpy(part)[None] for part in (NOTES.pitch, NOTES.onset_frame, NOTES.duration_frame)
    )
    whole = draw_rolls(pitch, onset, duration, 20)[0]
    segmenter = Segmenter(4, 6, 4, seed=1)
    for step in range(1, 11):
        batch = segmenter.draw_baseline_batch([BASELINE_CLIP], step)
        pitch, onset, duration = (batch.inputs[name] for name in ("pitch", "onset_frame", "duration_frame"))
        drawn = draw_rolls(pitch, onset, duration, batch.inputs["frame_valid"].shape[1])
        for row, samples in zip(drawn, batch.samples, strict=True):
            start = int(samples[0])
            torch.testing.assert_close(row, whole[start : start + 6])


def test_the_performer_is_hidden_now_and_then() -> None:
    segmenter = Segmenter(50, 6, 4, seed=1)
    performers = torch.cat(
        [segmenter.draw_baseline_batch([BASELINE_CLIP], step).inputs["performer"] for step in range(20)]
    )
    assert set(performers.tolist()) == {0, 3}
    assert 0.06 < float((performers == 0).float().mean()) < 0.14


def test_a_step_alone_says_what_it_gets() -> None:
    clips = [VOCODER_CLIP] * 5
    one, again = (Segmenter(3, 6, 4, seed=1) for _ in range(2))
    one.draw_vocoder_batch(clips, 7)
    batches = [drawn.draw_vocoder_batch(clips, 8).samples for drawn in (one, again)]
    assert torch.equal(*batches)
    assert not torch.equal(batches[0], one.draw_vocoder_batch(clips, 9).samples)
    assert not torch.equal(batches[0], Segmenter(3, 6, 4, seed=2).draw_vocoder_batch(clips, 8).samples)


def test_clips_shorter_than_a_segment_are_left_out() -> None:
    assert select_long_enough([VOCODER_CLIP], 20, 4, "segment_frame") == [VOCODER_CLIP]
    with pytest.raises(DataError, match="segment_frame: is 21, longer than every clip"):
        select_long_enough([VOCODER_CLIP], 21, 4, "segment_frame")
