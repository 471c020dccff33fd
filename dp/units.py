"""Convert quarters, ticks, seconds, frames, samples, clips and pitches into one another, and round them.

Frame rates are floats: at 16 kHz and a hop of 256 samples there are 62.5 frames per second. Convert from absolute
seconds and round once; never add up rounded values.
"""

import math

import numpy as np
import numpy.typing as npt

TICKS_PER_QUARTER = 24  # the score grid of the Bach Violin Dataset and of the publication
CLIP_SEC = 5.0  # length of a training clip in the publication
A4_HZ = 440.0
A4_PITCH = 69

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def tick_to_quarter(tick: npt.ArrayLike) -> FloatArray:
    """Convert ticks of the score grid to quarters."""
    return np.asarray(tick, dtype=np.float64) / TICKS_PER_QUARTER


def quarter_to_tick(quarter: npt.ArrayLike) -> IntArray:
    """Convert quarters to the nearest tick of the score grid."""
    return np.rint(np.asarray(quarter, dtype=np.float64) * TICKS_PER_QUARTER).astype(np.int64)


def compute_frame_rate_hz(sample_rate_hz: int, hop_sample: int) -> float:
    """Compute how many frames a second has."""
    return sample_rate_hz / hop_sample


def sec_to_frame(sec: npt.ArrayLike, rate_hz: float) -> IntArray:
    """Convert seconds to the nearest frame."""
    return np.rint(np.asarray(sec, dtype=np.float64) * rate_hz).astype(np.int64)


def sec_to_frame_fraction(sec: npt.ArrayLike, rate_hz: float) -> FloatArray:
    """Convert seconds to frames, not rounded."""
    return np.asarray(sec, dtype=np.float64) * rate_hz


def frame_to_sec(frame: npt.ArrayLike, rate_hz: float) -> FloatArray:
    """Convert frames, fractions allowed, to seconds."""
    return np.asarray(frame, dtype=np.float64) / rate_hz


def sec_to_sample(sec: float, sample_rate_hz: int) -> int:
    """Convert seconds to the nearest sample."""
    return round(sec * sample_rate_hz)


def sample_to_sec(sample: int, sample_rate_hz: int) -> float:
    """Convert samples to seconds."""
    return sample / sample_rate_hz


def find_clip_border_frame(clip_index: int, rate_hz: float) -> int:
    """Find the first frame of a clip: round(312.5 i) at 62.5 frames per second, so clips have 312 or 313 frames."""
    return int(np.rint(clip_index * CLIP_SEC * rate_hz))


def qpm_to_sec_per_quarter(tempo_qpm: float) -> float:
    """Convert a tempo in quarters per minute to the length of a quarter in seconds."""
    return 60.0 / tempo_qpm


def sec_per_quarter_to_qpm(sec_per_quarter: float) -> float:
    """Convert the length of a quarter in seconds to a tempo in quarters per minute."""
    return 60.0 / sec_per_quarter


def pitch_to_hz(pitch: npt.ArrayLike, tuning_semitone: npt.ArrayLike = 0.0) -> FloatArray:
    """Convert MIDI pitches to frequencies, equally tempered, `tuning_semitone` above A = 440 Hz."""
    semitone = np.asarray(pitch, dtype=np.float64) + np.asarray(tuning_semitone) - A4_PITCH
    return np.asarray(A4_HZ * 2.0 ** (semitone / 12.0))


def parse_clock_sec(text: str) -> float:
    """Parse `h:mm:ss`, `m:ss` or plain seconds, fractions allowed, to seconds.

    Raises:
        ValueError: the text is none of these, or negative.
    """
    refusal = ValueError(f"{text!r} is not a time: write seconds or h:mm:ss")
    try:
        parts = [float(part) for part in text.strip().split(":")]
    except ValueError:
        raise refusal from None
    if len(parts) > 3 or not all(0.0 <= part < math.inf for part in parts):
        raise refusal
    sec = 0.0
    for part in parts:
        sec = sec * 60.0 + part
    return sec
