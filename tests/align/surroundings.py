"""What surrounds the music of a recording: talk, tuning, applause, silence; synthesized, [L] float32 of level 0.1."""

import numpy as np
import scipy.signal

from dp.align import ALIGN_SAMPLE_RATE_HZ as RATE_HZ

_TALK_HZ = 120.0
_FORMANTS_HZ = ((700, 1100), (300, 2200), (500, 900), (350, 800), (550, 1800))  # of vowels
_FIFTHS = ((55, 62), (62, 69), (69, 76))  # double stops on a violin's open strings


def silence(length_sec: float) -> np.ndarray:
    """A quiet room."""
    rng = np.random.default_rng(0)
    return (1e-4 * rng.standard_normal(round(length_sec * RATE_HZ))).astype(np.float32)


def talk(length_sec: float) -> np.ndarray:
    """Gliding pulses through changing formants, in syllables with pauses between phrases."""
    rng = np.random.default_rng(1)
    out: list[np.ndarray] = []
    while sum(map(len, out)) < length_sec * RATE_HZ:
        for _ in range(int(rng.integers(5, 14))):
            count = round(rng.uniform(0.12, 0.3) * RATE_HZ)
            pitch_hz = _TALK_HZ * 2 ** (rng.uniform(-0.4, 0.4) + rng.uniform(-0.3, 0.3) * np.linspace(0, 1, count))
            pulses = np.diff(np.floor(np.cumsum(pitch_hz) / RATE_HZ), prepend=0.0)
            sound = pulses + 0.03 * rng.standard_normal(count)
            for center_hz in _FORMANTS_HZ[int(rng.integers(len(_FORMANTS_HZ)))]:
                b, a = scipy.signal.iirpeak(center_hz, 4.0, RATE_HZ)
                sound = scipy.signal.lfilter(b, a, sound) + 0.3 * sound
            out += [sound * np.hanning(count), np.zeros(round(rng.uniform(0.0, 0.06) * RATE_HZ))]
        out.append(np.zeros(round(rng.uniform(0.2, 0.8) * RATE_HZ)))
    return _at_level(np.concatenate(out)[: round(length_sec * RATE_HZ)])


def tuning(length_sec: float) -> np.ndarray:
    """A violin's open strings by pairs, each bowed for some seconds while one of the two finds its pitch."""
    rng = np.random.default_rng(2)
    time_sec = np.arange(round(length_sec * RATE_HZ)) / RATE_HZ
    out = np.zeros(len(time_sec))
    begin_sec, turn = 0.0, 0
    while begin_sec < length_sec:
        stroke_sec = rng.uniform(1.2, 3.0)
        inside = (time_sec >= begin_sec) & (time_sec < begin_sec + stroke_sec)
        local = time_sec[inside] - begin_sec
        for pitch in _FIFTHS[(turn // 2) % 3]:
            cents = rng.uniform(-40, 40) * np.exp(-local / 1.0)
            phase = 2 * np.pi * np.cumsum(440.0 * 2 ** ((pitch - 69 + cents / 100) / 12)) / RATE_HZ
            for harmonic in range(1, 11):
                out[inside] += np.sin(harmonic * phase) / harmonic * np.sin(np.pi * local / stroke_sec) ** 0.3
        begin_sec, turn = begin_sec + stroke_sec + rng.uniform(0.0, 0.4), turn + 1
    return _at_level(out + 0.01 * rng.standard_normal(len(out)))


def applause(length_sec: float) -> np.ndarray:
    """Many hands: short bursts of coloured noise, dense, then fading."""
    rng = np.random.default_rng(3)
    out = np.zeros(round(length_sec * RATE_HZ) + 2000)
    for at in rng.integers(0, len(out) - 2000, int(60 * length_sec)):
        clap = rng.standard_normal(600) * np.exp(-np.arange(600) / rng.uniform(60, 160))
        b, a = scipy.signal.iirpeak(rng.uniform(700, 2500), 1.0, RATE_HZ)
        out[at : at + 600] += scipy.signal.lfilter(b, a, clap)
    out = out[:-2000]
    return _at_level(out * np.linspace(1.0, 0.3, len(out)))


def _at_level(sound: np.ndarray) -> np.ndarray:
    return (0.1 * sound / np.sqrt((sound**2).mean())).astype(np.float32)
