import numpy as np
import pytest

from dp.config import MelConfig
from dp.data.arrays import build_synthesis_arrays, build_timing_arrays, build_vocoder_arrays
from dp.data.clips import Clip
from dp.data.timing_pieces import Performance
from dp.errors import DataError
from dp.types import PerformedNotes, ScoreNotes, Source
from tests.factories import notes_of

MEL = MelConfig(band_count=2)
CLIPS = (
    Clip("r/0", "r", "violin", "ann", 0, 312),
    Clip("r/1", "r", "violin", "bo", 312, 625, valid_by_clip=True),
    Clip("r/2", "r", "violin", "ann", 625, 938),
)


def performance() -> Performance:
    """Quarters at 60 qpm from 0.5 s; the second is held over the first border (at 4.992 s) up to 7 s."""
    notes = notes_of([(0.0, 1.0, 60), (4.0, 2.5, 64), (7.5, 1.0, 67)])
    onset_sec, offset_sec = np.array([0.5, 4.5, 8.0]), np.array([1.5, 7.0, 9.0])
    return Performance("r", notes, PerformedNotes(notes.pitch, notes.velocity, onset_sec, offset_sec, np.ones(3)))


def test_only_what_is_trained_on_is_a_source() -> None:
    clips = (
        Clip("s/0", "s", "violin", "cy", 0, 312, licence="PD"),
        *CLIPS[:2],
        Clip("t/0", "t", "violin", "dee", 0, 312, valid_by_recording=True, licence="CC BY-NC"),
    )
    mels = {clip.clip_id: np.zeros((clip.end_frame - clip.start_frame, 2), np.float32) for clip in clips}
    samples = {name: np.zeros(625 * MEL.hop_sample, np.float32) for name in "rst"}
    arrays = build_vocoder_arrays(clips, mels, samples, MEL)
    assert arrays.trained_on == (Source("r", "ann", "unknown"), Source("s", "cy", "PD"))


def test_synthesis_clips_keep_the_true_place_of_a_carried_over_note() -> None:
    mels = {clip.clip_id: np.full((clip.end_frame - clip.start_frame, 2), 3.0, np.float32) for clip in CLIPS}
    arrays = build_synthesis_arrays([performance()], CLIPS, mels, MEL)
    first, second, third = (item.sounding for item in arrays.clips)
    assert first.pitch.tolist() == [60, 64]
    assert first.onset_frame.tolist() == [31, 281]  # 0.5 s and 4.5 s at 62.5 frames per second
    assert first.duration_frame.tolist() == [63, 157]
    assert second.pitch.tolist() == [64, 67]
    assert second.onset_frame.tolist() == [-31, 188]
    assert second.duration_frame.tolist() == [157, 62]
    assert third.pitch.tolist() == []
    assert second.tempo_qpm == pytest.approx(60.0)
    assert arrays.clips[0].log_mel.dtype == np.float32


def test_timing_clips_hold_score_and_performance() -> None:
    arrays = build_timing_arrays([performance()], CLIPS, MEL)
    assert [item.clip.clip_id for item in arrays.clips] == ["r/0", "r/1"]  # nothing sounds in the third
    second = arrays.clips[1]
    assert second.written.note_id.tolist() == [1, 2]
    # The clip starts at 4.992 s, so at quarter 4.492: 11.8 ticks after the onset of the note carried over.
    assert second.written.onset_tick.tolist() == [-12, 72]
    assert second.written.duration_tick.tolist() == [60, 24]
    assert second.written.tempo_qpm == pytest.approx(60.0)
    np.testing.assert_allclose(second.written.nominal_onset_frame, [-30.75, 188.0], atol=1e-3)
    np.testing.assert_allclose(second.onset_frame, [-30.75, 188.0], atol=1e-3)
    np.testing.assert_allclose(second.written.nominal_duration_frame, [156.25, 62.5], atol=1e-3)
    np.testing.assert_allclose(second.duration_frame, [156.25, 62.5], atol=1e-3)


