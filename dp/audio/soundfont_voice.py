"""One sounding sample of a soundfont: pitch, low-pass, envelopes and vibrato, continued from block to block.

All that moves is a function of the voice's age in samples, looked at every `STEP` samples of it; levels move linearly
in between. So a voice sounds the same however its blocks are cut.
"""

import math

import numba
import numpy as np
import numpy.typing as npt

from dp.audio import soundfont as sf

STEP = 32  # samples, .7 ms at 44.1 kHz
_FULL_DB = 100.0  # what an envelope falls by in its decay or release time (SoundFont 2.04, 8.1.3)
_SHORTEST_RELEASE_SEC = 0.016  # shorter ones click
_SILENT_DB = -90.0  # below its loudest, a voice that only falls has ended
_SILENT = 10.0 ** (_SILENT_DB / 20.0)
_NEVER = np.iinfo(np.int64).max
# The places in a voice's settings and in its state
_DELAY, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE = range(6)  # of the volume: seconds, decibels below full, seconds
_SHAPE = 6  # the same six for the envelope of pitch and cutoff, its sustain as a share of full
_RATE, _GAIN, _LFO_DELAY, _LFO_HZ, _LFO_CENT, _LFO_DB, _LFO_CUTOFF, _VIBRATO_DELAY, _VIBRATO_HZ = range(12, 21)
_VIBRATO_CENT, _SHAPE_CENT, _SHAPE_CUTOFF, _CUTOFF, _Q, _SETTING_COUNT = range(21, 27)
_POSITION, _LEVEL, _NEXT, _INCREMENT, _Z1, _Z2, _A0, _B1, _B2, _STATE_COUNT = range(10)


class Voice:
    """A key press that plays one zone."""

    def __init__(
        self, program: sf.Program, zone: sf.Zone, pitch: int, velocity: float, length_sample: int, sample_rate_hz: int
    ) -> None:
        """Start a voice.

        Args:
            program: whose samples are played.
            zone: of the program.
            pitch: MIDI.
            velocity: above 0 to 127; the amplitude goes like its square.
            length_sample: from the key's press to its release.
            sample_rate_hz: of what comes out.
        """
        self._samples = program.samples
        self._zone = zone
        self._settings = _compute_settings(zone, pitch, velocity, sample_rate_hz)
        self._state = np.zeros(_STATE_COUNT)
        self._state[_POSITION] = zone.start
        self._length_sample = length_sample
        self._sample_rate_hz = sample_rate_hz
        self._age_sample = 0
        # A loop of mode 3 is left at the release.
        self._loop_until = length_sample if zone.generators[sf.LOOP_MODE] == 3 else _NEVER

    def add_to(self, block: npt.NDArray[np.float32]) -> bool:
        """Add what comes next to a block [L]; returns whether more is to come."""
        zone = self._zone
        done = _run(
            block,
            self._samples,
            self._settings,
            self._state,
            (self._age_sample, self._length_sample, self._loop_until),
            (zone.end, zone.loop_start, zone.loop_end),
            float(self._sample_rate_hz),
        )
        self._age_sample += len(block)
        return not done


def _compute_settings(zone: sf.Zone, pitch: int, velocity: float, sample_rate_hz: int) -> npt.NDArray[np.float64]:
    """Compute what a voice does from its generators."""
    generators = zone.generators
    key = pitch if generators[sf.FIXED_KEY] < 0 else generators[sf.FIXED_KEY]
    cent = (key - generators[sf.ROOT_KEY]) * generators[sf.KEY_SCALE]
    cent += 100.0 * generators[sf.COARSE_TUNE] + generators[sf.FINE_TUNE]
    settings = np.zeros(_SETTING_COUNT)
    for first, place in ((sf.VOLUME, _DELAY), (sf.ENVELOPE, _SHAPE)):
        delay, attack, hold, decay, sustain, release, key_hold, key_decay = generators[first : first + 8]
        hold, decay = hold + key_hold * (60.0 - key), decay + key_decay * (60.0 - key)
        settings[place : place + 6] = [*map(_to_sec, (delay, attack, hold, decay)), 0.0, _to_sec(release)]
        settings[place + 4] = max(sustain, 0.0) / 10.0 if first == sf.VOLUME else 1.0 - np.clip(sustain / 1e3, 0.0, 1.0)
    settings[_RATE] = 2.0 ** (cent / 1200.0) * zone.rate_hz / sample_rate_hz
    settings[_GAIN] = (velocity / 127.0) ** 2 * 10.0 ** (-max(generators[sf.ATTENUATION], 0.0) / 200.0) / 32768.0
    settings[_LFO_DELAY] = _to_sec(generators[sf.LFO_DELAY])
    settings[_LFO_HZ] = _to_hz(generators[sf.LFO_RATE])
    settings[_LFO_CENT] = generators[sf.LFO_PITCH]
    settings[_LFO_DB] = generators[sf.LFO_LEVEL] / 10.0
    settings[_LFO_CUTOFF] = generators[sf.LFO_CUTOFF]
    settings[_VIBRATO_DELAY] = _to_sec(generators[sf.VIBRATO_DELAY])
    settings[_VIBRATO_HZ] = _to_hz(generators[sf.VIBRATO_RATE])
    settings[_VIBRATO_CENT] = generators[sf.VIBRATO_PITCH]
    settings[_SHAPE_CENT] = generators[sf.ENVELOPE_PITCH]
    settings[_SHAPE_CUTOFF] = generators[sf.ENVELOPE_CUTOFF]
    settings[_CUTOFF] = generators[sf.CUTOFF]
    settings[_Q] = 10.0 ** ((np.clip(generators[sf.RESONANCE], 0.0, 960.0) / 10.0 - 3.01) / 20.0)  # 0 has no hump
    return settings


