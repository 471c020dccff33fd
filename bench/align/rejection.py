"""Which scores are taken to fit: right pairs of score and recording, and wrong ones; and what confidence is worth.

    python -m bench.align.rejection --data DATA --out SCRATCH

Right pairs: every item of the suites, and the real recordings. Wrong ones: a recording with the score of another
movement of its work, of another piece for its instrument, of a piece for another instrument, always one of about as
many notes; and sounds that are no music. Prints how many are kept and the fits on both sides of the threshold, then a
table of reliability: of the notes with a confidence in a bin, how many are within 50 ms of the truth. Every pair goes
to SCRATCH/rejection.csv.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.align.__main__ import add_data_options, data_of
from bench.align.performances import bach_score
from bench.align.scoring import Errors, errors_of, pooled, rows_of
from bench.align.sounds import SOUNDS
from bench.align.suites import SUITES, Data, Item, build_suite
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.corpora import list_recordings
from dp.corpora.bach_violin import NAME
from dp.errors import DataError
from dp.score import read_score
from dp.types import Alignment

MAX_WRONG_SEC = 240.0  # of the recordings that wrong scores are tried on
WRONG_OF_KIND, SOUNDS_OF_KIND = 45, 6
RIGHT = "right"
BIN_EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
RELIABLE_MS = 50.0


@dataclass(frozen=True)
class Take:
    """A recording, and the score that is right for it."""

    name: str
    audio: Path
    start_sec: float
    end_sec: float
    score: Path
    piece: str  # work and movement, or the name of a piano piece
    item: Item | None = None  # where there is truth

    @property
    def length_sec(self) -> float:
        """Of the slice."""
        return self.end_sec - self.start_sec


@dataclass(frozen=True)
class Verdict:
    """What was said of one pair."""

    kind: str
    recording: str
    score: str
    fit: float
    kept: bool
    reason: str


def takes(data: Data, out: Path, suites: list[str]) -> list[Take]:
    """All recordings at hand."""
    found: list[Take] = []
    for suite in suites:
        for item in build_suite(suite, out / "suites", data):
            end_sec, name = item.duration_sec, f"{suite} {item.name}"
            found.append(Take(name, item.audio_path, 0.0, end_sec, item.score_path, piece_of(item.name), item))
    for r in list_recordings(NAME, data.bach_violin).recordings:
        assert r.end_sec is not None  # the data set states them all
        name, piece = f"real {r.recording_id}", piece_of(r.recording_id)
        found.append(Take(name, r.audio_path, r.start_sec, r.end_sec, r.score_path, piece))
    return found


def piece_of(recording: str) -> str:
    """Work and movement of a Bach recording (whichever repeats are played), or the name of a piano piece."""
    if "_bwv" in recording:
        return "_".join(recording.split("_")[1:3]).split("-")[0]
    return recording.rsplit("_", 1)[0]


def judge(kind: str, name: str, samples: np.ndarray, score: Path) -> tuple[Verdict, Alignment | None]:
    """Align one pair; bad input is a rejection too."""
    try:
        notes = read_score(score)
        found = align(samples, notes.notes, AlignConfig(), name, notes.repeats)
    except DataError as error:
        return Verdict(kind, name, score.name, 0.0, False, str(error)), None
    return Verdict(kind, name, score.name, found.score_fit, found.accepted, found.reason), found


def wrong_scores(all_takes: list[Take], rng: np.random.Generator) -> list[tuple[str, Take, Path]]:
    """(kind, recording, wrong score), `WRONG_OF_KIND` of each kind: the likeliest of a few by the number of notes."""
    transposed = {t.score for t in all_takes if t.score.suffix == ".musicxml" and t.piece.startswith("bwv")}
    of_piece = {take.piece: take.score for take in all_takes if take.score not in transposed}
    count_of = {piece: len(read_score(score).notes) for piece, score in of_piece.items()}
    short = [take for take in all_takes if take.length_sec < MAX_WRONG_SEC]
    pairs: list[tuple[str, Take, Path]] = []
    for kind in ("same work", "another piece", "another instrument"):
        done: set[tuple[str, str]] = set()
        tries = 0
        while len(done) < WRONG_OF_KIND and tries < 20 * WRONG_OF_KIND:
            tries += 1
            take = short[rng.integers(len(short))]
            choice = [p for p in of_piece if kind_of(take.piece, p) == kind]
            if not choice:
                continue
            near = sorted(choice, key=lambda p: abs(np.log(count_of[p] / count_of[take.piece])))[:4]
            piece = near[rng.integers(len(near))]
            if (take.name, piece) not in done:
                done.add((take.name, piece))
                pairs.append((kind, take, of_piece[piece]))
    return pairs


def kind_of(piece: str, other: str) -> str:
    """How wrong the score of `other` is for a recording of `piece`."""
    is_bach = [p.startswith("bwv") for p in (piece, other)]
    if piece == other:
        return RIGHT
    if is_bach[0] != is_bach[1]:
        return "another instrument"
    return "same work" if piece.split("_")[0] == other.split("_")[0] and is_bach[0] else "another piece"


def samples_of(take: Take) -> np.ndarray:
    """[L] at the aligner's rate."""
    return read_audio(take.audio, ALIGN_SAMPLE_RATE_HZ, take.start_sec, take.end_sec)


