"""Recordings become pieces that voices can learn: notes when they are heard, with the pitch that was tracked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import soxr

from dp.data.clips import Float32Array
from dp.data.voices import VoiceRecording
from dp.models.voices.inputs import VoiceNotes
from dp.models.voices.notes import choose_points, compute_stiffness, make_note_features
from dp.models.voices.pitch import DEPTH, DURATION, GLIDE, OFFSET, PERFORMER, PITCH, RATE, STYLE_COUNT, fit_style
from dp.train.voice_onsets import find_lags
from dp.types import PITCH_COUNT, PITCH_FRAME_RATE_HZ, PerformedNotes, PitchCurve
from dp.units import FloatArray, pitch_to_hz

_SHORT_SEC = 0.05  # tracked curves of shorter notes are noise
_LEAST_CONFIDENCE = 0.3
_MIN_NOTE_SEC = 0.03
_HEARD_PARTIALS = 8  # whose sum a tracker of harmonic sounds follows


@dataclass(frozen=True)
class VoicePiece:
    """A recording as voices learn it."""

    recording: VoiceRecording
    samples: Float32Array  # [L] as they sound at `speed`
    speed: float  # at which the recording is played; 1 = as it is. Faster is higher
    voices: VoiceNotes
    lag_sec: float  # mean over its notes


def prepare_pieces(
    recording: VoiceRecording, kind: str, sample_rate_hz: int, transpositions: Sequence[int] = ()
) -> list[VoicePiece]:
    """Prepare a recording as it is, and played faster or slower; takes some seconds.

    Args:
        recording: with N notes.
        kind: "bowed" or "struck".
        sample_rate_hz: of its samples.
        transpositions: semitones by which it also sounds higher.
    """
    lags = find_lags(recording, sample_rate_hz)
    return [_prepare(recording, lags, kind, sample_rate_hz, semitone) for semitone in (0, *transpositions)]


def _prepare(recording: VoiceRecording, lags: FloatArray, kind: str, sample_rate_hz: int, semitone: int) -> VoicePiece:
    """Prepare a recording played faster by so many semitones."""
    speed = 2.0 ** (semitone / 12)
    heard = _shift(recording.performed, lags)
    notes = replace(
        heard,
        pitch=np.clip(heard.pitch + semitone, 0, PITCH_COUNT - 1),
        onset_sec=heard.onset_sec / speed,
        offset_sec=heard.offset_sec / speed,
    )
    points = choose_points(notes, kind)
    note_of_point = np.repeat(np.arange(len(notes)), points.count_by_note())
    if kind == "struck":
        stiffness = compute_stiffness(heard.pitch)  # the strings stay what they are
        cent = _settle_cents(recording, stiffness)[note_of_point]
    else:
        stiffness = np.zeros(len(notes))
        cent = np.concatenate(
            [
                _read_curve(curve, speed * points.time_sec[a:b], notes.offset_sec[i] - notes.onset_sec[i])
                for i, (curve, a, b) in enumerate(
                    zip(recording.curves, points.first[:-1], points.first[1:], strict=True)
                )
            ]
        )
    hz = pitch_to_hz(notes.pitch[note_of_point], cent / 100.0)
    voices = VoiceNotes(notes, make_note_features(notes), points, hz, stiffness)
    samples = recording.samples
    if semitone:
        samples = soxr.resample(samples, sample_rate_hz * speed, sample_rate_hz).astype(np.float32)
    return VoicePiece(recording, samples, speed, voices, float(lags.mean()) if len(lags) else 0.0)


def _shift(notes: PerformedNotes, lags: FloatArray) -> PerformedNotes:
    """Move each onset by its lag; an offset moves with the onset that follows it at once."""
    onset, offset = notes.onset_sec + lags, notes.offset_sec.copy()
    for index in range(len(notes)):
        follows = np.arange(index + 1, min(index + 8, len(notes)))
        follows = follows[np.abs(notes.onset_sec[follows] - notes.offset_sec[index]) < 0.03]
        if len(follows):
            offset[index] += lags[follows[0]]
    return replace(notes, onset_sec=onset, offset_sec=np.maximum(offset, onset + _MIN_NOTE_SEC))


def _read_curve(curve: PitchCurve, time_sec: FloatArray, duration_sec: float) -> FloatArray:
    """Read a tracked curve at points; where it is not sure, at its middle."""
    middle = float(np.median(curve.cent))
    if duration_sec < _SHORT_SEC:
        return np.full(len(time_sec), middle)
    cent = np.where(curve.confidence >= _LEAST_CONFIDENCE, curve.cent, middle)
    frames = curve.first_frame + np.arange(len(cent))
    return np.asarray(np.interp(time_sec * PITCH_FRAME_RATE_HZ, frames, cent))


def _settle_cents(recording: VoiceRecording, stiffness: FloatArray) -> FloatArray:
    """Say how each key of a piano is tuned, [N] cents: the middle of its notes, less what stiff strings pretend.

    A tracker that sums harmonics hears stiff strings sharp, as their partials are.
    """
    numbers = np.arange(1, _HEARD_PARTIALS + 1)
    pretended = (600 * np.log2(1 + stiffness[:, None] * numbers**2)).mean(axis=1)
    tracked = np.array([float(np.median(curve.cent)) for curve in recording.curves])
    made = np.zeros(len(tracked))
    for key in np.unique(recording.performed.pitch):
        own = recording.performed.pitch == key
        off = np.clip(np.median((tracked - pretended - recording.tuning_cent)[own]), -20, 20)
        made[own] = recording.tuning_cent + off * own.sum() / (own.sum() + 3)
    return made


def fit_styles(recording: VoiceRecording) -> np.ndarray:
    """Fit how the pitch of each note moves, [N, STYLE_COUNT]; PERFORMER is still to be filled."""
    notes = recording.performed
    made = np.zeros((len(notes), STYLE_COUNT), np.float32)
    made[:, PERFORMER], made[:, PITCH], made[:, DURATION] = 0, notes.pitch, notes.offset_sec - notes.onset_sec
    for index, curve in enumerate(recording.curves):
        style = fit_style(curve, float(made[index, DURATION]), recording.tuning_cent)
        made[index, [OFFSET, GLIDE, DEPTH, RATE]] = style.offset_cent, style.glide_cent, style.depth_cent, style.rate_hz
    return made
