"""Play a score as sound by the command `fluidsynth`; its Python module is not used.

The settings are those with which the published alignments are met best: a grid of 24 ticks a quarter (FluidSynth plays
half a tick early), nothing after the end of the last note, no chorus, and FluidSynth's reverb in a room a little
larger than its default one. (Up to version 2.0 its reverb counted in samples, so at 16 kHz it rang for longer.)
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dp.align.spectrum import F32
from dp.errors import DataError
from dp.units import TICKS_PER_QUARTER, IntArray, sample_to_sec

COMMAND = "fluidsynth"
SOUNDFONT_VARIABLE = "DP_SOUNDFONT"  # environment variable that names another soundfont
PACKAGES = "apt install fluidsynth musescore-general-soundfont-small"
# Where Debian puts soundfonts. MuseScore General is that of muspy, with which the dataset plays its scores
# (github.com/salu133445/bach-violin-dataset, src/synthesize_scores.py).
_FOLDERS = (Path("/usr/share/sounds/sf3"), Path("/usr/share/sounds/sf2"))
_PATTERN = "MuseScore_General*.sf[23]"
_OPTIONS = {  # chosen by the published alignments, as the module's head says
    "synth.gain": "1",
    "synth.chorus.active": "0",
    "synth.reverb.active": "1",
    "synth.reverb.room-size": "0.3",  # of 0.2, 0.3, 0.35 and 0.4 the best
    "synth.reverb.damp": "0",
    "synth.reverb.width": "0.5",
    "synth.reverb.level": "0.9",
    "synth.dynamic-sample-loading": "1",  # of the one instrument only: seconds less
}
_VELOCITY = 64  # of all notes, as in the published ones
_SILENT_PEAK = 1e-3  # full scale being 1: what it writes for silence is dithered; own choice
_MAX_TEMPO = 2**24 - 1  # microseconds per quarter that a MIDI file can state


def find_command() -> Path:
    """Find the command on the PATH.

    Raises:
        DataError: it is not installed.
    """
    found = shutil.which(COMMAND)
    if found is None:
        raise DataError(COMMAND, "command not found", f"install it (Debian: {PACKAGES})")
    return Path(found)


def find_soundfont() -> Path:
    """Find the MuseScore General soundfont, or the one that the environment variable DP_SOUNDFONT names.

    Raises:
        DataError: there is none.
    """
    named = os.environ.get(SOUNDFONT_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise DataError(SOUNDFONT_VARIABLE, f"names {named}, which is not a file", "correct it")
        return Path(named)
    found = [path for folder in _FOLDERS for path in sorted(folder.glob(_PATTERN)) if path.is_file()]
    if not found:
        places = " or ".join(str(folder) for folder in _FOLDERS)
        advice = f"install it (Debian: {PACKAGES}) or name a soundfont in {SOUNDFONT_VARIABLE}"
        raise DataError("soundfont MuseScore General", f"not found in {places}", advice)
    return found[0]


def synthesize(
    onset_tick: IntArray, offset_tick: IntArray, pitch: IntArray, program: int, sample_count: int, sample_rate_hz: int
) -> F32:
    """Play notes at the one tempo that makes them last as long as a recording.

    Args:
        onset_tick: [N] 24 ticks per quarter, from the start of the piece.
        offset_tick: [N] at least the onset.
        pitch: [N] MIDI pitch.
        program: General MIDI program, counted from 0.
        sample_count: length of the recording.
        sample_rate_hz: its rate, and that of the result.

    Returns:
        [sample_count] mono; what rings on after the last note is cut off.

    Raises:
        DataError: the command or the soundfont is missing or fails, or the tempo is beyond what MIDI can state.
    """
    import soundfile

    command, soundfont = find_command(), find_soundfont()
    settings = {**_OPTIONS, "synth.default-soundfont": str(soundfont)}  # no other in its place, should it be broken
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    # [L', 2] what the command makes of the notes as a MIDI file
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "score.mid", Path(folder) / "score.wav"
        _write_midi(midi, onset_tick, offset_tick, pitch, program, sample_to_sec(sample_count, sample_rate_hz))
        output = ["-r", str(sample_rate_hz), "-T", "wav", "-O", "s16", "-F", str(wav)]
        done = subprocess.run(
            [str(command), "-ni", "-q", *options, *output, str(soundfont), str(midi)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        try:
            stereo = soundfile.read(wav, dtype="float32", always_2d=True)[0]
        except soundfile.SoundFileError:
            stereo = np.zeros((0, 2), np.float32)
    peak = float(np.abs(stereo).max(initial=0.0))
    if done.returncode != 0 or peak < _SILENT_PEAK:  # where it cannot read a soundfont it exits with 0, too
        words = done.stderr.strip() or "it gives no reason"
        raise DataError(COMMAND, f"made no sound of the score with {soundfont} ({words})", "check the soundfont")
    # [sample_count] both channels' mean
    out = np.zeros(sample_count, np.float32)
    inside = stereo[:sample_count].mean(axis=1)
    out[: len(inside)] = inside
    return out


def _write_midi(
    path: Path, onset_tick: IntArray, offset_tick: IntArray, pitch: IntArray, program: int, duration_sec: float
) -> None:
    """Write notes [N] as a MIDI file of one track, at the one tempo that makes them last `duration_sec`.

    Raises:
        DataError: MIDI cannot state that tempo.
    """
    import mido

    tempo = round(1e6 * duration_sec * TICKS_PER_QUARTER / max(int(offset_tick.max()), 1))
    if not 1 <= tempo <= _MAX_TEMPO:
        reason = (
            f"would have to be played at {60e6 / max(tempo, 1e-3):.2g} quarters per minute to last {duration_sec:g} s"
        )
        raise DataError("the score", reason, "check that score and recording belong together")
    track = mido.MidiTrack(
        [mido.MetaMessage("set_tempo", tempo=tempo), mido.Message("program_change", program=program)]
    )
    last = 0
    for tick, kind, note in _make_events(onset_tick, offset_tick, pitch):
        track.append(mido.Message(kind, note=note, velocity=_VELOCITY, time=tick - last))
        last = tick
    mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_QUARTER, tracks=[track]).save(path)


def _make_events(onset_tick: IntArray, offset_tick: IntArray, pitch: IntArray) -> Iterator[tuple[int, str, int]]:
    """Yield the (tick, kind, pitch) of note-ons and note-offs of notes [N] in order.

    At one tick a note's end comes before the next one's beginning.
    """
    events = []
    for onset, offset, note in zip(onset_tick.tolist(), offset_tick.tolist(), pitch.tolist(), strict=True):
        events += [(onset, "note_on", note), (offset, "note_off", note)]
    yield from sorted(events, key=lambda event: event[0])  # stable: notes are sorted by onset
