"""Align one pair that `bench.align.cost` stored, and print what it took: what a process of its own does.

    python -m bench.align.cost_of_one STEM

It imports what aligning needs, and little more: that counts too.
"""

import json
import resource
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np

import dp.align.pipeline  # noqa: F401  else its import would count as CPU time
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio.sample_file import open_samples
from dp.config import AlignConfig
from dp.types import ScoreNotes

_SAME_QUARTER = 0.02


def run_stored(stem: Path) -> None:
    """Align a stored pair and print what it took, as JSON."""
    imported_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with np.load(stem.with_suffix(".npz")) as stored:
        notes = ScoreNotes(**{f.name: stored[f.name] for f in fields(ScoreNotes)})
        quarter, sec = stored["truth_quarter"], stored["truth_sec"]
    begun = time.process_time()
    with open_samples(stem.with_suffix(".wav"), ALIGN_SAMPLE_RATE_HZ) as samples:
        found = align(samples, notes, AlignConfig(), stem.name)
    spent = time.process_time() - begun
    minutes = len(samples) / ALIGN_SAMPLE_RATE_HZ / 60
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"minutes": minutes, "cpu": spent / minutes, "peak": peak_mb, "imported": imported_mb}
    result |= {"notes": len(notes) / minutes, "accepted": found.accepted}
    if len(sec):
        path = found.path
        event = np.clip(np.searchsorted(path.score_quarter, quarter - _SAME_QUARTER), 0, len(path.audio_sec) - 1)
        struck = np.abs(path.score_quarter[event] - quarter) < _SAME_QUARTER
        error_ms = 1000 * np.abs(path.audio_sec[event] - sec)[struck]
        result |= {"median": float(np.median(error_ms)), "far": 100 * float((error_ms > 1000).mean())}
    print(json.dumps(result))


if __name__ == "__main__":
    run_stored(Path(sys.argv[1]))