def _to_sec(timecent: float) -> float:
    """Convert timecents to seconds; the least is none at all."""
    return 0.0 if timecent <= -12000.0 else 2.0 ** (min(timecent, 8000.0) / 1200.0)


def _to_hz(cent: float) -> float:
    return 8.176 * 2.0 ** (cent / 1200.0)


@numba.njit(cache=True)
def _compute_level(settings: npt.NDArray[np.float64], age_sec: float, length_sec: float) -> float:
    """Compute the amplitude of the volume envelope: a straight attack, then straight lines in decibels."""
    held_sec = min(age_sec, length_sec)
    time_sec = held_sec - settings[_DELAY]
    if time_sec < 0.0:
        level = 0.0
    elif time_sec < settings[_ATTACK]:
        level = time_sec / settings[_ATTACK]
    else:
        fallen_sec = time_sec - settings[_ATTACK] - settings[_HOLD]
        down_db = 0.0
        if fallen_sec > 0.0:
            down_db = settings[_SUSTAIN]
            if settings[_DECAY] > 0.0:
                down_db = min(down_db, _FULL_DB * fallen_sec / settings[_DECAY])
        level = 10.0 ** (-down_db / 20.0)
    if age_sec > length_sec:
        down_db = _FULL_DB * (age_sec - length_sec) / max(settings[_RELEASE], _SHORTEST_RELEASE_SEC)
        level *= 10.0 ** (-down_db / 20.0)
    return level


@numba.njit(cache=True)
def _compute_shape(settings: npt.NDArray[np.float64], age_sec: float, length_sec: float) -> float:
    """Compute the envelope of pitch and cutoff, 0 to 1, of straight lines."""
    time_sec = min(age_sec, length_sec) - settings[_SHAPE + _DELAY]
    attack_sec = settings[_SHAPE + _ATTACK]
    if time_sec < 0.0:
        shape = 0.0
    elif time_sec < attack_sec:
        shape = time_sec / attack_sec
    else:
        fallen_sec = time_sec - attack_sec - settings[_SHAPE + _HOLD]
        shape = 1.0
        if fallen_sec > 0.0:
            shape = settings[_SHAPE + _SUSTAIN]
            if settings[_SHAPE + _DECAY] > 0.0:
                shape = max(shape, 1.0 - fallen_sec / settings[_SHAPE + _DECAY])
    if age_sec > length_sec:
        shape = max(shape - (age_sec - length_sec) / max(settings[_SHAPE + _RELEASE], _SHORTEST_RELEASE_SEC), 0.0)
    return shape


@numba.njit(cache=True)
def _compute_wave(age_sec: float, delay_sec: float, rate_hz: float) -> float:
    """Compute a triangle between -1 and 1 that begins at 0, upwards, after a delay."""
    phase = max(age_sec - delay_sec, 0.0) * rate_hz + 0.25
    return 1.0 - 4.0 * abs(phase - math.floor(phase) - 0.5)


