"""Many scores by one worker and by two: throughput, start-up apart, and whether a worker's memory grows.

    python -m bench.render.batch MODELS [--count 200] [--worker-counts 1 2]

MODELS is a folder of trained models; the scores, a minute of music each, are made here. Each worker first renders two
scores, so that its imports and the reading of the models are not counted.
Targets: two workers at least 1.8 times one; under 1.2 GB a worker, and flat.
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pretty_midi

from dp.batch.job import RenderJob, Request, compute_model_version, plan_job, render_job
from dp.parallel.dask_cluster import open_dask_client, work_off
from dp.parallel.outcome import Outcome
from dp.render_options import OutputOptions, RenderOptions

RATIO_TARGET, MEMORY_TARGET_GB = 1.8, 1.2
NOTES_PER_SEC, LENGTH_SEC = 6, 60
WARM_UP = 2  # scores for each worker
TOLD_AFTER = (1, 10, 50, 100, 200)  # scores of a worker


def write_score(path: Path, seed: int) -> None:
    """A minute for a violin: a walk through its range, with a second voice now and then."""
    rng = np.random.default_rng(seed)
    violin = pretty_midi.Instrument(40)
    pitch = 69
    for index in range(NOTES_PER_SEC * LENGTH_SEC):
        pitch = int(np.clip(pitch + rng.integers(-4, 5), 57, 93))
        start_sec, end_sec = index / NOTES_PER_SEC, (index + 1) / NOTES_PER_SEC
        for sounding in (pitch, pitch - 7)[: 1 + int(rng.random() < 0.1)]:
            violin.notes.append(pretty_midi.Note(80, sounding, start_sec, end_sec))
    midi = pretty_midi.PrettyMIDI(initial_tempo=90.0)
    midi.instruments.append(violin)
    midi.write(str(path))


def render_and_tell(job: RenderJob) -> Outcome:
    """Render; the reason tells which process did it and how much memory it holds now, in bytes."""
    outcome = render_job(job)
    assert outcome.outcome == "done", outcome.reason
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Outcome(job.recording_id, "done", f"{os.getpid()} {pages * os.sysconf('SC_PAGE_SIZE')}")


def scores_per_sec(folder: Path, models: Path, count: int, worker_count: int, extras: bool) -> float:
    """Throughput; prints what each worker's memory was on the way."""
    out = folder / f"out-{worker_count}"
    request = Request(out, models.absolute(), RenderOptions(), OutputOptions(extras=extras), ".wav")
    version = compute_model_version(models)
    jobs = [
        plan_job(folder / f"{index}.mid", Path(f"{index}.wav"), request, version)
        for index in range(count + WARM_UP * worker_count)
    ]
    memory: dict[str, list[float]] = defaultdict(list)
    with open_dask_client(len(jobs), worker_count, folder) as client:
        list(work_off(client, render_and_tell, jobs[count:]))
        started_sec = time.perf_counter()
        for outcome in work_off(client, render_and_tell, jobs[:count]):
            process, held_byte = outcome.reason.split()
            memory[process].append(int(held_byte) / 1e9)
        elapsed_sec = time.perf_counter() - started_sec
    rate = count / elapsed_sec
    print(f"{worker_count} worker(s): {count} scores of a minute in {elapsed_sec:.1f} s, {rate:.2f} per s")
    for held_gb in memory.values():
        told = [f"{held_gb[done - 1]:.2f} after {done}" for done in TOLD_AFTER if done <= len(held_gb)]
        print(f"  GB of a worker: {', '.join(told)}; at most {max(held_gb):.2f} (target: {MEMORY_TARGET_GB:g})")
    return rate


def main(models: Path, count: int, worker_counts: list[int], extras: bool) -> None:
    """Render the same scores with each number of workers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(count + WARM_UP * max(worker_counts)):
            write_score(folder / f"{index}.mid", index)
        rates = [scores_per_sec(folder, models, count, number, extras) for number in worker_counts]
        for number, rate in zip(worker_counts[1:], rates[1:], strict=True):
            times = rate / rates[0]
            print(f"{number} worker(s) are {times:.2f} times {worker_counts[0]} (target for 2: {RATIO_TARGET:g})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--worker-counts", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--extras", action="store_true", help="write MIDI, CSV, picture and so on, too")
    given = parser.parse_args()
    main(given.models, given.count, given.worker_counts, given.extras)
