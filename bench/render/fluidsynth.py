"""Our sound beside FluidSynth's, on the same performed notes: how near to recordings that were held out, and how fast.

    python -m bench.render.fluidsynth PROJECT [--preset ours] [--soundfont FILE ...]

PROJECT holds a dataset and trained models. Both get the notes as the held-out recordings play them, by alignment, so
that sound alone is compared: log-mels and waveforms against the recording's, and the notes that a transcriber hears.
FluidSynth plays a violin at the models' sample rate, with its reverberation. Times are CPU time of one thread, models
loaded, soundfont loading and process start of FluidSynth included: that is what each costs for one more score.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import resource
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pretty_midi
import torch

from bench.align.rendering import F32, play
from dp.audio.level import scale_to_full_level
from dp.audio.transcription import find_transcriber_file, transcribe
from dp.config import PARAMS_FILE, load_config
from dp.data.arrays import Performance as Played
from dp.data.load import load_performances
from dp.data.load_sound import NOTE_MARGIN_FRAME, load_synthesis_arrays, load_vocoder_arrays
from dp.data.tempo_map import build_performed_tempo_map
from dp.errors import DataError
from dp.evaluate.clip_metrics import find_split, summarize_clips
from dp.evaluate.preset_systems import load_preset, make_simple_baselines
from dp.evaluate.sound import choose_clips, measure_systems
from dp.evaluate.sound_metrics import Transcribe
from dp.evaluate.systems import EvaluationClip, System, make_evaluation_clips, make_synthesis_system
from dp.project import locate_data_folder, locate_models_folder
from dp.render import Performance, RenderOptions, iterate_blocks, load_models
from dp.render.sound import Texture

VIOLIN = 40  # General MIDI program, counted from 0
VELOCITY = 80  # of notes whose velocity nobody knows
SOUNDFONTS = (Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"), Path("/usr/share/sounds/sf2/TimGM6mb.sf2"))
METRICS = ("log_mel_mse_gain_free", "difference_variance_ratio", "stft_distance", "note_f1_50ms")
HEAD = (
    "",
    "split",
    "clips",
    "log-mel distance, gain-free",
    "frame-difference variance",
    "STFT distance",
    "note F1, 50 ms",
)


def as_midi(played: Played) -> pretty_midi.PrettyMIDI:
    """A performance as a violin's MIDI."""
    violin = pretty_midi.Instrument(VIOLIN)
    notes = played.performed
    for pitch, velocity, start, end in zip(notes.pitch, notes.velocity, notes.onset_sec, notes.offset_sec, strict=True):
        start_sec = max(float(start), 0.0)
        violin.notes.append(
            pretty_midi.Note(int(velocity) or VELOCITY, int(pitch), start_sec, max(float(end), start_sec + 0.01))
        )
    midi = pretty_midi.PrettyMIDI(resolution=960)
    midi.instruments.append(violin)
    return midi


def fluidsynth_system(performances: dict[str, Played], soundfont: Path, rate_hz: int, hop_sample: int) -> System:
    """FluidSynth on the true notes of whole recordings, each brought to full level as the recordings are."""

    @cache
    def samples_of_recording(recording_id: str) -> F32:
        return scale_to_full_level(play(as_midi(performances[recording_id]), soundfont, rate_hz))

    def samples_of(clip: EvaluationClip) -> F32:
        first, count = clip.clip.start_frame * hop_sample, len(clip.log_mel) * hop_sample
        inside = samples_of_recording(clip.clip.recording_id)[first : first + count]
        return np.pad(inside, (0, count - len(inside)))

    return System(samples_of=samples_of)


def fluidsynth_cost(performances: Sequence[Played], soundfont: Path, rate_hz: int) -> float:
    """CPU seconds for a minute of music."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    audio_sec = sum(len(play(as_midi(item), soundfont, rate_hz)) / rate_hz for item in performances)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 60.0 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / audio_sec


def our_cost(performances: Sequence[Played], folder: Path) -> float:
    """CPU seconds for a minute of music: synthesis model and vocoder, loaded."""
    models = load_models(folder)
    audio_sec = cpu_sec = 0.0
    for item in performances:
        tempo_map = build_performed_tempo_map(item.notes, item.performed, item.recording_id)
        performance = Performance(
            item.performed, np.zeros(len(item.performed)), tempo_map, None, texture=Texture(RenderOptions().texture)
        )
        started = time.process_time()
        sample_count = sum(len(block.samples) for block in iterate_blocks(performance, models))
        cpu_sec += time.process_time() - started
        audio_sec += sample_count / models.synthesis.mel.sample_rate_hz
    return 60.0 * cpu_sec / audio_sec


def find_transcriber() -> Transcribe | None:
    """The transcriber; without it the notes heard are left out."""
    try:
        find_transcriber_file()
    except DataError as error:
        print(f"no note F1: {error}")
        return None
    return transcribe


def main(project: Path, preset: str, soundfonts: Sequence[Path]) -> None:
    """Print two tables."""
    torch.set_num_threads(1)
    mel, data, folder = (
        load_config(project / PARAMS_FILE).mel,
        locate_data_folder(project),
        locate_models_folder(project, preset),
    )
    models = load_preset(folder)
    arrays = load_synthesis_arrays(data, mel, margin_frame=NOTE_MARGIN_FRAME)
    clips = choose_clips(make_evaluation_clips(arrays.clips, load_vocoder_arrays(data, mel).clips))
    wanted = {item.clip.recording_id for item in clips if find_split(item.clip)}
    performances = {item.recording_id: item for item in load_performances(data) if item.recording_id in wanted}
    assert models.synthesis is not None
    ours = make_synthesis_system(
        models.synthesis, models.vocoder, models.synthesis.train["level"], RenderOptions().texture
    )
    systems = {
        **make_simple_baselines(),
        # As FluidSynth's, its log-mel is that of its waveform, not the one its synthesis model gives to the vocoder.
        preset: System(samples_of=ours.samples_of, level=ours.level),
        **{
            f"FluidSynth, {path.stem}": fluidsynth_system(performances, path, mel.sample_rate_hz, mel.hop_sample)
            for path in soundfonts
        },
    }
    results = summarize_clips(measure_systems(clips, systems, mel, find_transcriber()))
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for splits in results.values():
        for split, by_system in sorted(splits.items(), reverse=True):
            for name, metrics in by_system.items():
                found = [metrics.get(metric) for metric in METRICS]
                cells = ["" if m is None else f"{m['mean']:.2f} ({m['low']:.2f} to {m['high']:.2f})" for m in found]
                count = max(int(m["n"]) for m in found if m is not None)
                print(f"| {name} | {split} | {count} | " + " | ".join(cells) + " |")
    played = list(performances.values())
    print("\n| | CPU s per minute of music | times real time | MB |\n|---|---|---|---|")
    weights = [folder / name / "model.safetensors" for name in ("timing", "synthesis", "vocoder")]
    costs = [(preset, our_cost(played, folder), weights)]
    costs += [
        (f"FluidSynth, {path.stem}", fluidsynth_cost(played, path, mel.sample_rate_hz), [path]) for path in soundfonts
    ]
    for name, cpu_sec, files in costs:
        size_mb = sum(path.stat().st_size for path in files) / 1e6
        print(f"| {name} | {cpu_sec:.2f} | {60.0 / cpu_sec:.0f} | {size_mb:.0f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--preset", default="ours")
    parser.add_argument("--soundfont", type=Path, nargs="+", default=SOUNDFONTS)
    given = parser.parse_args()
    main(given.project, given.preset, given.soundfont)