@numba.njit(cache=True)
def _take_step(
    settings: npt.NDArray[np.float64], state: npt.NDArray[np.float64], age: int, length: int, rate_hz: float
) -> None:
    """Set the state for the next `STEP` samples: levels at their ends, pitch and low-pass of their first."""
    age_sec, length_sec = age / rate_hz, length / rate_hz
    lfo = _compute_wave(age_sec, settings[_LFO_DELAY], settings[_LFO_HZ])
    vibrato = _compute_wave(age_sec, settings[_VIBRATO_DELAY], settings[_VIBRATO_HZ])
    shape = _compute_shape(settings, age_sec, length_sec)
    next_sec = (age + STEP) / rate_hz
    next_lfo = _compute_wave(next_sec, settings[_LFO_DELAY], settings[_LFO_HZ])
    for place, sec, wave in ((_LEVEL, age_sec, lfo), (_NEXT, next_sec, next_lfo)):
        level = _compute_level(settings, sec, length_sec)
        state[place] = level * 10.0 ** (wave * settings[_LFO_DB] / 20.0)
    cent = lfo * settings[_LFO_CENT] + vibrato * settings[_VIBRATO_CENT] + shape * settings[_SHAPE_CENT]
    state[_INCREMENT] = settings[_RATE] * 2.0 ** (cent / 1200.0)
    cutoff_cent = settings[_CUTOFF] + lfo * settings[_LFO_CUTOFF] + shape * settings[_SHAPE_CUTOFF]
    cutoff = 8.176 * 2.0 ** (max(cutoff_cent, 1500.0) / 1200.0) / rate_hz
    if cutoff_cent >= 13500.0 or cutoff >= 0.45:
        state[_A0] = 0.0  # all passes
        return
    k = math.tan(math.pi * cutoff)
    norm = 1.0 / (1.0 + k / settings[_Q] + k * k)
    state[_A0] = k * k * norm
    state[_B1] = 2.0 * (k * k - 1.0) * norm
    state[_B2] = (1.0 - k / settings[_Q] + k * k) * norm


@numba.njit(cache=True)
def _run(
    block: npt.NDArray[np.float32],
    samples: npt.NDArray[np.int16],
    settings: npt.NDArray[np.float64],
    state: npt.NDArray[np.float64],
    ages: tuple[int, int, int],
    places: tuple[int, int, int],
    rate_hz: float,
) -> bool:
    """Add a voice to a block; returns whether it has ended.

    Args:
        block: [L] added to.
        samples: of the soundfont.
        settings: of the voice.
        state: of the voice, goes on.
        ages: the voice's at the beginning of the block, at its release, and at the end of its loop.
        places: of the sample's end and of its loop's start and end.
        rate_hz: of the block.
    """
    age, length, loop_until = ages
    end, loop_start, loop_end = places
    for index in range(len(block)):
        if age % STEP == 0:
            _take_step(settings, state, age, length, rate_hz)
            is_falling = age > (settings[_DELAY] + settings[_ATTACK]) * rate_hz or age > length
            if is_falling and max(state[_LEVEL], state[_NEXT]) < _SILENT:
                return True
        position = state[_POSITION]
        is_loop = loop_end > loop_start and age < loop_until
        if is_loop and position >= loop_end:
            position = loop_start + (position - loop_end) % (loop_end - loop_start)
        if position >= end - 1:
            return True
        value = _interpolate(samples, position, end, loop_start, loop_end if is_loop else 0)
        if state[_A0] > 0.0:
            passed = value * state[_A0] + state[_Z1]
            state[_Z1] = 2.0 * state[_A0] * value - state[_B1] * passed + state[_Z2]
            state[_Z2] = state[_A0] * value - state[_B2] * passed
            value = passed
        share = (age % STEP) / STEP
        block[index] += settings[_GAIN] * value * (state[_LEVEL] + share * (state[_NEXT] - state[_LEVEL]))
        state[_POSITION] = position + state[_INCREMENT]
        age += 1
    return False


@numba.njit(cache=True)
def _interpolate(samples: npt.NDArray[np.int16], position: float, end: int, loop_start: int, loop_end: int) -> float:
    """Interpolate between samples by a cubic through four of them; behind the end of a loop comes its start."""
    first = int(position)
    share = position - first
    behind, after = first + 1, first + 2
    if loop_end > 0:
        if behind >= loop_end:
            behind -= loop_end - loop_start
        if after >= loop_end:
            after -= loop_end - loop_start
    before = samples[max(first - 1, 0)]
    here = samples[first]
    one, two = samples[min(behind, end - 1)], samples[min(after, end - 1)]
    slope, next_slope = 0.5 * (one - before), 0.5 * (two - here)
    rise = float(one) - here
    return here + share * (
        slope + share * (3.0 * rise - 2.0 * slope - next_slope + share * (slope + next_slope - 2.0 * rise))
    )
