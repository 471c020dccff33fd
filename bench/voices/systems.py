"""What plays the notes of a recording, tuned as it is: FluidSynth, and voices."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pretty_midi
import soxr

from bench.align.rendering import play
from dp.data.clips import Float32Array
from dp.data.voices import VoiceRecording
from dp.types import PITCH_FRAME_RATE_HZ
from dp.units import A4_HZ, A4_PITCH, FloatArray, pitch_to_hz

VELOCITY = 80  # of notes whose velocity nobody knows
BENDS_A_SEMITONE = 4096  # of MIDI, its usual range being two semitones

Play = Callable[[VoiceRecording], Float32Array]  # plays its performed notes, as its performer


@dataclass(frozen=True)
class Played:
    """What a system made of a recording's notes."""

    samples: Float32Array  # as long as the recording, and as loud in the mean square
    cpu_sec: float  # of this process and those it started


def make_midi(recording: VoiceRecording, program: int) -> pretty_midi.PrettyMIDI:
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
    bend = round(recording.tuning_cent / 100.0 * BENDS_A_SEMITONE)
    instrument.pitch_bends.append(pretty_midi.PitchBend(int(np.clip(bend, -8192, 8191)), 0.0))
    midi = pretty_midi.PrettyMIDI(resolution=960)
    midi.instruments.append(instrument)
    return midi


def make_fluidsynth_player(soundfont: Path, program: int, sample_rate_hz: int) -> Play:
    """FluidSynth with its small reverberation; starting it and loading the soundfont count as its cost."""
    return lambda recording: play(make_midi(recording, program), soundfont, sample_rate_hz)


def load_voices_player(folder: Path, sample_rate_hz: int, own_curves: bool) -> Play:
    """Voices of a checkpoint, as the performer where they know them; `own_curves`: with the recording's pitch curves.

    Raises:
        DataError: the checkpoint is missing or damaged.
    """
    from dp.models.checkpoint import load_checkpoint
    from dp.models.voices.model import VoicesModel
    from dp.models.voices.play import VoiceOptions, play_voices

    checkpoint = load_checkpoint(folder, [VoicesModel])

    def player(recording: VoiceRecording) -> Float32Array:
        notes, performer = recording.performed, recording.performer
        performers = ((performer, 1.0),) if performer in checkpoint.performer_names else ()
        tuning_hz = A4_HZ if own_curves else float(pitch_to_hz(A4_PITCH, recording.tuning_cent / 100.0))
        options = VoiceOptions(performers, tuning_hz=tuning_hz)
        cent = list_cents(recording, checkpoint.model.dims.kind) if own_curves else None
        made = np.concatenate(list(play_voices(notes, np.zeros(len(notes)), checkpoint, options, cent)))
        return np.asarray(soxr.resample(made, checkpoint.model.dims.sample_rate_hz, sample_rate_hz), np.float32)

    return player


def list_cents(recording: VoiceRecording, kind: str) -> list[FloatArray]:
    """List the recording's pitch curves at the points at which voices of a kind are told pitch, note by note."""
    from dp.models.voices.notes import choose_points

    order = np.lexsort((recording.performed.pitch, recording.performed.onset_sec))
    points = choose_points(recording.performed.take(order), kind)
    found: dict[int, FloatArray] = {}
    for index, first, end in zip(order.tolist(), points.first[:-1], points.first[1:], strict=True):
        curve = recording.curves[index]
        frame = points.time_sec[first:end] * PITCH_FRAME_RATE_HZ - curve.first_frame
        found[index] = np.interp(frame, np.arange(len(curve.cent)), curve.cent.astype(np.float64))
    return [found[index] for index in range(len(order))]


def play_timed(player: Play, recording: VoiceRecording) -> Played:
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
