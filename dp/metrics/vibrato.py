"""Metrics of vibrato: how far and how fast the pitch of a long note swings."""

from dataclasses import dataclass

import numpy as np

from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve
from dp.units import FloatArray

LONG_SEC = 0.35  # notes that last so long are measured
EDGE_SEC = 0.048  # of a note, left out at either end: there its neighbours still sound, and the tracker errs
BAND_HZ = (3.5, 9.0)  # in which vibrato lies; slower movement is intonation, faster is noise
SURE = 0.5  # mean confidence of a curve that is measured
_SWINGING_CENT = 3.0  # below this depth a note has no rate
_PADDING = 8  # how many times as long as the curve the transform is, so that the rate is told finely


@dataclass(frozen=True)
class Vibrato:
    """The vibrato of one note."""

    depth_cent: float  # to either side: the peak of a sine with the movement's root mean square
    rate_hz: float  # at which it is strongest; NaN where there is hardly any


def measure_vibrato(curve: PitchCurve) -> Vibrato | None:
    """Measure the vibrato of a note; None where it is too short, or its curve is not sure.

    A parabola is taken off, which is how the pitch glides; what is left within BAND_HZ of its Hann spectrum counts.
    Swings fewer than two periods long read too shallow, alike in every sound.
    """
    edge = round(EDGE_SEC * PITCH_FRAME_RATE_HZ)
    if len(curve.cent) < LONG_SEC * PITCH_FRAME_RATE_HZ or float(curve.confidence[edge:-edge].mean()) < SURE:
        return None
    cent = curve.cent[edge:-edge].astype(np.float64)
    power, rate_hz = _compute_spectrum(cent)
    inside = (rate_hz >= BAND_HZ[0]) & (rate_hz <= BAND_HZ[1])
    depth_cent = float(np.sqrt(2.0 * power[inside].sum()))
    strongest_hz = float(rate_hz[inside][np.argmax(power[inside])])
    return Vibrato(depth_cent, strongest_hz if depth_cent >= _SWINGING_CENT else float("nan"))


def _compute_spectrum(cent: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute the variance [F] that each rate [F] has in a curve [T], a parabola taken off."""
    place = np.linspace(-1.0, 1.0, len(cent))
    window = np.hanning(len(cent))
    rest = cent - np.polyval(np.polyfit(place, cent, 2), place)
    size = _PADDING * len(cent)
    power: FloatArray = 2.0 * np.abs(np.fft.rfft(rest * window, size)) ** 2 / (size * np.square(window).sum())
    return power, np.arange(len(power)) * PITCH_FRAME_RATE_HZ / size
