"""Whether bars in doubt are bars with faults: scores with misprints, against recordings of what was meant.

    python -m bench.align.misprints --data DATA --out SCRATCH [--only EXPRESSION]

In the score of each recording of `bench.align.wild` one bar is changed: half of its notes are a step off, or it is left
out, or it stands there twice. Printed are, for each kind, how often the bar or one beside it is in doubt, and how many
other bars are; first for scores as they are.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.align.wild import list_pairs, make_pairs_parser
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.score import read_score
from dp.types import Alignment, Score, ScoreNotes

PLACES = (0.25, 0.5, 0.75)  # of a score, at which one bar is changed
NEAR_BARS = 1
LEAST_NOTES = 4  # of a bar that is changed
AS_WRITTEN = "as written"


@dataclass(frozen=True)
class Misprint:
    """A score with one bar changed."""

    kind: str
    notes: ScoreNotes
    begin_quarter: float | None  # where the fault is
    end_quarter: float


def list_misprints(score: Score) -> Iterator[Misprint]:
    """Change one bar of a score at a time."""
    notes = score.notes
    yield Misprint(AS_WRITTEN, notes, None, 0.0)
    rich = [
        bar
        for bar in score.bars
        if ((notes.onset_quarter >= bar.begin_quarter) & (notes.onset_quarter < bar.end_quarter)).sum() >= LEAST_NOTES
    ]
    for place in PLACES:
        bar = rich[int(place * len(rich))]
        begin, end = bar.begin_quarter, bar.end_quarter
        inside = (notes.onset_quarter >= begin) & (notes.onset_quarter < end)
        after = notes.onset_quarter >= end
        odd = inside & (np.cumsum(inside) % 2 == 1)
        pitch = np.where(odd, notes.pitch + np.where(np.cumsum(odd) % 4 < 2, 1, -2), notes.pitch)
        yield Misprint("wrong notes", replace(notes, pitch=pitch), begin, end)
        moved = replace(notes, onset_quarter=notes.onset_quarter - (end - begin) * after)
        yield Misprint("bar left out", moved.take(~inside), begin, begin)
        order = np.concatenate([np.flatnonzero(~after), np.flatnonzero(inside), np.flatnonzero(after)])
        copied = notes.take(order)
        count = int((~after).sum())
        later = np.arange(len(order)) >= count
        twice = replace(copied, onset_quarter=copied.onset_quarter + (end - begin) * later)
        yield Misprint("bar twice", twice, begin, 2 * end - begin)


def find_doubted(found: Alignment, score: Score, misprint: Misprint) -> tuple[bool, int]:
    """Whether the changed bar is in doubt, and how many bars in doubt are not near it."""
    bar_quarter = float(np.median([bar.end_quarter - bar.begin_quarter for bar in score.bars]))
    hit, others = False, 0
    for doubt in found.doubts:
        span = max(round((doubt.last_quarter - doubt.first_quarter) / bar_quarter), 1)
        if misprint.begin_quarter is not None:
            low = misprint.begin_quarter - NEAR_BARS * bar_quarter
            if doubt.last_quarter >= low and doubt.first_quarter < misprint.end_quarter + NEAR_BARS * bar_quarter:
                hit = True
                continue
        others += span
    return hit, others


def main() -> None:
    """Command line."""
    given = make_pairs_parser("misprints", __doc__).parse_args()
    tallies: dict[str, list[tuple[bool, int, int]]] = {}
    for pair in list_pairs(given):
        score = read_score(pair.score)
        samples = read_audio(pair.audio, ALIGN_SAMPLE_RATE_HZ, pair.start_sec, pair.end_sec)
        for misprint in list_misprints(score):
            repeats = score.repeats if misprint.kind == AS_WRITTEN else ()
            found = align(samples, misprint.notes, AlignConfig(min_score_fit=0.0), pair.name, repeats)
            hit, others = find_doubted(found, score, misprint)
            tallies.setdefault(misprint.kind, []).append((hit, others, len(score.bars)))
            print(pair.name, misprint.kind, "named" if hit else "-", others, file=sys.stderr, flush=True)
    print(f"{'misprint':14s}{'scores':>8s}{'named, %':>10s}{'other bars in doubt, %':>24s}")
    for kind, rows in tallies.items():
        hits, others, bars = (sum(column) for column in zip(*rows, strict=True))
        print(f"{kind:14s}{len(rows):8d}{100 * hits / len(rows):10.1f}{100 * others / bars:24.2f}")


if __name__ == "__main__":
    main()
