"""Play notes through a soundfont, exact to the sample."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dp.errors import DataError
from dp.types import UNKNOWN_VELOCITY, PerformedNotes
from dp.units import sec_to_sample

VIOLIN_PROGRAM = 40  # General MIDI, counted from 0
TAIL_SEC = 1.0  # kept after the last note's end for its release
_PLAIN_VELOCITY = 64  # for notes whose velocity is unknown; the middle of MIDI's range
_CHANNEL = 0  # any of MIDI's sixteen


def find_bundled_soundfont() -> Path:
    """Find TimGM6mb.sf2, the General MIDI soundfont that pretty_midi brings along."""
    from importlib.util import find_spec

    spec = find_spec("pretty_midi")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("pretty_midi", "is not installed, and with it its soundfont", "pip install pretty_midi")
    return Path(spec.submodule_search_locations[0]) / "TimGM6mb.sf2"


def render_notes(
    notes: PerformedNotes,
    sample_rate_hz: int,
    program: int = VIOLIN_PROGRAM,
    soundfont: Path | None = None,
    gain_db: float = 0.0,
) -> npt.NDArray[np.float32]:
    """Play notes with one General MIDI program.

    Every key press and release falls on its nearest sample; what a program makes of it (TimGM6mb's violin reaches a
    tenth of its peak after about 10 ms and rings 65 ms after the release) is the instrument's own.

    Args:
        notes: onsets and offsets from sample 0 of the result.
        sample_rate_hz: rate of the result.
        program: General MIDI program, counted from 0.
        soundfont: an .sf2 file; None = the bundled one.
        gain_db: gain; loud chords may exceed full scale.

    Returns:
        [L] mono, `TAIL_SEC` longer than the last note.

    Raises:
        DataError: tinysoundfont is not installed; the soundfont cannot be read or has no such program; there is no
            note, or one that starts before 0, ends before it starts or has a pitch outside 0-127.
    """
    _check_notes(notes)
    synth = _load_synth(sample_rate_hz, program, soundfont or find_bundled_soundfont(), gain_db)
    length = sec_to_sample(float(notes.offset_sec.max()) + TAIL_SEC, sample_rate_hz)
    samples = np.empty(length, dtype=np.float32)
    position = 0
    for at_sample, velocity, pitch in _list_events(notes, sample_rate_hz):
        _play(synth, samples[position:at_sample])
        position = at_sample
        if velocity:
            synth.noteon(_CHANNEL, pitch, velocity)
        else:
            synth.noteoff(_CHANNEL, pitch)
    _play(synth, samples[position:])
    return samples


def _list_events(notes: PerformedNotes, sample_rate_hz: int) -> list[tuple[int, int, int]]:
    """List (sample, velocity, pitch) in order; velocity 0 releases, and at one sample releases come first."""
    velocity = np.where(notes.velocity == UNKNOWN_VELOCITY, _PLAIN_VELOCITY, notes.velocity)
    events = []
    for index in range(len(notes)):
        pitch = int(notes.pitch[index])
        onset = sec_to_sample(float(notes.onset_sec[index]), sample_rate_hz)
        offset = sec_to_sample(float(notes.offset_sec[index]), sample_rate_hz)
        events.append((onset, int(velocity[index]), pitch))
        events.append((max(offset, onset + 1), 0, pitch))
    return sorted(events)


def _play(synth: Any, samples: npt.NDArray[np.float32]) -> None:
    """Fill `samples` with what sounds next."""
    if len(samples):
        stereo = np.frombuffer(synth.generate_simple(len(samples)), dtype=np.float32)
        samples[:] = stereo.reshape(-1, 2).mean(axis=1)


def _check_notes(notes: PerformedNotes) -> None:
    if len(notes) == 0:
        raise DataError("notes", "there are none to play")
    good = (notes.onset_sec >= 0) & (notes.offset_sec >= notes.onset_sec) & np.isfinite(notes.offset_sec)
    good &= (notes.pitch >= 0) & (notes.pitch <= 127)
    if not good.all():
        index = int(np.flatnonzero(~good)[0])
        shown = f"pitch {notes.pitch[index]}, {notes.onset_sec[index]} to {notes.offset_sec[index]} s"
        raise DataError(f"note {index}", f"cannot be played: {shown}", "expected 0 <= onset <= offset, pitch 0 to 127")


def _load_synth(sample_rate_hz: int, program: int, soundfont: Path, gain_db: float) -> Any:
    """Load a tinysoundfont synthesizer with one program chosen."""
    try:
        import tinysoundfont
    except ImportError as error:
        advice = "pip install --no-deps tinysoundfont"  # its metadata demand pyaudio, which is only needed to listen
        raise DataError("tinysoundfont", "is not installed, and nothing else here plays notes", advice) from error
    if not soundfont.is_file():
        raise DataError(soundfont, "does not exist", "name a soundfont (.sf2)")
    synth = tinysoundfont.Synth(gain=gain_db, samplerate=sample_rate_hz)
    try:
        font = synth.sfload(str(soundfont))
        synth.program_select(_CHANNEL, font, 0, program)
    except (tinysoundfont.SoundFontException, RuntimeError) as error:
        raise DataError(soundfont, f"cannot play program {program} ({error})", "name another soundfont") from error
    return synth