def judge_all(all_takes: list[Take], data: Data) -> tuple[list[Verdict], list[Errors]]:
    """Verdicts on all pairs, and the errors of the right ones that have a truth."""
    verdicts, errors = [], []
    for take in all_takes:
        verdict, found = judge(RIGHT, take.name, samples_of(take), take.score)
        verdicts.append(verdict)
        if found is not None and take.item is not None:
            errors.append(errors_of(take.item.truth, rows_of(found)))
        _progress(verdicts)
    rng = np.random.default_rng(1)
    for kind, take, score in wrong_scores(all_takes, rng):
        verdicts.append(judge(kind, take.name, samples_of(take), score)[0])
        _progress(verdicts)
    scores = [bach_score(data.bach_violin, "oliver-colbentson_bwv1006_mov5"), next(data.vienna.glob("musicxml/Sch*"))]
    for kind, make in SOUNDS.items():
        for number in range(SOUNDS_OF_KIND):
            sound = make(rng.uniform(50, 110), rng)
            verdicts += [judge(kind, f"{kind} {number}", sound, score)[0] for score in scores]
        _progress(verdicts)
    return verdicts, errors


def verdict_table(verdicts: list[Verdict]) -> list[str]:
    """A line for each kind of pair, then the margin."""
    lines = [f"{'pairs':22s}{'count':>7s}{'kept':>7s}{'rejected':>10s}{'least':>8s}{'median':>8s}{'most':>8s}  fit"]
    for kind in dict.fromkeys(v.kind for v in verdicts):
        fits = np.array([v.fit for v in verdicts if v.kind == kind])
        kept = sum(v.kept for v in verdicts if v.kind == kind)
        spread = f"{fits.min():8.2f}{np.median(fits):8.2f}{fits.max():8.2f}"
        lines.append(f"{kind:22s}{len(fits):7d}{kept:7d}{len(fits) - kept:10d}{spread}")
    right = min(v.fit for v in verdicts if v.kind == RIGHT)
    wrong = max(v.fit for v in verdicts if v.kind != RIGHT)
    wrong_kept = sum(v.kept for v in verdicts if v.kind != RIGHT)
    right_rejected = sum(not v.kept for v in verdicts if v.kind == RIGHT)
    lines.append(
        f"threshold {AlignConfig().min_score_fit:.2f}: weakest right pair {right:.2f}, strongest wrong {wrong:.2f}"
    )
    lines.append(f"{right_rejected} right pairs rejected, {wrong_kept} wrong pairs kept")
    mistaken = [v for v in verdicts if v.kept != (v.kind == RIGHT)]
    return lines + [f"    {v.kind}: {v.recording} with {v.score}: fit {v.fit:.2f}" for v in mistaken]


def reliability(errors: Errors) -> list[str]:
    """Of the notes with a confidence in each bin, how many are within 50 ms; and the mean gap between the two."""
    lines = [f"{'confidence':14s}{'notes':>8s}{'mean':>8s}{'within 50 ms':>14s}"]
    known = np.isfinite(errors.confidence)
    confidence, right = errors.confidence[known], errors.onset_ms[known] < RELIABLE_MS
    bin_of = np.clip(np.searchsorted(BIN_EDGES, confidence, side="right") - 1, 0, len(BIN_EDGES) - 2)
    gap = 0.0
    for b in range(len(BIN_EDGES) - 1):
        mine = bin_of == b
        if mine.any():
            mean, share = confidence[mine].mean(), right[mine].mean()
            gap += mine.mean() * abs(mean - share)
            lines.append(f"{BIN_EDGES[b]:.2f} to {BIN_EDGES[b + 1]:.2f}  {mine.sum():8d}{mean:8.3f}{share:14.3f}")
    return [*lines, f"expected calibration error {gap:.4f}"]


def _progress(verdicts: list[Verdict]) -> None:
    if len(verdicts) % 20 == 0:
        print(f"{len(verdicts)} pairs", file=sys.stderr, flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.align.rejection", description=(__doc__ or "").splitlines()[0]
    )
    add_data_options(parser)
    parser.add_argument("--suites", nargs="+", default=list(SUITES), choices=SUITES)
    given = parser.parse_args()
    all_takes = takes(data_of(given), given.out, given.suites)
    verdicts, errors = judge_all(all_takes, data_of(given))
    with (given.out / "rejection.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("kind", "recording", "score", "fit", "kept", "reason"))
        writer.writerows((v.kind, v.recording, v.score, f"{v.fit:.4f}", int(v.kept), v.reason) for v in verdicts)
    print(*verdict_table(verdicts), "", *reliability(pooled(errors)), sep="\n")


if __name__ == "__main__":
    main()
