"""How fast scores become sound on one CPU thread, how soon the first of it comes, and whether memory grows with length.

    python -m bench.render.speed [--models FOLDER] [--score FILE]

With trained models of FOLDER, or else with untrained ones of the preset `ours` in params.yaml, which are as large; on
made-up music of 10 notes a second, and with --score also on a real one. Each time is given as CPU time and by the
clock, the best of some runs; memory is the peak that a fresh process adds to what it has once the models are loaded.
Targets: score to WAV 80 times real time once models are loaded, first sound 0.5 s after that, a cold `dp render` of one
minute of music 8 s, memory of 3 hours about that of 10 minutes.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mido
import torch

from bench.models.speed import CONFIG, MEL, make_music
from dp.audio.writing import AudioWriter
from dp.models.checkpoint import Checkpoint, save_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingDims, TimingModel
from dp.models.vocos import VocosDims, VocosModel
from dp.presets import TimingConfig
from dp.render import ModelSet, RenderOptions, iterate_blocks, load_models, plan
from dp.score import read_score

REPEATS = 3
TICKS_PER_QUARTER = 24


def untrained(folder: Path) -> None:
    """Write models of the preset `ours` that have learned nothing."""
    torch.manual_seed(0)
    preset = CONFIG.presets["ours"]
    assert isinstance(preset.timing, TimingConfig) and preset.synthesis is not None
    dims = TimingDims(design=preset.timing.design, width=preset.timing.width, performer_count=20)
    save_checkpoint(Checkpoint(TimingModel(dims), MEL, 0), folder / "timing")
    save_checkpoint(Checkpoint(SynthesisModel(preset.synthesis.dims), MEL, 0), folder / "synthesis")
    save_checkpoint(Checkpoint(VocosModel(VocosDims()), MEL, 0), folder / "vocoder")


def write_midi(path: Path, length_sec: float) -> None:
    """The made-up music as a file."""
    score = make_music(length_sec)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(float(score.tempo_qpm[0])))])
    for pitch, quarter in zip(score.notes.pitch.tolist(), score.notes.duration_quarter.tolist(), strict=True):
        track.append(mido.Message("note_on", note=pitch, velocity=64))
        track.append(mido.Message("note_off", note=pitch, time=round(quarter * TICKS_PER_QUARTER)))
    mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER, tracks=[track]).save(path)


def to_wav(score_path: Path, out: Path, models: ModelSet) -> float:
    """Render a score file; how long the sound is, in seconds."""
    sample_count = 0
    with AudioWriter(out, MEL.sample_rate_hz) as writer:
        for block in iterate_blocks(plan(read_score(score_path), models, RenderOptions()), models):
            writer.write(block.samples)
            sample_count += len(block.samples)
    return sample_count / MEL.sample_rate_hz


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """CPU time of this process and time by the clock that some work takes."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - clock


def best(runs: list[tuple[float, float]]) -> str:
    """The least of both."""
    return f"{min(cpu for cpu, _ in runs):6.2f} CPU s {min(clock for _, clock in runs):6.2f} s"


def first_sound(score_path: Path, folder: Path) -> tuple[float, float]:
    """From the loaded models and a read score to the first block, in a process that has done nothing before."""
    torch.set_num_threads(1)
    models, score = load_models(folder), read_score(score_path)
    return seconds(lambda: next(iterate_blocks(plan(score, models, RenderOptions()), models)))


def peak_mb(score_path: Path, folder: Path, out: Path) -> tuple[float, float]:
    """Most memory of this process once the models are loaded, and what a rendering adds to it."""
    torch.set_num_threads(1)
    models = load_models(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    to_wav(score_path, out, models)
    return before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before


def cold(score_path: Path, folder: Path, out: Path) -> tuple[float, float]:
    """`dp render` from the shell."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", "from dp.cli import main; main()", "render", str(score_path), "-o", str(out)]
    subprocess.run([*command, "--model", str(folder)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - clock


def measure(models_folder: Path | None, score_path: Path | None, scratch: Path) -> None:
    """Print all figures."""
    torch.set_num_threads(1)
    folder = models_folder or scratch / "models"
    if models_folder is None:
        untrained(folder)
    lengths_sec = {"1 min": 60.0, "10 min": 600.0, "1 h": 3600.0, "3 h": 3 * 3600.0}
    scores = {name: scratch / f"{name}.mid" for name in lengths_sec}
    for name, path in scores.items():
        write_midi(path, lengths_sec[name])
    models, out = load_models(folder), scratch / "out.wav"
    timed = {"1 min": scores["1 min"], "10 min": scores["10 min"]} | (
        {score_path.name: score_path} if score_path else {}
    )
    for name, path in timed.items():
        audio_sec = to_wav(path, out, models)
        runs = [seconds(partial(to_wav, path, out, models)) for _ in range(REPEATS)]
        rate = audio_sec / min(cpu for cpu, _ in runs)
        print(f"score to WAV, {name:8} {best(runs)}, {rate:4.0f} x real time by CPU time", flush=True)
    print(f"cold dp render, 1 min  {best([cold(scores['1 min'], folder, out) for _ in range(REPEATS)])}", flush=True)
    fresh = multiprocessing.get_context("spawn")
    for name in scores:
        with fresh.Pool(1, maxtasksperchild=1) as pool:
            runs = pool.starmap(first_sound, [(scores[name], folder)] * REPEATS, 1)
        print(f"first sound, {name:8}  {best(runs)}", flush=True)
    for name in ("1 min", "10 min", "1 h", "3 h"):
        with fresh.Pool(1, maxtasksperchild=1) as pool:
            before, added = pool.apply(peak_mb, (scores[name], folder, out))
        print(f"memory, {name:8} {added:6.0f} MB beyond {before:.0f} MB", flush=True)


def main() -> None:
    """Parse arguments, measure in a scratch folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, help="folder with timing, synthesis and vocoder")
    parser.add_argument("--score", type=Path, help="a score to be rendered besides")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(arguments.models, arguments.score, Path(scratch))


if __name__ == "__main__":
    main()
