"""Metrics of attacks: how steeply notes begin."""

import numpy as np
import numpy.typing as npt

from dp.units import FloatArray

ATTACK_BANDS_HZ = {"low": (200.0, 2000.0), "high": (2000.0, 8000.0)}  # body and brilliance; own choice
WINDOW_SEC, HOP_SEC = 0.02, 0.005  # of the spectra; levels are compared over two hops
RISE_SEC = 2 * HOP_SEC  # over which a rise is told
REACH_SEC = 0.045  # before and after an onset: alignment errs, and bows speak late
RANGE_DB = 60.0  # levels further below the loudest count as this far below it, so that silence has no say


def measure_rises(
    samples: npt.ArrayLike, sample_rate_hz: int, onset_sec: npt.ArrayLike, band_hz: tuple[float, float]
) -> FloatArray:
    """Measure the steepest rise of a band's level about every onset, in dB per RISE_SEC.

    Onset detection by the rise of band energies goes back to Klapuri (ICASSP 1999).

    Args:
        samples: [L].
        sample_rate_hz: their rate; the band must lie below half of it, or ends there.
        onset_sec: [N] from sample 0.
        band_hz: lowest and highest frequency.

    Returns:
        [n] those of the onsets about which the sound is at hand; the level of the sound as a whole does not matter.
    """
    sound = np.asarray(samples, dtype=np.float64)
    window_sample, reach = round(WINDOW_SEC * sample_rate_hz), round(REACH_SEC / HOP_SEC) + 1
    offset_sample = np.rint(np.arange(-reach, reach + 1) * HOP_SEC * sample_rate_hz).astype(np.int64)
    place = np.arange(window_sample) - window_sample // 2 + offset_sample[:, None]  # [2 reach + 1, window]
    onset_sample = np.rint(np.asarray(onset_sec, dtype=np.float64) * sample_rate_hz).astype(np.int64)
    onset_sample = onset_sample[(onset_sample + place[0, 0] >= 0) & (onset_sample + place[-1, -1] < len(sound))]
    if len(onset_sample) == 0:
        return np.zeros(0)
    hz = np.fft.rfftfreq(window_sample, 1.0 / sample_rate_hz)
    inside = (hz >= band_hz[0]) & (hz < band_hz[1])
    window = np.hanning(window_sample + 1)[:-1]
    power = np.array(
        [(np.abs(np.fft.rfft(sound[onset + place] * window)[:, inside]) ** 2).sum(axis=1) for onset in onset_sample]
    )
    level_db = 10.0 * np.log10(np.maximum(power, power.max() * 10.0 ** (-RANGE_DB / 10.0)) + np.finfo(float).tiny)
    rises: FloatArray = (level_db[:, 2:] - level_db[:, :-2]).max(axis=1)
    return rises
