"""Sound with known note times: MIDI played by the `fluidsynth` command, then a room and noise around it."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.signal
import soundfile

from dp.errors import DataError
from dp.units import sec_to_sample

F32 = npt.NDArray[np.float32]
SAMPLE_RATE_HZ = 44100
_PEAK = 0.8
_GAIN = "0.5"
_DECAY_60_DB = 6.9  # natural log of the amplitude ratio that 60 dB are
_FIRST_REFLECTION_SEC = 0.008
# P. Kellet's filter: white noise to pink noise
_PINK_B = (0.049922035, -0.095993537, 0.050612699, -0.004408786)
_PINK_A = (1.0, -2.494956002, 2.017265875, -0.522189400)


@dataclass(frozen=True)
class Room:
    """Where a performance is recorded; its reverberation is drawn from a range."""

    reverberation_sec: tuple[float, float]  # until the sound has decayed by 60 dB
    direct_db: float  # level of the direct sound above the room's
    signal_to_noise_db: float


def play(midi: Any, soundfont: Path, sample_rate_hz: int = SAMPLE_RATE_HZ, reverberant: bool = True) -> F32:
    """Dry sound [L] of a pretty_midi.PrettyMIDI, with fluidsynth's own small reverberation or without.

    Raises:
        DataError: fluidsynth is missing or cannot play.
    """
    if not soundfont.is_file():
        raise DataError(soundfont, "there is no such soundfont", "install Debian's package of it, or name another")
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "notes.mid", Path(folder) / "sound.wav"
        midi.write(str(score))
        command = ["fluidsynth", "-ni", "-q", "-R", str(int(reverberant)), "-C", "0", "-g", _GAIN]
        command += ["-o", "synth.reverb.room-size=0.4", "-o", "synth.reverb.level=0.5", "-o", "synth.cpu-cores=1"]
        command += ["-r", str(sample_rate_hz), "-T", "wav", "-F", str(sound), str(soundfont), str(score)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise DataError("fluidsynth", f"did not play ({error})", "install Debian's fluidsynth") from error
        samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    mono: F32 = samples.mean(axis=1)
    return mono


def record(dry: F32, room: Room, rng: np.random.Generator) -> F32:
    """The same sound [L] in a room with noise; the direct sound stays where it is."""
    length = int(rng.uniform(*room.reverberation_sec) * SAMPLE_RATE_HZ)
    decay = np.exp(-_DECAY_60_DB * np.arange(length) / length).astype(np.float32)
    response = rng.standard_normal(length).astype(np.float32) * decay
    response[: sec_to_sample(_FIRST_REFLECTION_SEC, SAMPLE_RATE_HZ)] = 0.0
    response = scipy.signal.lfilter([0.3], [1.0, -0.7], response)  # rooms swallow high frequencies
    response *= 10 ** (-room.direct_db / 20) / np.sqrt((response**2).sum())
    wet = dry + scipy.signal.oaconvolve(dry, response.astype(np.float32))[: len(dry)]
    white = rng.standard_normal(len(wet)).astype(np.float32)
    pink = scipy.signal.lfilter(_PINK_B, _PINK_A, white)
    noise = 0.5 * white / white.std() + 0.87 * pink / pink.std()
    level = np.sqrt((wet**2).mean()) * 10 ** (-room.signal_to_noise_db / 20)
    noisy = wet + noise * level / noise.std()
    recorded: F32 = (noisy * (_PEAK / (np.abs(noisy).max() + 1e-9))).astype(np.float32)
    return recorded


def write_recording(path: Path, samples: F32) -> None:
    """16 bits, mono."""
    soundfile.write(path, samples, SAMPLE_RATE_HZ, subtype="PCM_16")
