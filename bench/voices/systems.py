"""What plays the notes of a recording: FluidSynth, and voices."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pretty_midi

from bench.align.rendering import play
from bench.voices.recordings import F32, RealRecording

VELOCITY = 80  # of notes whose velocity nobody knows
SEED = 1

Play = Callable[[RealRecording], F32]  # plays its performed notes, as its performer


@dataclass(frozen=True)
class Played:
    """What a system made of a recording's notes."""

    samples: F32  # as long as the recording, and as loud in the mean square
    cpu_sec: float  # of this process and those it started


def make_midi(recording: RealRecording, program: int) -> pretty_midi.PrettyMIDI:
    """The performance as MIDI; a note ends where its pitch is struck again."""
    instrument = pretty_midi.Instrument(program)
    notes = recording.performed
    for pitch, velocity, onset, offset in zip(
        notes.pitch, notes.velocity, notes.onset_sec, notes.offset_sec, strict=True
    ):
        again = notes.onset_sec[(notes.pitch == pitch) & (notes.onset_sec > onset)]
        start_sec = max(float(onset), 0.0)
        end_sec = max(min(float(offset), float(again.min(initial=np.inf))), start_sec + 0.01)
        instrument.notes.append(pretty_midi.Note(int(velocity) or VELOCITY, int(pitch), start_sec, end_sec))
    midi = pretty_midi.PrettyMIDI(resolution=960)
    midi.instruments.append(instrument)
    return midi


def make_fluidsynth_player(soundfont: Path, program: int, sample_rate_hz: int) -> Play:
    """FluidSynth with its small reverberation; starting it and loading the soundfont count as its cost."""
    return lambda recording: play(make_midi(recording, program), soundfont, sample_rate_hz)


def play_timed(player: Play, recording: RealRecording) -> Played:
    """Play a recording's notes; bring what is made to the recording's length and mean square."""
    before_sec = _count_cpu_sec()
    made = player(recording)
    cpu_sec = _count_cpu_sec() - before_sec
    length = len(recording.samples)
    made = np.pad(made[:length], (0, max(length - len(made), 0)))
    ours, theirs = (float(np.mean(np.square(sound, dtype=np.float64))) for sound in (made, recording.samples))
    return Played((made * np.sqrt(theirs / max(ours, 1e-12))).astype(np.float32), cpu_sec)


def _count_cpu_sec() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
