"""The pitch of a note as it moves: intonation, glide and vibrato, fitted to tracked curves and drawn anew.

A curve of a note lasting D seconds, s seconds after its onset, in cents above the written pitch in the performer's
tuning, is

    offset + glide exp(-s / GLIDE_SEC) + depth r(s) sin(2 pi rate s + phase)

where r rises from 0 to 1 between `delay` and twice of it. Fitted values of the training notes are kept in the model, a
row a note; a note of a new score takes those of a training note that is like it, drawn by the seed. So vibrato is not
averaged away.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve
from dp.units import FloatArray, IntArray

PERFORMER, PITCH, DURATION, OFFSET, GLIDE, DEPTH, RATE = range(7)  # columns of a style row; seconds, cents, Hz
STYLE_COUNT = 7
GLIDE_SEC = 0.04  # of a finger that finds its place
MIN_VIBRATO_SEC = 0.25  # shorter notes have no time for it
VIBRATO_HZ = (3.5, 9.0)  # Prame (1994): violinists and singers lie between 4 and 8
DELAY_SHARE, MAX_DELAY_SEC = 0.2, 0.15  # of the note, until vibrato begins to grow
CANDIDATE_COUNT = 12  # likest training notes, of which one is drawn
_RATES_HZ = np.arange(VIBRATO_HZ[0], VIBRATO_HZ[1] + 0.05, 0.1)
_LEAST_CONFIDENCE = 0.3


@dataclass(frozen=True)
class Style:
    """How one note's pitch moves."""

    offset_cent: float
    glide_cent: float = 0.0
    depth_cent: float = 0.0  # amplitude of the sine
    rate_hz: float = 6.0


def fit_style(curve: PitchCurve, duration_sec: float, tuning_cent: float) -> Style:
    """Fit a note's style to its tracked curve.

    Args:
        curve: [T] cents against A = 440 Hz.
        duration_sec: of the note.
        tuning_cent: of the recording.
    """
    cent = curve.cent.astype(np.float64) - tuning_cent
    weight = np.where(curve.confidence >= _LEAST_CONFIDENCE, curve.confidence, 0.0).astype(np.float64)
    offset = float(np.median(cent))
    seconds = np.asarray((np.arange(len(cent)) + 0.5) / PITCH_FRAME_RATE_HZ, dtype=np.float64)
    if weight.sum() < 4 or duration_sec < 0.08:
        return Style(offset)
    settled = seconds > min(2 * GLIDE_SEC, duration_sec / 2)
    if settled.any():
        offset = float(np.median(cent[settled]))
    falling = np.exp(-seconds / GLIDE_SEC)
    glide = float(np.sum(weight * falling * (cent - offset)) / np.sum(weight * falling**2 + 1e-6))
    glide = float(np.clip(glide, -60.0, 60.0))
    if duration_sec < MIN_VIBRATO_SEC:
        return Style(offset, glide)
    depth, rate = _fit_vibrato(cent - offset - glide * falling, weight, seconds, duration_sec)
    return Style(offset, glide, depth, rate)


def _fit_vibrato(rest: FloatArray, weight: FloatArray, seconds: FloatArray, duration_sec: float) -> tuple[float, float]:
    """Fit the sine that takes most of what is left of a curve; return its depth in cents and its rate in Hz."""
    begin = min(DELAY_SHARE * duration_sec, MAX_DELAY_SEC)
    inside = (seconds > begin) & (seconds < duration_sec - 0.04)
    if inside.sum() < PITCH_FRAME_RATE_HZ * 0.15:
        return 0.0, 6.0
    time, value, sure = seconds[inside], rest[inside], weight[inside] + 1e-3
    slow = np.polynomial.polynomial.polyfit(time - time.mean(), value, 2, w=np.sqrt(sure))
    value = value - np.polynomial.polynomial.polyval(time - time.mean(), slow)
    turns = np.exp(-2j * np.pi * _RATES_HZ[:, None] * time)
    strength = np.abs((turns * (sure * value)).sum(axis=1)) * 2 / sure.sum()
    best = int(np.argmax(strength))
    return float(strength[best]), float(_RATES_HZ[best])


def draw_styles(
    table: npt.NDArray[np.float32],
    pitch: IntArray,
    duration_sec: FloatArray,
    performer: int,
    rng: np.random.Generator,
    is_open: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float32]:
    """Draw a style row for each of N notes from those of training notes alike in pitch, length and performer.

    Args:
        table: [S, STYLE_COUNT] of the training notes.
        pitch: [N].
        duration_sec: [N].
        performer: index; 0 or one without notes draws from all.
        rng: draws.
        is_open: [128] which pitches sound on open strings, which do not vibrate: they draw from each other.

    Returns:
        [N, STYLE_COUNT].
    """
    own = table[table[:, PERFORMER] == performer] if performer else table
    own = own if len(own) >= CANDIDATE_COUNT else table
    if len(own) == 0:
        return np.zeros((len(pitch), STYLE_COUNT), np.float32)
    log_length, open_row = np.log(np.maximum(own[:, DURATION], 0.02)), is_open[own[:, PITCH].astype(int)]
    offset_by_class = _average_offsets(own)
    made = np.empty((len(pitch), STYLE_COUNT), np.float32)
    for index, (wanted, length) in enumerate(zip(pitch, duration_sec, strict=True)):
        shorter = log_length - np.log(max(length, 0.02))
        distance = np.abs(shorter) * np.where(shorter < 0, 2.5, 1.0) + np.abs(own[:, PITCH] - wanted) / 8
        distance += 2.0 * (open_row != is_open[int(wanted)])
        row = own[rng.choice(np.argsort(distance, kind="stable")[:CANDIDATE_COUNT])]
        made[index] = row
        spread = row[OFFSET] - offset_by_class[int(row[PITCH]) % 12]
        made[index, OFFSET] = offset_by_class[int(wanted) % 12] + 0.3 * spread
    return made


def _average_offsets(table: npt.NDArray[np.float32]) -> FloatArray:
    """Average the intonation of each pitch class [12], drawn towards 0 where few notes tell."""
    made = np.zeros(12)
    for pitch_class in range(12):
        offsets = table[table[:, PITCH].astype(int) % 12 == pitch_class, OFFSET]
        made[pitch_class] = np.clip(offsets, -30, 30).sum() / (len(offsets) + 6)
    return made


def bend(
    styles: npt.NDArray[np.float32],
    note_of_point: IntArray,
    since_onset_sec: FloatArray,
    duration_sec: FloatArray,
    phase: FloatArray,
    expression: float = 1.0,
) -> FloatArray:
    """Compute how far the pitch is above the written one at each point, [P] cents.

    Args:
        styles: [N, STYLE_COUNT].
        note_of_point: [P].
        since_onset_sec: [P].
        duration_sec: [N].
        phase: [N] of the vibrato, radians.
        expression: factor; 0 plays the written pitch.
    """
    style, since = styles[note_of_point].astype(np.float64), np.maximum(since_onset_sec, 0.0)
    delay = np.minimum(DELAY_SHARE * duration_sec, MAX_DELAY_SEC)[note_of_point]
    rise = np.clip(since / np.maximum(delay, 1e-3) - 1.0, 0.0, 1.0)
    turn = np.sin(2 * np.pi * style[:, RATE] * since + phase[note_of_point])
    cent = style[:, OFFSET] + style[:, GLIDE] * np.exp(-since / GLIDE_SEC) + style[:, DEPTH] * rise * turn
    return np.asarray(expression * cent)
