"""Systems to compare: each makes a clip's sound from its notes, its log-mel or its samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import soxr
import torch

from dp.audio.mel import compute_log_mel as log_mel_of_samples
from dp.config import MelConfig
from dp.data.arrays import VocoderClip
from dp.data.batches import make_synthesis_inputs
from dp.data.clips import Clip, Float32Array, SoundingNotes, TunedNotes
from dp.data.segments import BASELINE_INPUTS
from dp.data.stretches import SynthesisClip
from dp.models.baseline import BaselineModel
from dp.models.checkpoint import Checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.texture import draw_texture_noise
from dp.models.vocoders import Vocoder
from dp.models.voices.model import VoicesModel
from dp.models.voices.play import VoiceOptions, play_voices
from dp.presets import CHOICES
from dp.types import FULL_PEAK
from dp.units import A4_PITCH, pitch_to_hz

LEVELS = CHOICES["level"]
AS_STORED = "recording"  # one gain for the whole recording
TEXTURE_SEED = 1


@dataclass(frozen=True)
class EvaluationClip:
    """A clip with the notes, log-mel and samples that systems are compared with."""

    clip: Clip
    sounding: SoundingNotes  # those shortly before and after the clip among them
    log_mel: Float32Array  # [T, M]
    samples: Float32Array  # [T * hop]


@dataclass(frozen=True)
class System:
    """One way to make a clip's sound. Its callables get the clip at the system's own level.

    Without `log_mel_of` its log-mel is that of its waveform; without `samples_of` it has no waveform.
    """

    log_mel_of: Callable[[EvaluationClip], Float32Array] | None = None  # [T, M]
    samples_of: Callable[[EvaluationClip], Float32Array] | None = None  # [T * hop]
    level: str = AS_STORED


def make_evaluation_clips(synthesis: Sequence[SynthesisClip], vocoder: Sequence[VocoderClip]) -> list[EvaluationClip]:
    """Join clips of which both notes and samples are at hand, in the order of `synthesis`."""
    samples = {item.clip.clip_id: item.samples for item in vocoder}
    return [
        EvaluationClip(item.clip, item.sounding, item.log_mel, samples[item.clip.clip_id])
        for item in synthesis
        if item.clip.clip_id in samples
    ]


def bring_to_level(clip: EvaluationClip, level: str, floor: float) -> EvaluationClip:
    """Return a clip as stored (`recording`), or with a peak of FULL_PEAK (`clip`); a silent one stays silent.

    Args:
        clip: as stored.
        level: one of LEVELS.
        floor: of the log-mel's magnitudes; what lay below it before stays there.
    """
    if level not in LEVELS:
        raise ValueError(f"level {level!r}, expected one of {LEVELS}")
    peak = float(np.abs(clip.samples).max(initial=0.0))
    if level == AS_STORED or peak == 0.0:
        return clip
    gain = FULL_PEAK / peak
    lowest = np.float32(np.log(floor))
    audible = clip.log_mel > lowest
    log_mel = np.where(audible, np.maximum(clip.log_mel + np.float32(np.log(gain)), lowest), lowest)
    return replace(clip, log_mel=log_mel.astype(np.float32), samples=(clip.samples * gain).astype(np.float32))


def run_system(system: System, clip: EvaluationClip, mel: MelConfig) -> tuple[Float32Array, Float32Array | None]:
    """Return the log-mel [T, M] that a system makes of a clip at its level, and samples [L] where it has a waveform.

    Raises:
        ValueError: the system makes neither.
    """
    samples = None if system.samples_of is None else system.samples_of(clip)
    if system.log_mel_of is not None:
        return system.log_mel_of(clip), samples
    if samples is None:
        raise ValueError("a system that makes neither a log-mel nor a waveform")
    return log_mel_of_samples(samples, mel), samples


def select_heard_notes(clip: EvaluationClip) -> SoundingNotes:
    """Select the notes that sound within the clip."""
    notes = clip.sounding
    inside = (notes.onset_frame < len(clip.log_mel)) & (notes.onset_frame + notes.duration_frame > 0)
    return replace(
        notes,
        pitch=notes.pitch[inside],
        velocity=notes.velocity[inside],
        onset_frame=notes.onset_frame[inside],
        duration_frame=notes.duration_frame[inside],
    )


def make_recording_system() -> System:
    """Make the system that is the real recording: each distance is zero, and a transcriber hears its notes."""
    return System(lambda clip: clip.log_mel, lambda clip: clip.samples)


def make_mean_spectrum_system() -> System:
    """Make the system that repeats the clip's own mean spectrum in every frame."""
    return System(lambda clip: np.broadcast_to(clip.log_mel.mean(axis=0), clip.log_mel.shape))


