"""Figures of what systems make of a recording's notes: by clips of five seconds, and by notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import soxr

from dp.audio.embedding import embed_sound
from dp.audio.harmonic_sums import PITCH_SAMPLE_RATE_HZ
from dp.audio.mel import compute_log_mel
from dp.audio.pitch_curves import track_pitch
from dp.config import MelConfig
from dp.data.clips import Clip, Float32Array, select_sounding_notes
from dp.data.voices import VoiceRecording
from dp.evaluate.sound_metrics import METRICS, MadeSound, Transcribe
from dp.evaluate.systems import EvaluationClip
from dp.metrics import (
    ATTACK_BANDS_HZ,
    Vibrato,
    correlate_levels,
    find_holes,
    measure_click_excess_db,
    measure_note_levels_db,
    measure_rises,
    measure_vibrato,
)
from dp.units import CLIP_SEC, find_clip_border_frame, sec_to_sample

RECORDING = "recording"
BASE_METRICS = ("log_mel_mse_gain_free", "difference_variance_ratio", "stft_distance", "note_f1_50ms", "note_f1_100ms")

Figures = dict[str, float]  # by name; NaN where a clip has none


@dataclass
class Measured:
    """What is known of one system; lists go clip by clip, the same clips for every system."""

    clips: list[Figures] = field(default_factory=list)
    vectors: list[Float32Array] = field(default_factory=list)  # [n, D] embeddings
    vibrato: dict[str, list[Vibrato | None]] = field(default_factory=dict)  # by performer, note by note
    cpu_sec: float = 0.0
    audio_sec: float = 0.0


def measure_recording(
    recording: VoiceRecording,
    sounds: Mapping[str, Float32Array],
    sample_rate_hz: int,
    mel: MelConfig,
    transcribe: Transcribe | None,
    found: dict[str, Measured],
) -> None:
    """Add the figures of a recording to `found`.

    Args:
        recording: at `sample_rate_hz`.
        sounds: [L] by system, RECORDING among them.
        sample_rate_hz: at which attacks, levels, holes and clicks are measured.
        mel: at whose rate log-mels and spectra are compared.
        transcribe: None leaves notes and embeddings out.
        found: by system.
    """
    low = {name: soxr.resample(sound, sample_rate_hz, mel.sample_rate_hz) for name, sound in sounds.items()}
    mels = {name: compute_log_mel(sound, mel) for name, sound in low.items()}
    notes = {name: _measure_notes(recording, sound, sample_rate_hz) for name, sound in sounds.items()}
    for index in range(int(len(recording.samples) / sample_rate_hz / CLIP_SEC)):
        first, end = (find_clip_border_frame(index + more, mel.frame_rate_hz) for more in (0, 1))
        true = _make_clip(recording, low[RECORDING], mels[RECORDING], first, end, mel)
        for name, sound in sounds.items():
            system = found.setdefault(name, Measured())
            part = low[name][first * mel.hop_sample : end * mel.hop_sample]
            heard = transcribe(part, mel.sample_rate_hz) if transcribe is not None else None
            made = MadeSound(true, mel, mels[name][first:end], part, heard)
            figures = {metric: METRICS[metric](made) for metric in BASE_METRICS}
            figures |= _measure_clip(recording, sound, index, sample_rate_hz) | _average_notes(notes[name], index)
            system.clips.append(figures)
            if transcribe is not None:
                system.vectors.append(embed_sound(part, mel.sample_rate_hz))


def measure_vibratos(
    recording: VoiceRecording, sounds: Mapping[str, Float32Array], sample_rate_hz: int, found: dict[str, Measured]
) -> None:
    """Add the vibrato of every note of a recording to `found`, as tracked in what each system plays."""
    notes = recording.performed
    for name, sound in sounds.items():
        low = soxr.resample(sound, sample_rate_hz, PITCH_SAMPLE_RATE_HZ)
        curves = track_pitch(low, notes.pitch, notes.onset_sec, notes.offset_sec, recording.tuning_cent)
        measured = found.setdefault(name, Measured()).vibrato.setdefault(recording.performer, [])
        measured += [measure_vibrato(curve) for curve in curves]


def _make_clip(
    recording: VoiceRecording, samples: Float32Array, log_mel: Float32Array, first: int, end: int, mel: MelConfig
) -> EvaluationClip:
    """Make the clip of frames `first` to `end`, for the metrics that `dp evaluate` has."""
    sounding = select_sounding_notes(recording.performed, first, end, 120.0, mel.frame_rate_hz)
    clip = Clip(recording.recording_id, recording.recording_id, "", recording.performer, first, end)
    return EvaluationClip(clip, sounding, log_mel[first:end], samples[first * mel.hop_sample : end * mel.hop_sample])


def _measure_notes(
    recording: VoiceRecording, sound: Float32Array, sample_rate_hz: int
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure figures [N, 2] of notes: onset and value, sorted by onset."""
    notes = recording.performed
    order = np.argsort(notes.onset_sec, kind="stable")
    pitch, onset_sec, offset_sec = notes.pitch[order], notes.onset_sec[order], notes.offset_sec[order]
    level_db = measure_note_levels_db(sound, sample_rate_hz, pitch, onset_sec, offset_sec, recording.tuning_cent)
    holes = find_holes(level_db, onset_sec)
    inside = (onset_sec > 1.0) & (onset_sec < len(sound) / sample_rate_hz - 1.0)  # its surroundings are at hand
    clicks_db = measure_click_excess_db(sound, sample_rate_hz, onset_sec[inside])
    return {
        "holes": np.stack([onset_sec[np.isfinite(level_db)], holes], axis=1),
        "clicks_db": np.stack([onset_sec[inside], clicks_db], axis=1),
    }


def _average_notes(notes: Mapping[str, npt.NDArray[np.float64]], index: int) -> Figures:
    """Average the values of the notes that begin in a clip."""
    figures = {}
    for name, rows in notes.items():
        values = rows[(rows[:, 0] >= index * CLIP_SEC) & (rows[:, 0] < (index + 1) * CLIP_SEC), 1]
        figures[name] = float(values.mean()) if len(values) else float("nan")
    return figures


def _measure_clip(recording: VoiceRecording, sound: Float32Array, index: int, sample_rate_hz: int) -> Figures:
    """Measure attacks and levels in a clip."""
    begin, end = (sec_to_sample((index + more) * CLIP_SEC, sample_rate_hz) for more in (0, 1))
    onset_sec = recording.performed.onset_sec - index * CLIP_SEC
    onset_sec = onset_sec[(onset_sec >= 0.0) & (onset_sec < CLIP_SEC)]
    figures = {}
    for band, limits_hz in ATTACK_BANDS_HZ.items():
        rises = measure_rises(sound[begin:end], sample_rate_hz, onset_sec, limits_hz)
        figures[f"attack_{band}"] = float(rises.mean()) if len(rises) else float("nan")
    levels = correlate_levels(sound[begin:end], recording.samples[begin:end], sample_rate_hz, onset_sec)
    return figures | {
        "level": levels.overall,
        "level_within": levels.within,
        "level_between": levels.between,
    }
