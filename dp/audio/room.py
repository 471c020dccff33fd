"""Add a room and its noise to rendered notes, so that they resemble recordings."""

import numpy as np
import numpy.typing as npt

from dp.units import sec_to_sample

_DECAY_60_DB = np.log(1000.0)  # natural log of the amplitude ratio that 60 dB are
_FIRST_REFLECTION_SEC = 0.008  # a way 2.7 m longer than the direct one; own choice


def add_room(
    samples: npt.NDArray[np.float32],
    sample_rate_hz: int,
    rng: np.random.Generator,
    reverberation_sec: float = 0.8,
    direct_to_reverberant_db: float = 8.0,
) -> npt.NDArray[np.float32]:
    """Add exponentially decaying diffuse sound. The direct sound stays where and as loud as it is.

    Args:
        samples: [L] mono.
        sample_rate_hz: their rate.
        rng: draws the room.
        reverberation_sec: until the room has decayed by 60 dB.
        direct_to_reverberant_db: level of the direct sound above the room's, for white noise.

    Returns:
        [L], of the same length: the room rings on only inside it.
    """
    from scipy.signal import lfilter, oaconvolve

    length = sec_to_sample(reverberation_sec, sample_rate_hz)
    decay = np.exp(-_DECAY_60_DB * np.arange(length) / length)
    response = lfilter([0.3], [1.0, -0.7], rng.standard_normal(length)) * decay  # rooms swallow high frequencies
    response[: sec_to_sample(_FIRST_REFLECTION_SEC, sample_rate_hz)] = 0.0
    response *= 10.0 ** (-direct_to_reverberant_db / 20.0) / np.sqrt(np.sum(response**2))
    wet = oaconvolve(samples, response.astype(np.float32))[: len(samples)]
    return (samples + wet).astype(np.float32)


def add_noise(
    samples: npt.NDArray[np.float32], rng: np.random.Generator, signal_to_noise_db: float = 40.0
) -> npt.NDArray[np.float32]:
    """Add noise that falls by 3 dB per octave, as that of rooms and tapes roughly does.

    Args:
        samples: [L] mono.
        rng: draws the noise.
        signal_to_noise_db: RMS of the signal above that of the noise.
    """
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    spectrum[0] = 0.0  # no constant offset
    noise = np.fft.irfft(spectrum, n=len(samples))
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64))) * 10.0 ** (-signal_to_noise_db / 20.0)
    scale = level / max(float(np.sqrt(np.mean(noise**2))), np.finfo(np.float64).tiny)
    return (samples + scale * noise).astype(np.float32)
