"""Play notes of invented instruments, sums of partials, with attacks, vibrato, decays and spectra no soundfont has.

A soundfont's instrument has one attack. Here every performance gets an instrument of its own, bowed or blown with an
attack of up to 0.15 s, or struck, so that the onset net learns what onsets have in common.
"""

from dataclasses import dataclass

import numpy as np

from dp.align.spectrum import F32
from dp.train_aligner.performances import Performance
from dp.units import FloatArray, pitch_to_hz

_MAX_PARTIAL = 14  # of a tone; own choice
_TAIL_SEC = 1.0  # after the last note's end, for its release; own choice


@dataclass(frozen=True)
class Instrument:
    """What an invented instrument sounds like."""

    attack_sec: float
    release_sec: float
    decay_sec: float  # of the fundamental; np.inf: it sustains
    slope: float  # partial k has amplitude k ** -slope, formants apart
    formant_hz: FloatArray  # [3]
    formant_gain: FloatArray  # [3]
    vibrato_semitone: float
    vibrato_hz: float
    breath: float  # noise against the tone


def invent_instrument(rng: np.random.Generator) -> Instrument:
    """Invent an instrument; two of three sustain, as bowed and blown ones do."""
    struck = rng.random() < 1 / 3
    return Instrument(
        attack_sec=float(np.exp(rng.uniform(np.log(0.002), np.log(0.015 if struck else 0.15)))),
        release_sec=float(np.exp(rng.uniform(np.log(0.02), np.log(0.25)))),
        decay_sec=float(rng.uniform(0.2, 3.0)) if struck else np.inf,
        slope=float(rng.uniform(0.6, 2.2)),
        formant_hz=np.exp(rng.uniform(np.log(300), np.log(5000), 3)),
        formant_gain=rng.uniform(0.0, 4.0, 3),
        vibrato_semitone=0.0 if struck else float(rng.uniform(0.0, 0.4)),
        vibrato_hz=float(rng.uniform(4.5, 7.0)),
        breath=float(np.exp(rng.uniform(np.log(0.001), np.log(0.1)))),
    )


def play(performance: Performance, detune_semitone: float, sample_rate_hz: int, rng: np.random.Generator) -> F32:
    """Play a performance on an invented instrument, as dry sound [L]."""
    instrument = invent_instrument(rng)
    sound = np.zeros(int((performance.offset_sec.max() + _TAIL_SEC) * sample_rate_hz), np.float32)
    for i in range(len(performance)):
        hz = float(pitch_to_hz(float(performance.pitch[i]), detune_semitone + rng.normal(0.0, 0.05)))
        length_sec = float(performance.offset_sec[i] - performance.onset_sec[i])
        note = _note(instrument, hz, length_sec, sample_rate_hz, rng)
        begin = round(float(performance.onset_sec[i]) * sample_rate_hz)
        note = note[: len(sound) - begin]
        sound[begin : begin + len(note)] += np.float32((performance.velocity[i] / 80.0) ** 2) * note
    return sound / np.float32(np.abs(sound).max() + 1e-9)


def _note(instrument: Instrument, hz: float, length_sec: float, sample_rate_hz: int, rng: np.random.Generator) -> F32:
    time = np.arange(int((length_sec + 3 * instrument.release_sec) * sample_rate_hz)) / sample_rate_hz
    swing = instrument.vibrato_semitone * np.clip(time / 0.3 - 0.3, 0.0, 1.0)
    cycle = np.sin(2 * np.pi * (instrument.vibrato_hz * time + rng.random()))
    phase = 2 * np.pi * np.cumsum(hz * 2.0 ** (swing * cycle / 12)) / sample_rate_hz
    attack_sec = instrument.attack_sec * rng.uniform(0.6, 1.5)
    envelope = 1.0 - np.exp(-2.5 * time / attack_sec) if rng.random() < 0.5 else np.minimum(time / attack_sec, 1.0)
    envelope *= np.exp(-np.maximum(time - length_sec, 0.0) * 2.3 / instrument.release_sec)
    envelope *= 1.0 + 0.3 * swing * cycle + rng.uniform(-0.4, 0.4) * time / time[-1]
    note = np.zeros(len(time))
    for k in range(1, _MAX_PARTIAL + 1):
        if k * hz > 0.45 * sample_rate_hz:
            break
        formant = 1.0 + (instrument.formant_gain / (1.0 + (np.log(k * hz / instrument.formant_hz) / 0.25) ** 2)).sum()
        decay = np.exp(-time * np.sqrt(k) / instrument.decay_sec)
        note += k**-instrument.slope * formant * decay * np.sin(k * phase + rng.uniform(0, 2 * np.pi))
    note += instrument.breath * np.abs(note).max() * rng.standard_normal(len(time))
    return (envelope * note).astype(np.float32)
