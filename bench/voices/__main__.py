"""Voices beside FluidSynth and real recordings: every figure of how natural they sound, speed, and pictures.

    python -m bench.voices --project PROJECT [--project ...] --out OUT [--recording PATTERN ...]
                           [--voices DIR ...] [--program 40] [--rate 44100]

PROJECT holds a dataset (`dp rebuild`); its recordings that the split holds out are measured, or those named. Every
system plays the notes as the recording does, by alignment, in its tuning, and is brought to its mean square. FluidSynth
plays FluidR3 where both are installed. DIR is a checkpoint of voices: they play with pitch that they draw themselves,
and with the recording's own pitch curves. Writes OUT/figures.md and OUT/RECORDING.png, the five seconds in the middle.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
from pathlib import Path

import torch

from bench.voices.measure import RECORDING, Measured, measure_recording, measure_vibratos
from bench.voices.picture import draw_spectrograms
from bench.voices.recordings import read_real_recordings
from bench.voices.systems import Play, load_voices_player, make_fluidsynth_player, play_timed
from bench.voices.tables import format_figures, format_vibrato
from dp.audio.transcription import find_transcriber_file, transcribe
from dp.config import PARAMS_FILE, load_config
from dp.data.voices import VoiceRecording
from dp.errors import DataError
from dp.evaluate.sound_metrics import Transcribe
from dp.files import write_whole
from dp.units import CLIP_SEC, sec_to_sample

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
FLUIDSYNTH = "FluidSynth"


def find_transcriber() -> Transcribe | None:
    """The transcriber; without it notes and embeddings are left out."""
    try:
        find_transcriber_file()
    except DataError as error:
        print(f"no note F1 and no Fréchet distance: {error}")
        return None
    return transcribe


def list_players(options: argparse.Namespace) -> dict[str, Play]:
    """List what can play, by name."""
    players: dict[str, Play] = {}
    if shutil.which("fluidsynth") is None or not options.soundfont.is_file():
        print(f"no FluidSynth: the command or {options.soundfont} is missing")
    else:
        players[FLUIDSYNTH] = make_fluidsynth_player(options.soundfont, options.program, options.rate)
    for folder in options.voices:
        for own_curves, name in ((False, str(folder)), (True, f"{folder}, the recording's pitch")):
            players[name] = load_voices_player(folder, options.rate, own_curves)
    return players


def measure(
    recording: VoiceRecording, players: dict[str, Play], options: argparse.Namespace, found: dict[str, Measured]
) -> None:
    """Play and measure one recording; draw its picture."""
    sounds = {RECORDING: recording.samples}
    for name, player in players.items():
        played = play_timed(player, recording)
        sounds[name] = played.samples
        system = found.setdefault(name, Measured())
        system.cpu_sec += played.cpu_sec
        system.audio_sec += len(played.samples) / options.rate
    mel = load_config(options.project[0] / PARAMS_FILE).mel
    measure_recording(recording, sounds, options.rate, mel, find_transcriber(), found)
    measure_vibratos(recording, sounds, options.rate, found)
    middle_sec = CLIP_SEC * (len(recording.samples) / options.rate // (2 * CLIP_SEC))
    first, count = (sec_to_sample(sec, options.rate) for sec in (middle_sec, CLIP_SEC))
    excerpts = {name: sound[first : first + count] for name, sound in sounds.items()}
    title = f"{recording.recording_id}, {middle_sec:g} to {middle_sec + CLIP_SEC:g} s"
    draw_spectrograms(options.out / f"{recording.recording_id}.png", excerpts, options.rate, title)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recording", action="append", default=[], help="id or pattern")
    parser.add_argument("--voices", type=Path, action="append", default=[], help="checkpoint folder")
    parser.add_argument("--program", type=int, default=40, help="General MIDI program of FluidSynth, counted from 0")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    parser.add_argument("--rate", type=int, default=44100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    players = list_players(options)
    found: dict[str, Measured] = {RECORDING: Measured()}
    for project in options.project:
        for recording in read_real_recordings(project, options.recording, options.rate):
            measure(recording, players, options, found)
            print(f"measured {recording.recording_id}", flush=True)
    page = f"{format_figures(found, FLUIDSYNTH if FLUIDSYNTH in found else None)}\n\n{format_vibrato(found)}\n"
    write_whole(options.out / "figures.md", page.encode())
    print(page)


if __name__ == "__main__":
    main()
