"""Make sound for the trainings: soundfonts, rooms, noise, other microphones, other tunings.

The soundfont that comes with pretty_midi is played by tinysoundfont. Others are played by Debian's `fluidsynth`, since
tinysoundfont ignores the modulators that larger soundfonts rely on. fluidsynth's notes sound about 2.5 ms later.
"""

import itertools
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
import soxr

from dp.align.spectrum import F32
from dp.audio.synth import find_bundled_soundfont
from dp.errors import DataError
from dp.score.midi_tracks import PEDAL_CONTROLLER
from dp.train_aligner.performances import Performance

PEAK = 0.8  # of the recorded sound; own choice
_TAIL_SEC = 1.5  # after the last note's end, for its release; own choice
_INSTRUMENTS_AT_ONCE = 12  # of a MIDI file: fewer than its 16 channels


def render(
    performances: list[Performance], soundfont: Path, detune_semitone: list[float], sample_rate_hz: int
) -> list[F32]:
    """Render the dry sound [L] of every performance.

    Raises:
        DataError: the soundfont cannot be played.
    """
    if not soundfont.is_file():
        raise DataError(soundfont, "there is no such soundfont", "give an .sf2 or .sf3 file")
    if soundfont == find_bundled_soundfont():
        return [
            _play_tinysoundfont(p, soundfont, d, sample_rate_hz)
            for p, d in zip(performances, detune_semitone, strict=True)
        ]
    sounds: list[F32] = []
    for at in range(0, len(performances), _INSTRUMENTS_AT_ONCE):
        part = slice(at, at + _INSTRUMENTS_AT_ONCE)
        sounds += _play_fluidsynth(performances[part], soundfont, detune_semitone[part], sample_rate_hz)
    return sounds


def record(dry: F32, sample_rate_hz: int, rng: np.random.Generator) -> F32:
    """Record sound [L] in a random room, through a random microphone, with noise; the direct sound does not move."""
    length_sec = rng.uniform(0.25, 1.4)
    count = int(length_sec * sample_rate_hz)
    tail = rng.standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)  # 60 dB down at its end
    tail[: int(rng.uniform(0.003, 0.015) * sample_rate_hz)] = 0.0
    tail = scipy.signal.lfilter([0.3], [1, -rng.uniform(0.4, 0.85)], tail)
    tail *= 10 ** (-rng.uniform(3, 18) / 20) / np.sqrt((tail**2).sum())
    wet = dry + scipy.signal.oaconvolve(dry, tail)[: len(dry)]
    wet = _add_microphone(wet, sample_rate_hz, rng)
    white = rng.standard_normal(len(wet))
    pink = scipy.signal.lfilter(
        [0.0499, -0.0960, 0.0506, -0.0044], [1, -2.4950, 2.0173, -0.5222], white
    )  # P. Kellet's filter
    noise = rng.uniform(0, 1) * white / white.std() + pink / pink.std()
    wet = wet + noise / noise.std() * np.sqrt((wet**2).mean()) * 10 ** (-rng.uniform(22, 55) / 20)
    return (wet * (PEAK / np.abs(wet).max())).astype(np.float32)


def _add_microphone(sound: np.ndarray, sample_rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Add a shelf and three resonances of up to 9 dB, as of other instruments; at times an old recording's low-pass."""
    corner = np.exp(-2 * np.pi * rng.uniform(300, 3000) / sample_rate_hz)
    low = scipy.signal.lfilter([1 - corner], [1, -corner], sound)
    out = low + (sound - low) * 10 ** (rng.uniform(-9, 9) / 20)
    for _ in range(3):
        b, a = scipy.signal.iirpeak(
            np.exp(rng.uniform(np.log(250), np.log(6000))), rng.uniform(1, 6), fs=sample_rate_hz
        )
        out = out + (10 ** (rng.uniform(-9, 9) / 20) - 1) * scipy.signal.lfilter(b, a, out)
    if rng.random() < 0.25:
        out = scipy.signal.sosfilt(
            scipy.signal.butter(4, rng.uniform(3500, 9000), fs=sample_rate_hz, output="sos"), out
        )
    return np.asarray(out)


def _play_tinysoundfont(performance: Performance, soundfont: Path, detune_semitone: float, sample_rate_hz: int) -> F32:
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=sample_rate_hz)
    synth.program_select(0, synth.sfload(str(soundfont)), 0, performance.program)
    synth.set_tuning(0, detune_semitone)
    # What keys and pedal do, in order
    notes = zip(performance.pitch, performance.velocity, performance.onset_sec, performance.offset_sec, strict=True)
    todo: list[tuple[float, int, int, int]] = []  # time, order at one time, pitch or controller value, velocity
    for pitch, velocity, onset, offset in notes:
        todo += [(float(onset), 2, int(pitch), int(velocity)), (float(offset), 0, int(pitch), 0)]
    todo += [(time, 1, value, 0) for time, value in performance.pedal]
    # [L, 2] in parts, from one move to the next
    parts, now = [], 0
    for time, what, value, velocity in sorted(todo):
        at = round(time * sample_rate_hz)
        if at > now:
            parts.append(np.frombuffer(synth.generate(at - now), np.float32).copy())
            now = at
        if what == 2:
            synth.noteon(0, value, velocity)
        elif what == 0:
            synth.noteoff(0, value)
        else:
            synth.control_change(0, PEDAL_CONTROLLER, value)
    parts.append(np.frombuffer(synth.generate(round(_TAIL_SEC * sample_rate_hz)), np.float32).copy())
    mono: F32 = np.concatenate(parts).reshape(-1, 2).mean(axis=1)
    return mono


def _play_fluidsynth(
    performances: list[Performance], soundfont: Path, detune_semitone: list[float], sample_rate_hz: int
) -> list[F32]:
    """Play performances one after the other in one run: loading a soundfont takes longer than playing."""
    import pretty_midi

    # One MIDI file, an instrument for every performance, which begins when the one before has died away
    midi = pretty_midi.PrettyMIDI(resolution=4800, initial_tempo=120.0)
    borders_sec = [0.0]
    for performance, detune in zip(performances, detune_semitone, strict=True):
        begin = borders_sec[-1]
        instrument = pretty_midi.Instrument(performance.program)
        notes = zip(performance.velocity, performance.pitch, performance.onset_sec, performance.offset_sec, strict=True)
        instrument.notes = [pretty_midi.Note(int(v), int(p), begin + a, begin + b) for v, p, a, b in notes]
        moves = [pretty_midi.ControlChange(PEDAL_CONTROLLER, v, begin + t) for t, v in performance.pedal]
        instrument.control_changes = moves
        instrument.pitch_bends = [pretty_midi.PitchBend(round(detune / 2 * 8192), 0.0)]
        midi.instruments.append(instrument)
        borders_sec.append(begin + float(performance.offset_sec.max()) + _TAIL_SEC)
    # [L, 2] its sound, then [L'] of each performance at the rate asked for
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "notes.mid", Path(folder) / "sound.wav"
        midi.write(str(score))
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", "44100", "-T", "wav"]
        try:
            subprocess.run([*command, "-F", str(sound), str(soundfont), str(score)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise DataError(
                soundfont, f"fluidsynth did not play it ({error})", "install Debian's fluidsynth"
            ) from error
        samples, rate_hz = soundfile.read(sound, dtype="float32", always_2d=True)
    mono: F32 = soxr.resample(samples.mean(axis=1), rate_hz, sample_rate_hz)
    borders = [round(b * sample_rate_hz) for b in borders_sec]
    return [mono[a:b].copy() for a, b in itertools.pairwise(borders)]
