"""What an alignment says of music that is not in the recording: pairs of which a part of the recording is cut away.

    python -m bench.align.cuts --data DATA --out SCRATCH [--only EXPRESSION]

Each recording of `bench.align.wild` is aligned whole; then again without its end, its beginning or its middle. A note
is absent where all its onsets in the whole alignment (one for each time that its bar is played) were cut away. Printed
are, for each cut, how many absent notes are given a confidence of 0.95 and more, how many of them lie in bars that are
named as not heard, and how many of the other notes are right and sure.
"""

import sys
from dataclasses import dataclass

import numpy as np

from bench.align.wild import list_pairs, make_pairs_parser
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.align.doubts import describe_doubts
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.score import read_score
from dp.types import Alignment, Score

CUTS = {"end": (0.7, 1.0), "beginning": (0.0, 0.25), "middle": (0.4, 0.6)}  # shares of the recording
SURE = 0.95
MARGIN_SEC = 0.2  # notes so near a cut are neither here nor there
SAME_SEC = 0.05


@dataclass(frozen=True)
class Result:
    """What came of one cut."""

    name: str
    cut: str
    accepted: bool
    fit: float
    absent: int
    sure: int  # absent notes with a confidence of SURE and more
    named: int  # absent notes of bars that are named
    present: int
    present_sure: int
    right: int  # present notes within SAME_SEC of where the whole alignment has them
    bars: str


def cut_away(samples: np.ndarray, part: tuple[float, float]) -> tuple[np.ndarray, float, float]:
    """Leave out a part of a recording; what remains, and the part in seconds."""
    first, last = (round(share * len(samples)) for share in part)
    kept = np.concatenate([samples[:first], samples[last:]])
    return kept, first / ALIGN_SAMPLE_RATE_HZ, last / ALIGN_SAMPLE_RATE_HZ


def name_written_notes(score: Score) -> list[tuple[str, float, int]]:
    """Name each note [N] of the unfolded score by bar, place in it and pitch: the same in every pass of a repeat."""
    begin = np.array([bar.begin_quarter for bar in score.bars])
    at = np.maximum(np.searchsorted(begin, score.notes.onset_quarter + 1e-6, side="right") - 1, 0)
    place = np.round(score.notes.onset_quarter - begin[at], 3)
    return [(score.bars[b].name, float(p), int(n)) for b, p, n in zip(at, place, score.notes.pitch, strict=True)]


def compare(
    name: str, cut: str, score: Score, whole: Alignment, found: Alignment, begin_sec: float, end_sec: float
) -> Result:
    """Hold the notes of a cut recording against those of the whole one."""
    names = name_written_notes(score)
    true: dict[tuple[str, float, int], list[float]] = {}
    for index, sec in zip(whole.score_index, whole.performed.onset_sec, strict=True):
        true.setdefault(names[index], []).append(float(sec))
    absent, present, near = (np.zeros(len(found.notes), bool) for _ in range(3))
    for i, (index, sec) in enumerate(zip(found.score_index, found.performed.onset_sec, strict=True)):
        times = np.array(true.get(names[index], []))
        kept = times[(times < begin_sec - MARGIN_SEC) | (times > end_sec + MARGIN_SEC)]
        absent[i] = len(times) > 0 and bool(((times > begin_sec + MARGIN_SEC) & (times < end_sec - MARGIN_SEC)).all())
        present[i] = len(kept) > 0
        moved = np.where(kept > begin_sec, kept - (end_sec - begin_sec), kept)
        near[i] = present[i] and np.abs(moved - sec).min() < SAME_SEC
    sure = found.performed.confidence >= SURE
    written = score.notes.onset_quarter[found.score_index]
    named = np.zeros(len(written), bool)
    for doubt in found.doubts:
        if doubt.kind == "absent":
            named |= (written >= doubt.first_quarter - 1e-6) & (written <= doubt.last_quarter + 1e-6)
    return Result(
        name,
        cut,
        found.accepted,
        found.score_fit,
        int(absent.sum()),
        int((absent & sure).sum()),
        int((absent & named).sum()),
        int(present.sum()),
        int((present & sure).sum()),
        int((present & near).sum()),
        "; ".join(filter(None, [found.structure, describe_doubts(found.doubts, score.bars)])),
    )


def main() -> None:
    """Command line."""
    given = make_pairs_parser("cuts", __doc__).parse_args()
    results = []
    for pair in list_pairs(given):
        score = read_score(pair.score)
        samples = read_audio(pair.audio, ALIGN_SAMPLE_RATE_HZ, pair.start_sec, pair.end_sec)
        whole = align(samples, score.notes, AlignConfig(), pair.name, score.repeats)
        for cut, part in CUTS.items():
            kept, *away_sec = cut_away(samples, part)
            found = align(kept, score.notes, AlignConfig(), f"{pair.name} without its {cut}", score.repeats)
            results.append(compare(pair.name, cut, score, whole, found, *away_sec))
            print(results[-1], file=sys.stderr, flush=True)
    print(
        f"{'cut':12s}{'pairs':>6s}{'accepted':>9s}{'absent':>8s}{'sure, %':>9s}{'named, %':>9s}"
        f"{'present':>9s}{'right, %':>9s}{'sure, %':>9s}"
    )
    for cut in CUTS:
        mine = [r for r in results if r.cut == cut]
        absent, present = sum(r.absent for r in mine), sum(r.present for r in mine)
        print(
            f"{cut:12s}{len(mine):6d}{sum(r.accepted for r in mine):9d}{absent:8d}"
            f"{100 * sum(r.sure for r in mine) / max(absent, 1):9.2f}"
            f"{100 * sum(r.named for r in mine) / max(absent, 1):9.2f}{present:9d}"
            f"{100 * sum(r.right for r in mine) / max(present, 1):9.2f}"
            f"{100 * sum(r.present_sure for r in mine) / max(present, 1):9.2f}"
        )


if __name__ == "__main__":
    main()
