"""Two tiny recordings of a made-up scale, and models small enough to train in a test."""

import numpy as np

from dp.audio.level import scale_to_full_level
from dp.audio.mel import compute_log_mel, make_mel_filterbank
from dp.config import MelConfig
from dp.data.arrays import (
    Arrays,
    TimingClip,
    VocoderClip,
    build_synthesis_arrays,
    build_timing_arrays,
    build_vocoder_arrays,
)
from dp.data.clips import Clip, Float32Array
from dp.data.stretches import SynthesisClip
from dp.data.timing_pieces import Performance
from dp.models.timing import TimingDims
from dp.models.vocos import VocosDims
from dp.presets import SynthesisConfig, SynthesisDims, TimingConfig, VocoderConfig
from dp.types import PerformedNotes, ScoreNotes, Source
from tests.factories import notes_of

MEL = MelConfig(band_count=20)
FILTERBANK = make_mel_filterbank(MEL)
TIMING_DIMS = TimingDims(width=16, encoder_layer_count=1, feed_forward_width=16, dropout=0.1)
SYNTHESIS_DIMS = SynthesisDims(
    width=16, encoder_layer_count=1, decoder_layer_count=1, feed_forward_width=16, kernel=1, dropout=0.1
)
VOCOS_DIMS = VocosDims(width=16, inner_width=16, layer_count=2)
TIMING = TimingConfig(step_count=60, batch_size=2, learning_rate=1.0, warmup_step=20, valid_every_step=30, seed=3)
SYNTHESIS = SynthesisConfig(
    step_count=60, batch_size=2, learning_rate=0.5, warmup_step=20, valid_every_step=30, seed=3, dims=SYNTHESIS_DIMS
)
VOCODER = VocoderConfig(
    step_count=60,
    batch_size=2,
    learning_rate=2e-3,
    segment_frame=16,
    adversarial_from_step=61,
    valid_every_step=30,
    seed=3,
)


def scale(note_count: int) -> ScoreNotes:
    """Quarters of a rising scale."""
    return notes_of([(float(row), 1.0, 60 + row % 12) for row in range(note_count)])


def performance(recording_id: str, note_count: int, stretch: float) -> Performance:
    """The scale at about 120 quarters per minute, every other note late by `stretch` quarters, played detached."""
    notes = scale(note_count)
    onset_sec = 0.2 + 0.5 * (notes.onset_quarter + stretch * (np.arange(note_count) % 2))
    performed = PerformedNotes(notes.pitch, notes.velocity, onset_sec, onset_sec + 0.35, np.ones(note_count))
    return Performance(recording_id, notes, performed)


def samples_of(item: Performance) -> Float32Array:
    """Sines under a falling envelope."""
    time = np.arange(int((item.performed.offset_sec[-1] + 0.5) * MEL.sample_rate_hz)) / MEL.sample_rate_hz
    samples = 1e-3 * np.random.default_rng(0).normal(size=len(time))
    for pitch, onset in zip(item.performed.pitch, item.performed.onset_sec, strict=True):
        since = time - onset
        tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * since)
        samples += np.where(since > 0, 0.3 * np.exp(-6 * np.maximum(since, 0)) * tone, 0.0)
    return scale_to_full_level(samples.astype(np.float32))


PERFORMANCES = (performance("one", 8, 0.1), performance("two", 8, 0.3))
SAMPLES = {item.recording_id: samples_of(item) for item in PERFORMANCES}
CLIPS = (
    Clip("one/0", "one", "violin", "ann", 0, 125, licence="PD"),
    Clip("one/1", "one", "violin", "ann", 125, 250, valid_by_clip=True, licence="PD"),
    Clip("two/0", "two", "violin", "bo", 0, 125, licence="CC BY"),
    Clip("two/1", "two", "violin", "bo", 125, 250, valid_by_recording=True, licence="CC BY"),
)
TRAINED_ON = (Source("one", "ann", "PD"), Source("two", "bo", "CC BY"))
MELS = {
    clip.clip_id: compute_log_mel(SAMPLES[clip.recording_id], MEL)[clip.start_frame : clip.end_frame] for clip in CLIPS
}


def timing() -> Arrays[TimingClip]:
    return build_timing_arrays(PERFORMANCES, CLIPS, MEL, "tiny")


def synthesis() -> Arrays[SynthesisClip]:
    return build_synthesis_arrays(PERFORMANCES, CLIPS, MELS, MEL, "tiny")


def vocoder() -> Arrays[VocoderClip]:
    return build_vocoder_arrays(CLIPS, MELS, SAMPLES, MEL, "tiny")


class Log:
    """Keeps what a training tells."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, float]]] = []

    def __call__(self, metrics: dict[str, float], step: int) -> None:
        self.rows.append((step, metrics))

    def told(self) -> list[tuple[int, dict[str, float]]]:
        """All but how fast it went."""
        speed = ("steps_per_sec", "loader_share")
        return [(step, {key: v for key, v in metrics.items() if key not in speed}) for step, metrics in self.rows]

    def values(self, name: str) -> list[float]:
        return [metrics[name] for _, metrics in self.rows if name in metrics]