def test_nominal_times_are_those_of_the_performances_mean_tempo_right_where_the_clip_starts() -> None:
    slow_then_fast = performance()
    slow_then_fast.performed.onset_sec[1] = 2.5  # quarters 0 to 4 in 2 s, 4 to 7.5 in 5.5 s
    first, second = (item.written for item in build_timing_arrays([slow_then_fast], CLIPS[:2], MEL).clips)
    assert [first.tempo_qpm, second.tempo_qpm] == pytest.approx([60.0, 60.0])
    # At 0 s the score is .5 quarters before its start (at 4.992 s 4 + 2.492 * 3.5 / 5.5 quarters), a second each.
    np.testing.assert_allclose(first.nominal_onset_frame, [31.25, 281.25], rtol=1e-5)
    np.testing.assert_allclose(second.nominal_onset_frame[-1], 62.5 * (3.5 - 2.492 * 3.5 / 5.5), rtol=1e-5)


def test_clips_of_one_performance_share_the_piece_they_are_cut_from() -> None:
    clips = build_timing_arrays([performance()], CLIPS, MEL).clips
    assert clips[0].piece is clips[1].piece
    piece = clips[0].piece
    assert (piece.recording_id, piece.performer_index, piece.movement) == ("r", 1, "r")
    assert piece.event_sec.tolist() == [0.5, 4.5, 8.0]
    assert piece.interval_trained.tolist() == [True, True, False]  # the last event has no interval
    np.testing.assert_allclose(np.exp(piece.log_articulation), [0.25 * 4, 2.5 / 2.5, 1.0], atol=1e-6)


def test_a_grace_note_comes_just_before_its_note() -> None:
    plain = performance()
    plain.notes.duration_quarter[0] = 0.0
    plain.notes.onset_quarter[0] = 4.0
    plain.performed.onset_sec[0], plain.performed.offset_sec[0] = 4.4, 4.5
    written = build_timing_arrays([plain], CLIPS[:1], MEL).clips[0].written
    assert written.duration_tick.tolist() == [0, 60]
    assert written.nominal_onset_frame[0] == pytest.approx(written.nominal_onset_frame[1] - 5.0)
    assert written.nominal_duration_frame[0] == pytest.approx(5.0)


def test_performers_are_those_of_the_training_clips() -> None:
    arrays = build_timing_arrays([performance()], CLIPS, MEL)
    assert arrays.performer_names == ("ann",)
    assert [item.performer_index for item in arrays.clips] == [1, 0]
    assert [item.clip.clip_id for item in arrays.select_training()] == ["r/0"]
    assert [item.clip.clip_id for item in arrays.select_held_out("clip")] == ["r/1"]
    assert arrays.select_held_out("recording") == []


def test_nothing_to_train_on() -> None:
    with pytest.raises(DataError, match="1 clips, none of them left for training"):
        build_timing_arrays([performance()], CLIPS[1:2], MEL).select_training()


def test_vocoder_clips_are_cut_where_their_mels_are() -> None:
    mels = {clip.clip_id: np.zeros((clip.end_frame - clip.start_frame, 2), np.float32) for clip in CLIPS}
    samples = np.arange(938 * 256, dtype=np.float32)
    arrays = build_vocoder_arrays(CLIPS, mels, {"r": samples}, MEL)
    assert [(int(item.samples[0]), len(item.samples)) for item in arrays.clips] == [
        (0, 312 * 256),
        (312 * 256, 313 * 256),
        (625 * 256, 313 * 256),
    ]
    with pytest.raises(DataError, match=r"r/2: ends at sample 240128, its recording at 240127"):
        build_vocoder_arrays(CLIPS, mels, {"r": samples[:-1]}, MEL)


def test_missing_and_misshapen_mels_are_named() -> None:
    mels = {"r/0": np.zeros((311, 2), np.float32)}
    with pytest.raises(DataError, match=r"r/0: its log-mel is of shape \(311, 2\), expected \(312, 2\)"):
        build_synthesis_arrays([performance()], CLIPS[:1], mels, MEL)
    with pytest.raises(DataError, match="r/1: its log-mel is missing"):
        build_synthesis_arrays([performance()], CLIPS[1:2], mels, MEL)


def test_a_performance_must_have_every_note_of_its_score() -> None:
    whole = performance()
    notes = ScoreNotes(*(getattr(whole.notes, name)[:2] for name in whole.notes.__dataclass_fields__))
    with pytest.raises(DataError, match="r: has 3 performed notes for a score of 2"):
        Performance("r", notes, whole.performed)
