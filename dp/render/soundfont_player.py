"""Parts without a model of their own are played by the General MIDI soundfont that pretty_midi brings along."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.audio.soundfont import load_program
from dp.audio.soundfont_voice import Voice
from dp.audio.synth import find_bundled_soundfont
from dp.render.note_files import PLAIN_VELOCITY, VELOCITY_DB
from dp.types import UNKNOWN_VELOCITY, PerformedNotes
from dp.units import FloatArray, sec_to_frame

MAX_VELOCITY = 127.0


@dataclass(frozen=True)
class SoundfontPlayer:
    """Plays one General MIDI program."""

    program: int  # from 0
    sample_rate_hz: int = 44100
    block_sample: int = 32768  # how much comes at a time

    @property
    def name(self) -> str:
        """What is played, for people."""
        from pretty_midi import program_to_instrument_name

        return f"General MIDI: {program_to_instrument_name(self.program)}"

    def play(self, notes: PerformedNotes, level_db: FloatArray, seed: int) -> Iterator[npt.NDArray[np.float32]]:
        """Play notes, block by block, from time 0 until the last one has rung out.

        Every onset falls on its nearest sample. In memory is no more than a block and the voices that sound.

        Args:
            notes: N notes, in any order, not before 0.
            level_db: [N] how much louder each is than plain; counts where its velocity is unknown.
            seed: it plays the same for any.

        Yields:
            Blocks [L] of mono sound; loud chords may exceed full scale.

        Raises:
            DataError: there is no such program.
        """
        program = load_program(find_bundled_soundfont(), self.program)
        onset = sec_to_frame(notes.onset_sec, self.sample_rate_hz)
        length = np.maximum(sec_to_frame(notes.offset_sec, self.sample_rate_hz) - onset, 1)
        from_level = np.clip(PLAIN_VELOCITY * 10.0 ** (level_db / VELOCITY_DB), 1.0, MAX_VELOCITY)
        velocity = np.where(notes.velocity == UNKNOWN_VELOCITY, from_level, notes.velocity)
        waiting = np.argsort(onset, kind="stable")[::-1].tolist()
        sounding: list[Voice] = []
        first = 0
        while waiting or sounding:
            block = np.zeros(self.block_sample, dtype=np.float32)
            sounding = [voice for voice in sounding if voice.add_to(block)]
            while waiting and onset[waiting[-1]] < first + self.block_sample:
                index = waiting.pop()
                pitch, loudness = int(notes.pitch[index]), float(velocity[index])
                for zone in program.find_zones(pitch, round(loudness)):
                    voice = Voice(program, zone, pitch, loudness, int(length[index]), self.sample_rate_hz)
                    if voice.add_to(block[onset[index] - first :]):
                        sounding.append(voice)
            yield block
            first += self.block_sample
