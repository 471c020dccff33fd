"""How far a program's note times are from the truth."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.align.performances import Truth
from dp.types import Alignment
from dp.units import FloatArray

WITHIN_MS = (10, 25, 50, 100)
LOST_MS = 1000.0  # what a note counts that was not returned
_SAME_QUARTER = 0.05
_FOUND_COLUMNS = ("pitch", "onset_quarter", "duration_quarter", "onset_s", "offset_s")


@dataclass(frozen=True)
class Errors:
    """Of the notes that were played; N notes."""

    onset_ms: FloatArray  # [N]
    offset_ms: FloatArray  # [N] against the key's release
    sound_end_ms: FloatArray  # [N] against the end of sound
    lost: int  # notes that were not returned
    confidence: FloatArray  # [N] nan where the program states none

    def __len__(self) -> int:
        return len(self.onset_ms)


@dataclass(frozen=True)
class Figures:
    """What the table says of a system on a suite."""

    mean_ms: float
    median_ms: float
    p95_ms: float
    within_percent: tuple[float, ...]  # of WITHIN_MS
    offset_ms: float
    sound_end_ms: float
    lost: int
    notes: int


def read_found(path: Path) -> FloatArray:
    """[N, 6] pitch, onset and duration in quarters, onset and offset in seconds, confidence; N = 0 where nothing is."""
    if not path.is_file():
        return np.zeros((0, 6))
    with path.open(newline="", encoding="utf-8") as file:
        rows = [
            [float(row[c]) for c in _FOUND_COLUMNS] + [float(row.get("confidence") or "nan")]
            for row in csv.DictReader(file)
        ]
    return np.array(rows).reshape(-1, 6)


def rows_of(alignment: Alignment) -> FloatArray:
    """An alignment in the columns of `read_found`."""
    notes, performed = alignment.notes, alignment.performed
    times = (performed.onset_sec, performed.offset_sec, performed.confidence)
    return np.column_stack([notes.pitch, notes.onset_quarter, notes.duration_quarter, *times])


def match_notes(truth: Truth, found: FloatArray) -> FloatArray:
    """[N, 3] onset and offset in seconds and confidence for every note of the truth; nan where none was returned.

    Notes belong together that have the same pitch and the same place in the score, or the same from the first note on.
    """
    best = np.full((len(truth), 3), np.nan)
    if len(found) == 0:
        return best
    for shift_quarter in (0.0, float(truth.onset_quarter.min() - found[:, 1].min())):
        times = np.full((len(truth), 3), np.nan)
        for pitch in np.unique(truth.pitch):
            ours = found[np.rint(found[:, 0]) == pitch]
            theirs = np.flatnonzero(truth.pitch == pitch)
            written = np.column_stack([truth.onset_quarter, truth.duration_quarter])[theirs]
            for i, j in _pairs(written, ours[:, 1:3] + (shift_quarter, 0.0)):
                times[theirs[i]] = ours[j, 3:]
        if np.isfinite(times[:, 0]).sum() > np.isfinite(best[:, 0]).sum():
            best = times
    return best


def _pairs(written: FloatArray, returned: FloatArray) -> list[tuple[int, int]]:
    """Index pairs of notes of one pitch, [N, 2] and [K, 2] onset and duration, at one place; each is used once.

    Those of one duration find each other first: two voices may share a note, of which only one was played.
    """
    pairs: list[tuple[int, int]] = []
    free = np.ones(len(returned), dtype=bool)
    left = list(range(len(written)))
    for duration_slack_quarter in (_SAME_QUARTER, np.inf):
        for i in tuple(left):
            away = np.abs(returned - written[i])
            same = free & (away[:, 0] <= _SAME_QUARTER) & (away[:, 1] <= duration_slack_quarter)
            if same.any():
                best = int(np.argmin(np.where(same, away[:, 0], np.inf)))
                free[best] = False
                left.remove(i)
                pairs.append((i, best))
    return pairs


def errors_of(truth: Truth, found: FloatArray) -> Errors:
    """Absolute errors of the notes that were played."""
    times = match_notes(truth, found)[truth.played]
    lost = ~np.isfinite(times[:, 0])

    def error_ms(estimate_sec: FloatArray, true_sec: FloatArray) -> FloatArray:
        return np.where(lost, LOST_MS, 1000.0 * np.abs(estimate_sec - true_sec[truth.played]))

    return Errors(
        error_ms(times[:, 0], truth.onset_sec),
        error_ms(times[:, 1], truth.offset_sec),
        error_ms(times[:, 1], truth.sound_end_sec),
        int(lost.sum()),
        times[:, 2],
    )


def pooled(parts: list[Errors]) -> Errors:
    """The notes of several recordings as one."""
    return Errors(
        np.concatenate([part.onset_ms for part in parts]),
        np.concatenate([part.offset_ms for part in parts]),
        np.concatenate([part.sound_end_ms for part in parts]),
        sum(part.lost for part in parts),
        np.concatenate([part.confidence for part in parts]),
    )


def figures_of(errors: Errors) -> Figures:
    """The figures of the table."""
    onset_ms = errors.onset_ms
    return Figures(
        float(onset_ms.mean()),
        float(np.median(onset_ms)),
        float(np.percentile(onset_ms, 95)),
        tuple(float(100 * (onset_ms < within).mean()) for within in WITHIN_MS),
        float(errors.offset_ms.mean()),
        float(errors.sound_end_ms.mean()),
        errors.lost,
        len(errors),
    )
