"""Measure dp.align on suites with exact truth: `OMP_NUM_THREADS=1 python bench/align/run.py --suites SUITES [S1 ...]`.

SUITES is a folder of suites (or the environment's ALIGN_SUITES), a suite a folder of items, an item a folder with

- audio.wav
- score.csv: pitch,onset_quarter,duration_quarter, repeats written out
- truth.csv: the same notes with onset_s,offset_s,offset_sound_s,matched (0: the note was not played)

Prints onset errors in ms (mean, median, 95th percentile, % of notes within 10, 25, 50, 100 ms), offset errors against
the key's release and against the end of sound, CPU seconds per minute of audio, and peak MB so far. A second table says
how confidence goes with error.
"""

import argparse
import json
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.config import AlignConfig
from dp.types import Alignment, ScoreNotes
from dp.units import FloatArray

WITHIN_MS = (10, 25, 50, 100)
HEADER = f"{'':34s} {'mean':>6s} {'median':>6s} {'p95':>6s} " + " ".join(f"{f'<{w}':>5s}" for w in WITHIN_MS)
HEADER += f" {'offset':>6s} {'sound':>6s} {'s/min':>6s} {'MB':>5s} {'fit':>5s}"


@dataclass(frozen=True)
class Result:
    """One aligned item; N notes that were played."""

    onset_error_ms: FloatArray  # [N]
    offset_error_ms: FloatArray  # [N] against the key's release
    sound_error_ms: FloatArray  # [N] against the end of sound
    confidence: FloatArray  # [N]
    score_fit: float
    duration_sec: float
    cpu_sec: float


def read_item(folder: Path) -> tuple[np.ndarray, ScoreNotes]:
    """Samples at the aligner's rate, and the score."""
    sound, rate_hz = soundfile.read(folder / "audio.wav", dtype="float32", always_2d=True)
    samples = soxr.resample(sound.mean(axis=1), rate_hz, ALIGN_SAMPLE_RATE_HZ)
    rows = np.loadtxt(folder / "score.csv", delimiter=",", skiprows=1, ndmin=2)
    return samples, score_notes(rows)


def score_notes(rows: np.ndarray) -> ScoreNotes:
    """Notes of [N, 3] pitch, onset and duration in quarters, in the order given."""
    whole = np.ones(len(rows), np.int64)
    duration = np.where(rows[:, 2] <= 1e-6, 0.0, rows[:, 2])
    onset = rows[:, 1] - rows[:, 1].min()
    return ScoreNotes(onset, duration, rows[:, 0].astype(np.int64), 0 * whole, whole, whole, 0 * whole)


def measure(folder: Path, predictions: Path | None) -> Result:
    """Align one item and compare."""
    samples, notes = read_item(folder)
    started = time.process_time()
    found = align(samples, notes, AlignConfig(), folder.name)
    cpu_sec = time.process_time() - started
    truth = np.genfromtxt(folder / "truth.csv", delimiter=",", names=True)
    if predictions is not None:
        write_prediction(predictions / f"{folder.parent.name}__{folder.name}.csv", notes, found)
    played = truth["matched"] > 0

    def error_ms(estimate: FloatArray, column: str) -> FloatArray:
        return 1000.0 * np.abs(estimate - truth[column])[played]

    performed = found.performed
    return Result(
        error_ms(performed.onset_sec, "onset_s"),
        error_ms(performed.offset_sec, "offset_s"),
        error_ms(performed.offset_sec, "offset_sound_s"),
        performed.confidence[played],
        found.score_fit,
        len(samples) / ALIGN_SAMPLE_RATE_HZ,
        cpu_sec,
    )


def write_prediction(path: Path, notes: ScoreNotes, found: Alignment) -> None:
    """One row per note, with the columns that `dp align` writes."""
    performed = found.performed
    columns = (notes.pitch, notes.onset_quarter, notes.duration_quarter, performed.onset_sec, performed.offset_sec)
    header = "pitch,onset_quarter,duration_quarter,onset_s,offset_s,confidence"
    np.savetxt(path, np.column_stack([*columns, performed.confidence]), "%.5f", ",", header=header, comments="")


def row(name: str, results: list[Result]) -> str:
    """One line of the table, all notes of all items pooled."""
    onset = np.concatenate([r.onset_error_ms for r in results])
    within = " ".join(f"{100 * (onset < w).mean():5.1f}" for w in WITHIN_MS)
    offset = np.concatenate([r.offset_error_ms for r in results]).mean()
    sound = np.concatenate([r.sound_error_ms for r in results]).mean()
    per_minute = 60 * sum(r.cpu_sec for r in results) / sum(r.duration_sec for r in results)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fit = min(r.score_fit for r in results)
    return (
        f"{name:34s} {onset.mean():6.1f} {np.median(onset):6.1f} {np.percentile(onset, 95):6.1f} {within} "
        f"{offset:6.1f} {sound:6.1f} {per_minute:6.2f} {peak_mb:5.0f} {fit:5.2f}"
    )


def calibration(results: list[Result]) -> list[str]:
    """How confidence goes with error, in fifths of the notes."""
    error = np.concatenate([r.onset_error_ms for r in results])
    confidence = np.concatenate([r.confidence for r in results])
    lines = []
    for part in np.array_split(np.argsort(confidence, kind="stable"), 5):
        low, high = confidence[part].min(), confidence[part].max()
        mean, within = error[part].mean(), 100 * (error[part] < 50).mean()
        lines.append(f"    confidence {low:.2f} to {high:.2f}: mean error {mean:6.1f} ms, {within:5.1f} % within 50 ms")
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("suite", nargs="*", default=["S1", "S2"])
    parser.add_argument("--suites", type=Path, default=os.environ.get("ALIGN_SUITES"), help="folder of the suites")
    parser.add_argument("--predictions", type=Path, help="folder to write every item's note times into")
    parser.add_argument("--json", type=Path, help="file to write the figures into")
    given = parser.parse_args()
    if given.suites is None:
        parser.error("give --suites or set ALIGN_SUITES")
    if given.predictions is not None:
        given.predictions.mkdir(parents=True, exist_ok=True)
    print(HEADER)
    totals, figures = [], {}
    for suite in given.suite:
        items = sorted(
            (f.parent for f in (Path(given.suites) / suite).glob("*/audio.wav")),
            key=lambda f: (f / "audio.wav").stat().st_size,
        )
        if not items:
            parser.error(f"{Path(given.suites) / suite} holds no items")
        measure(items[0], None)  # imports and compilation are not what is measured
        results = []
        for item in items:
            results.append(measure(item, given.predictions))
            print(row(f"{suite} {item.name}", results[-1:]), flush=True)
        totals += [row(suite, results), *calibration(results)]
        errors = np.concatenate([r.onset_error_ms for r in results])
        figures[suite] = {"mean_ms": float(errors.mean()), "median_ms": float(np.median(errors))}
        figures[suite] |= {f"within_{w}_ms": float((errors < w).mean()) for w in WITHIN_MS}
    print(HEADER, *totals, sep="\n")
    if given.json is not None:
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
