"""What a note's confidence is worth, by kind of recording: of the notes that are said to be right, how many are?

    python -m bench.align.reliability --data DATA --out SCRATCH

Rendered suites (piano, violin) have exact truth, rendered human performances (asap) have beats. A real recording has
neither; what tells is the spectral rise of `bench.align.real` at a note's onset, less that 150 to 300 ms beside it. The
notes in a bin of confidence are a mixture of right and wrong ones, whose mean rises are known from the rendered suites
of the same kind of instrument: the share of right ones is where the real notes' mean rise lies between the two. (Right
notes of low confidence rise less than right ones of high confidence, since soft and covered notes are hard to place: so
the means are taken in each bin, and all rises are in units of those of the surest notes of their kind.) Printed are the
shares and the expected calibration error (ECE): the distance between mean confidence and share of right notes, on
average over notes.
"""

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.align.__main__ import add_data_options, data_of
from bench.align.real import FRAME_RATE_HZ, RATE_HZ, constant_q, rise_db, rises
from bench.align.scoring import match_notes, rows_of
from bench.align.suites import build_suite
from bench.align.wild import SAME_BEAT_QUARTER, list_beats, list_pairs
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.corpora import list_recordings
from dp.score import read_score
from dp.types import Alignment
from dp.units import FloatArray, IntArray

RENDERED = {"piano": ("S1", "H1"), "violin": ("S2", "H2")}  # suites of a kind
REAL = (("ishizaka", "piano"), ("bach-violin", "violin"), ("violin-more", "violin"))  # corpora, and their kind
BIN_EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 1.0)
RIGHT_SEC = 0.05
_LEAST_NOTES = 10
_NEAR_FRAME = 2  # the largest rise in so many frames of 8 ms to either side counts
_BESIDE_SEC = (-0.3, -0.25, -0.2, -0.15, 0.15, 0.2, 0.25, 0.3)


@dataclass(frozen=True)
class Notes:
    """Notes of one kind of recording; N of them."""

    confidence: FloatArray  # [N]
    right: FloatArray  # [N] 1 or 0; nan where nobody knows
    rise: FloatArray  # [N] at the onset, less beside it; nan where it was not measured


def measure_rise(audio: Path, slice_sec: tuple[float, float | None], found: Alignment, index: IntArray) -> FloatArray:
    """Measure the rise [n] at the onsets of the notes `index` [n] of an alignment, less that beside them."""
    pitch, onset_sec = found.performed.pitch[index], found.performed.onset_sec[index]
    levels = constant_q(read_audio(audio, RATE_HZ, *slice_sec), found.tuning_cent, int(pitch.min()) - 2)
    rise = rise_db(levels.db)
    near_sec = np.arange(-_NEAR_FRAME, _NEAR_FRAME + 1) / FRAME_RATE_HZ
    here, *beside = (
        rises(rise, levels.min_pitch, pitch, onset_sec, near_sec + away).max(axis=1) for away in (0.0, *_BESIDE_SEC)
    )
    return np.asarray(here - np.mean(beside, axis=0))


def listen_to_suites(suites: Sequence[str], given: argparse.Namespace) -> Notes:
    """The notes of rendered suites."""
    parts = []
    for item in (i for suite in suites for i in build_suite(suite, given.out / "suites", data_of(given))):
        score = read_score(item.score_path)
        samples = read_audio(item.audio_path, ALIGN_SAMPLE_RATE_HZ)
        found = align(samples, score.notes, AlignConfig(), item.name, score.repeats)
        rows = rows_of(found)
        rows[:, 5] = np.arange(len(rows))
        matched = match_notes(item.truth, rows)
        known = item.truth.played & np.isfinite(matched[:, 0])
        index = matched[known, 2].astype(int)
        right = np.abs(matched[known, 0] - item.truth.onset_sec[known]) < RIGHT_SEC
        rise = measure_rise(item.audio_path, (0.0, None), found, index)
        parts.append(Notes(found.performed.confidence[index], right.astype(float), rise))
    return join(parts)


