"""The tiny recordings for voices, with pitch curves that stand still."""

import numpy as np

from dp.data.arrays import Arrays
from dp.data.voices import VoiceClip, VoiceRecording
from dp.presets import VoicesConfig
from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve
from tests.train.tiny import CLIPS, MEL, PERFORMANCES, SAMPLES

VOICES = VoicesConfig(
    sample_rate_hz=16000,
    step_count=24,
    batch_size=2,
    segment_sec=0.8,
    lead_sec=0.2,
    valid_every_step=8,
    seed=3,
    transpositions=(1,),
)


def make_recordings(cent: float = 0.0) -> dict[str, VoiceRecording]:
    made = {}
    for item in PERFORMANCES:
        curves = tuple(
            PitchCurve(int(onset * PITCH_FRAME_RATE_HZ), np.full(44, cent, np.float32), np.ones(44, np.float32))
            for onset in item.performed.onset_sec
        )
        performer = {"one": "ann", "two": "bo"}[item.recording_id]
        made[item.recording_id] = VoiceRecording(
            item.recording_id, performer, SAMPLES[item.recording_id], item.performed, curves, 0.0
        )
    return made


def arrays() -> Arrays[VoiceClip]:
    recordings = make_recordings()
    return Arrays(tuple(VoiceClip(clip, recordings[clip.recording_id]) for clip in CLIPS), MEL, ("ann", "bo"), "tiny")