def make_copy_synthesis_system(vocoder: Checkpoint[Vocoder], level: str = AS_STORED) -> System:
    """Make the system of the true log-mel through a vocoder, the ceiling of all systems that use it."""
    return System(samples_of=lambda clip: _vocode(vocoder, clip.log_mel), level=level)


def make_synthesis_system(
    synthesis: Checkpoint[SynthesisModel],
    vocoder: Checkpoint[Vocoder] | None,
    level: str = AS_STORED,
    texture: float = 0.0,
) -> System:
    """Make the system of a synthesis model on the true notes, as the clip's performer.

    Args:
        synthesis: what makes the log-mel.
        vocoder: what makes the waveform; None leaves it out.
        level: of the clips that both were trained on.
        texture: factor of the noise that the model says real log-mels have around what it predicts.
    """

    def log_mel_of(clip: EvaluationClip) -> Float32Array:
        performer = synthesis.find_performer_index(clip.clip.performer)
        sounding = clip.sounding if synthesis.model.dims.attention == "local" else select_heard_notes(clip)
        inputs = make_synthesis_inputs([sounding], [performer], [len(clip.log_mel)])
        made, spread = (part[0] for part in synthesis.model.describe(**inputs))
        log_mel: Float32Array = (made + texture * spread * draw_texture_noise(TEXTURE_SEED, 0, *made.shape)).numpy()
        return log_mel

    if vocoder is None:
        return System(log_mel_of, level=level)
    return System(log_mel_of, lambda clip: _vocode(vocoder, log_mel_of(clip)), level)


def make_baseline_system(baseline: Checkpoint[BaselineModel], level: str = AS_STORED) -> System:
    """Make the system of the baseline on the true notes, as the clip's performer."""

    def samples_of(clip: EvaluationClip) -> Float32Array:
        performer = baseline.find_performer_index(clip.clip.performer)
        inputs = make_synthesis_inputs([clip.sounding], [performer], [len(clip.log_mel)])
        samples: Float32Array = baseline.model.play(**{name: inputs[name] for name in BASELINE_INPUTS}).numpy()
        return samples

    return System(samples_of=samples_of, level=level)


def make_voices_system(checkpoint: Checkpoint[VoicesModel], recordings: Mapping[str, TunedNotes]) -> System:
    """Make the system of voices, which play a clip's whole recording, tuned as it is; the clip is cut out of it.

    Args:
        checkpoint: what plays.
        recordings: the notes of every recording, by its id.
    """

    @lru_cache(maxsize=1)
    def play(recording_id: str, performer: str, rate_hz: int) -> Float32Array:
        notes, tuning_cent = recordings[recording_id].performed, recordings[recording_id].tuning_cent
        known = ((performer, 1.0),) if performer in checkpoint.performer_names else ()
        options = VoiceOptions(known, tuning_hz=float(pitch_to_hz(A4_PITCH, tuning_cent / 100.0)))
        samples = np.concatenate(list(play_voices(notes, np.zeros(len(notes)), checkpoint, options)))
        return np.asarray(soxr.resample(samples, checkpoint.model.dims.sample_rate_hz, rate_hz), np.float32)

    def samples_of(clip: EvaluationClip) -> Float32Array:
        frames = clip.clip.end_frame - clip.clip.start_frame
        hop = len(clip.samples) // frames
        first = clip.clip.start_frame * hop
        made = play(clip.clip.recording_id, clip.clip.performer, checkpoint.mel.sample_rate_hz)
        cut = made[first : first + len(clip.samples)]
        return np.pad(cut, (0, len(clip.samples) - len(cut)))

    return System(samples_of=samples_of)


def _vocode(vocoder: Checkpoint[Vocoder], log_mel: Float32Array) -> Float32Array:
    """Return the samples [L] of a log-mel [T, M]."""
    samples: Float32Array = vocoder.model.vocode(torch.from_numpy(log_mel)).numpy()
    return samples