def listen_to_beats(given: argparse.Namespace) -> Notes:
    """The notes at the beats of rendered human performances."""
    parts = []
    for pair in list_pairs(given):
        score = read_score(pair.score)
        samples = read_audio(pair.audio, ALIGN_SAMPLE_RATE_HZ, pair.start_sec, pair.end_sec)
        found = align(samples, score.notes, AlignConfig(), pair.name, score.repeats)
        written = score.notes.onset_quarter[found.score_index]
        for quarter, sec in zip(*list_beats(pair, score), strict=True):
            index = np.flatnonzero(np.abs(written - quarter) < SAME_BEAT_QUARTER)
            if len(index):
                error_sec = abs(float(np.median(found.performed.onset_sec[index])) - sec)
                parts.append(
                    Notes(
                        np.array([found.performed.confidence[index].mean()]),
                        np.array([float(error_sec < RIGHT_SEC)]),
                        np.array([np.nan]),
                    )
                )
    return join(parts)


def listen_to_corpus(corpus: str, root: Path) -> Notes:
    """The notes of real recordings."""
    parts = []
    for r in list_recordings("bach-violin" if corpus == "bach-violin" else "folder", root).recordings:
        score, slice_sec = read_score(r.score_path), (r.start_sec, r.end_sec)
        samples = read_audio(r.audio_path, ALIGN_SAMPLE_RATE_HZ, *slice_sec)
        found = align(samples, score.notes, AlignConfig(), r.recording_id, score.repeats)
        index = np.arange(len(found.notes))
        rise = measure_rise(r.audio_path, slice_sec, found, index)
        parts.append(Notes(found.performed.confidence, np.full(len(index), np.nan), rise))
    return join(parts)


def join(parts: list[Notes]) -> Notes:
    """All notes of several recordings."""
    return Notes(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("confidence", "right", "rise")))


def list_bins(notes: Notes) -> list[IntArray]:
    """Which notes [n] are in each bin of confidence."""
    confidence = notes.confidence
    return [
        np.flatnonzero((confidence >= low) & ((confidence < high) | (high == BIN_EDGES[-1])))
        for low, high in itertools.pairwise(BIN_EDGES)
    ]


def find_relative_rise(notes: Notes) -> FloatArray:
    """The rises [N] in units of the surest notes' mean."""
    return np.asarray(notes.rise / notes.rise[list_bins(notes)[-1]].mean())


def estimate_right(notes: Notes, rendered: Notes) -> list[float]:
    """Estimate the share of right notes in every bin, by how much right and wrong rendered ones rise."""
    rise, known = find_relative_rise(notes), find_relative_rise(rendered)
    shares = []
    for index, alike in zip(list_bins(notes), list_bins(rendered), strict=True):
        right, wrong = (
            known[_choose_enough(alike, np.flatnonzero(rendered.right == value))].mean() for value in (1.0, 0.0)
        )
        shares.append(float(np.clip((rise[index].mean() - wrong) / (right - wrong), 0.0, 1.0)) if len(index) else 0.0)
    return shares


def _choose_enough(alike: IntArray, wanted: IntArray) -> IntArray:
    """Which of the wanted notes are alike; all of them where those are too few for a mean."""
    both = np.intersect1d(alike, wanted)
    return both if len(both) >= _LEAST_NOTES else wanted


def describe(kind: str, notes: Notes, shares: list[float]) -> list[str]:
    """The table of one kind."""
    lines, error = [f"{kind}: {len(notes.confidence)} notes"], 0.0
    for (low, high), index, share in zip(itertools.pairwise(BIN_EDGES), list_bins(notes), shares, strict=True):
        if len(index):
            mean = float(notes.confidence[index].mean())
            error += len(index) * abs(mean - share) / len(notes.confidence)
            lines.append(f"  {low:.2f} to {high:.2f}{len(index):8d}{mean:8.3f}{share:8.3f}")
    return [*lines, f"  ECE {error:.3f}"]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.align.reliability", description=(__doc__ or "").split("\n")[0]
    )
    add_data_options(parser)
    given = parser.parse_args()
    given.only, given.program = "asap/", 0
    rendered = {kind: listen_to_suites(suites, given) for kind, suites in RENDERED.items()}
    print(f"{'confidence':14s}{'notes':>6s}{'mean':>8s}{'right':>8s}")
    for kind, notes in {**rendered, "beats": listen_to_beats(given)}.items():
        shares = [float(notes.right[i].mean()) if len(i) else 0.0 for i in list_bins(notes)]
        print(*describe(f"rendered, {kind}", notes, shares), sep="\n")
    for corpus, kind in REAL:
        notes = listen_to_corpus(corpus, given.data / corpus)
        shares = estimate_right(notes, rendered[kind])
        print(*describe(f"real {kind}, {corpus} (estimated)", notes, shares), sep="\n", flush=True)


if __name__ == "__main__":
    main()
