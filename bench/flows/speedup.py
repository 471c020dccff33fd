"""What a second worker brings: copies of real recordings aligned by one worker and by two, start-up apart.

    python -m bench.flows.speedup CORPUS_ROOT [COPIES]

CORPUS_ROOT is a copy of the Bach Violin Dataset. Each worker first aligns one recording, so that its imports and its
compiling are not counted. Target: two workers at least 1.7 times one.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from dp.config import Config, CorpusConfig
from dp.parallel.dask_cluster import open_dask_client, work_off
from dp.parallel.environment import WORKERS_VARIABLE
from dp.stages.align import AlignJob, align_recording, plan_align
from dp.stages.ingest import ingest_recording, plan_ingest, publish_ingest

TARGET = 1.7


def copies(jobs: tuple[AlignJob, ...], count: int, name: str) -> list[AlignJob]:
    """The recordings over and over, under keys that nothing was computed for."""
    return [replace(jobs[index % len(jobs)], key=f"{name}-{index}") for index in range(count)]


def aligning_sec(jobs: tuple[AlignJob, ...], worker_count: int, count: int) -> float:
    """Seconds to align `count` copies."""
    os.environ[WORKERS_VARIABLE] = str(worker_count)
    with open_dask_client(count) as client:
        list(work_off(client, align_recording, copies(jobs, 2 * worker_count, f"warm-{worker_count}")))
        start_sec = time.perf_counter()
        outcomes = list(work_off(client, align_recording, copies(jobs, count, f"timed-{worker_count}")))
        elapsed_sec = time.perf_counter() - start_sec
    assert {outcome.outcome for outcome in outcomes} <= {"done", "rejected"}
    print(f"{worker_count} worker(s): {count} alignments in {elapsed_sec:.1f} s")
    return elapsed_sec


def main(root: Path, count: int) -> None:
    """Ingest once, then align with one worker and with two."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        os.chdir(project)
        config = Config(corpus=CorpusConfig("bach-violin", str(root)))
        plan = plan_ingest(project, config)
        publish_ingest(project, config, plan, [ingest_recording(job) for job in plan.jobs])
        jobs = plan_align(project, config)
        audio_sec = sum((job.stored.recording.end_sec or 0.0) - job.stored.recording.start_sec for job in jobs)
        print(f"{len(jobs)} recordings, {audio_sec / 60:.1f} minutes")
        ratio = aligning_sec(jobs, 1, count) / aligning_sec(jobs, 2, count)
        print(f"two workers are {ratio:.2f} times one (target: at least {TARGET:g})")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 48)
