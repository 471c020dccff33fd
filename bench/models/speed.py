"""Measures how fast the models run on one CPU thread, and whether their memory grows as the music does.

    python -m bench.models.speed

Untrained models of the presets `ours` and `publication` in params.yaml, as large as trained ones, on made-up music of
10 notes a second. Seconds are CPU time, the best of some runs; memory is the peak that a fresh process adds.
Targets: timing 60 s in 0.1 s, synthesis 60 s in 0.4 s, Vocos 150 times and HiFi-GAN 20 times real time, memory linear.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import multiprocessing
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from dp.config import load_config
from dp.data.tempo_map import build_written_tempo_map
from dp.models.checkpoint import Checkpoint
from dp.models.hifigan import HifiganDims, HifiganModel
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingDims, TimingModel
from dp.models.vocos import VocosDims, VocosModel
from dp.presets import TimingConfig
from dp.render import perform, synthesize
from dp.types import PerformedNotes, Score, ScoreNotes

NOTES_PER_SEC = 10
REPEATS = 5
CONFIG = load_config(Path(__file__).resolve().parents[2] / "params.yaml")
MEL = CONFIG.mel


def make_music(length_sec: float) -> Score:
    """Make sixteenths at 150 quarters per minute, each a random pitch of four octaves."""
    count = int(length_sec * NOTES_PER_SEC)
    onset = 0.25 * np.arange(count, dtype=np.float64)
    zeros = np.zeros(count, dtype=np.int64)
    pitch = np.random.default_rng(0).integers(48, 96, count)
    notes = ScoreNotes(onset, np.full(count, 0.25), pitch, zeros, zeros + 1, 1 + np.arange(count) // 16, zeros)
    return Score("music", notes, np.array([0.0]), np.array([150.0]), ("part",))


def play_as_written(score: Score) -> PerformedNotes:
    """Play the music exactly as written."""
    notes = score.notes
    tempo_map = build_written_tempo_map(score, None)
    start, end = (
        tempo_map.find_sec(notes.onset_quarter),
        tempo_map.find_sec(notes.onset_quarter + notes.duration_quarter),
    )
    return PerformedNotes(notes.pitch, notes.velocity, start, end, np.ones(len(notes)))


def work(what: str, length_sec: float) -> Callable[[], object]:
    """Return a function that does a model's work on music of this length."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    score = make_music(length_sec)
    if what.startswith("timing"):
        settings = CONFIG.presets[what.split()[1]].timing
        assert isinstance(settings, TimingConfig)
        dims = TimingDims(design=settings.design, width=settings.width, performer_count=20)
        timing = Checkpoint(TimingModel(dims).eval(), MEL, 0)
        return lambda: perform(score, timing, None, None)
    if what.startswith("synthesis"):
        chosen = CONFIG.presets[what.split()[1]].synthesis
        assert chosen is not None
        synthesis = Checkpoint(SynthesisModel(chosen.dims).eval(), MEL, 0)
        performed = play_as_written(score)
        return lambda: synthesize(performed, build_written_tempo_map(score, None), synthesis, None)
    vocoder = VocosModel(VocosDims()) if what == "vocos" else HifiganModel(HifiganDims())
    log_mel = torch.randn(int(length_sec * MEL.frame_rate_hz), MEL.band_count)
    return lambda: vocoder.eval().vocode(log_mel)


def measure_cpu_sec(what: str, length_sec: float) -> float:
    """Return the CPU time of the work, the best of REPEATS."""
    job = work(what, length_sec)
    job()
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        job()
        times.append(time.process_time() - started)
    return min(times)


def _measure_peak_mb(what: str, length_sec: float) -> float:
    """Return by how many MiB the work raises the process's peak of memory."""
    job = work(what, length_sec)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    """Print a table."""
    print(f"{'model':24}{'60 s, CPU s':>12}{'x real time':>12}{'MB for 60 s':>13}{'240 s':>8}{'960 s':>8}")
    for what in ("timing ours", "timing publication", "synthesis ours", "synthesis publication", "vocos", "hifigan"):
        seconds = measure_cpu_sec(what, 60.0)
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            memory = pool.starmap(_measure_peak_mb, [(what, length_sec) for length_sec in (60.0, 240.0, 960.0)], 1)
        cells = "".join(f"{value:{width}.0f}" for value, width in zip(memory, (13, 8, 8), strict=True))
        print(f"{what:24}{seconds:12.3f}{60.0 / seconds:12.0f}{cells}", flush=True)


if __name__ == "__main__":
    main()
