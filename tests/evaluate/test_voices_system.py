"""Voices as a system of the evaluation."""

import numpy as np
import pytest
import soxr

from dp.data.clips import Clip, SoundingNotes, TunedNotes
from dp.evaluate.systems import EvaluationClip, make_voices_system
from dp.models.checkpoint import Checkpoint
from dp.models.voices.model import VoicesDims, VoicesModel
from dp.models.voices.play import VoiceOptions, play_voices
from tests.train.tiny import CLIPS, MEL, PERFORMANCES, SAMPLES


def make_clip(clip: Clip) -> EvaluationClip:
    none = np.zeros(0, np.int64)
    samples = SAMPLES[clip.recording_id][clip.start_frame * MEL.hop_sample : clip.end_frame * MEL.hop_sample]
    log_mel = np.zeros((clip.end_frame - clip.start_frame, MEL.band_count), np.float32)
    return EvaluationClip(clip, SoundingNotes(none, none, none, none, 120.0), log_mel, samples)


@pytest.mark.parametrize("tuning_cent", [0.0, -31.0])
def test_a_clip_is_cut_out_of_the_whole_recording_in_its_tuning(tuning_cent: float) -> None:
    checkpoint = Checkpoint(VoicesModel(VoicesDims(width=16, depth=1)).eval(), MEL, 1)
    notes = PERFORMANCES[0].performed
    system = make_voices_system(checkpoint, {"one": TunedNotes(notes, tuning_cent)})
    options = VoiceOptions(tuning_hz=440.0 * 2 ** (tuning_cent / 1200))
    whole = np.concatenate(list(play_voices(notes, np.zeros(len(notes)), checkpoint, options)))
    whole = soxr.resample(whole, 44100, MEL.sample_rate_hz)
    for clip in CLIPS[:2]:
        assert system.samples_of is not None
        made = system.samples_of(make_clip(clip))
        first = clip.start_frame * MEL.hop_sample
        expected = whole[first : first + len(made)]
        assert np.abs(expected).max() > 1e-4
        assert made == pytest.approx(np.pad(expected, (0, len(made) - len(expected))), abs=1e-6)
