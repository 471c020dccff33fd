"""Fit the weights of `dp.align.quality.compute_note_confidence`.

    python -m bench.align.calibrate --data DATA --out SCRATCH

A logistic regression on the notes of suites with exact truth: what a note's evidence was, and whether its onset was
within 50 ms. Prints the weights, how well they are calibrated on the notes fitted on and on those of other suites,
and the mean likelihoods of onsets, on which dp.align.quality.compute_score_fit rests.
"""

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bench.align.__main__ import add_data_options, data_of
from bench.align.scoring import match_notes, rows_of
from bench.align.suites import SUITES, Data, Item, build_suite
from dp.align import ALIGN_SAMPLE_RATE_HZ, align, pipeline, quality
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.score import read_score
from dp.units import FloatArray

RELIABLE_SEC = 0.05
_RIDGE = 1e-3
_STEP_COUNT = 40
_BINS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


@dataclass(frozen=True)
class Notes:
    """Evidence and outcome of N notes."""

    columns: FloatArray  # [N, 5] Evidence.columns
    is_right: np.ndarray  # [N] bool
    passage: FloatArray  # [N] what confidence is multiplied by beside the regression


def notes_of(item: Item) -> Notes:
    """Align one item, and note what was known and what came of it."""
    seen: list[quality.Evidence] = []

    def record(*given: Any) -> quality.Evidence:
        seen.append(quality.gather_onset_evidence(*given))
        return seen[-1]

    score = read_score(item.score_path)
    samples = read_audio(item.audio_path, ALIGN_SAMPLE_RATE_HZ)
    with mock.patch.object(pipeline, "gather_onset_evidence", record):
        found = align(samples, score.notes, AlignConfig(), item.name, score.repeats)
    rows = rows_of(found)
    confidence = rows[:, 5].copy()
    rows[:, 5] = np.arange(len(rows))
    matched = match_notes(item.truth, rows)
    known = item.truth.played & np.isfinite(matched[:, 0])
    index = matched[known, 2].astype(int)
    columns = seen[-1].columns()[index]
    regression = 1.0 / (1.0 + np.exp(-columns @ quality.WEIGHTS))
    right = np.abs(matched[known, 0] - item.truth.onset_sec[known]) < RELIABLE_SEC
    likely = 1.0 / (1.0 + np.exp(-columns[:, 1]))
    print(f"{item.suite} {item.name}: fit {found.score_fit:.2f}, mean likelihood {likely.mean():.2f}", flush=True)
    return Notes(columns, right, np.minimum(confidence[index] / np.maximum(regression, 1e-9), 1.0))


def gather(suites: list[str], out: Path, data: Data) -> Notes:
    """The notes of whole suites."""
    parts = [notes_of(item) for suite in suites for item in build_suite(suite, out / "suites", data)]
    return Notes(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("columns", "is_right", "passage")))


def fit(notes: Notes) -> FloatArray:
    """[5] weights of the regression, by Newton's method."""
    weights = np.zeros(notes.columns.shape[1])
    for _ in range(_STEP_COUNT):
        likely = 1.0 / (1.0 + np.exp(-notes.columns @ weights))
        gradient = notes.columns.T @ (notes.is_right - likely) - _RIDGE * weights
        curvature = (notes.columns * (likely * (1.0 - likely))[:, None]).T @ notes.columns
        weights += np.linalg.solve(curvature + _RIDGE * np.eye(len(weights)), gradient)
    return weights


def reliability(notes: Notes, weights: FloatArray) -> list[str]:
    """Of the notes with a confidence in each bin, how many are right."""
    confidence = notes.passage / (1.0 + np.exp(-notes.columns @ weights))
    lines = [f"{'confidence':14s}{'notes':>8s}{'mean':>8s}{'right':>8s}"]
    for low, high in itertools.pairwise(_BINS):
        mine = (confidence >= low) & ((confidence < high) | (high == 1.0))
        if mine.any():
            lines.append(
                f"{low:.2f} to {high:.2f}  {mine.sum():8d}{confidence[mine].mean():8.3f}"
                + f"{notes.is_right[mine].mean():8.3f}"
            )
    sure = confidence >= 0.95
    return [*lines, f"of the notes with at least 0.95: {100 * notes.is_right[sure].mean():.2f} % are right"]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.align.calibrate", description=(__doc__ or "").split("\n")[0])
    add_data_options(parser)
    parser.add_argument("--fit", nargs="+", default=["H1", "H2", "H3", "M"], choices=SUITES, help="suites to fit on")
    parser.add_argument("--check", nargs="+", default=["S1", "S2"], choices=SUITES, help="suites to check on")
    given = parser.parse_args()
    fitted, checked = (gather(suites, given.out, data_of(given)) for suites in (given.fit, given.check))
    weights = fit(fitted)
    print("WEIGHTS =", np.round(weights, 3).tolist())
    for name, notes in (("fitted on", fitted), ("checked on", checked)):
        print(name, *reliability(notes, weights), sep="\n")


if __name__ == "__main__":
    main()
