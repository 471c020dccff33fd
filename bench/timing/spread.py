"""Measures how far apart performers of one piece are: 22 pianists play four pieces (Vienna 4x22).

    python -m bench.timing.spread --data ../shared/data/vienna4x22

The metrics are those of a timing model: errors on clips of five seconds, with the true first onset and mean tempo.
Constant tempo stands beside the performers.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from bench.align.match_file import MatchedNotes, read_match_file
from dp.config import MelConfig
from dp.data.arrays import build_timing_arrays
from dp.data.clips import Clip
from dp.data.timing_pieces import Performance
from dp.evaluate.timing import measure_timing_baselines
from dp.store.clips import find_clip_bounds
from dp.types import PerformedNotes, ScoreNotes
from dp.units import sec_to_frame

MEL = MelConfig()
METRICS = ("onset_mse_frame2", "interval_mse_frame2", "duration_mse_frame2")


def make_performance(recording_id: str, matched: MatchedNotes) -> Performance:
    """Make a performance of the notes that were played, from its first note on."""
    played = np.flatnonzero(np.isfinite(matched.onset_sec))
    order = played[np.lexsort((matched.pitch[played], matched.onset_quarter[played]))]
    zeros = np.zeros(len(order), dtype=np.int64)
    onset_quarter = matched.onset_quarter[order] - matched.onset_quarter.min()
    notes = ScoreNotes(
        onset_quarter, matched.duration_quarter[order], matched.pitch[order], zeros, zeros + 1, zeros + 1, zeros
    )
    onset_sec = matched.onset_sec[order] - matched.first_onset_sec
    offset_sec = np.maximum(matched.offset_sec[order] - matched.first_onset_sec, onset_sec + 1e-3)
    return Performance(
        recording_id, notes, PerformedNotes(notes.pitch, zeros, onset_sec, offset_sec, np.ones(len(order)))
    )


def cut_clips(item: Performance, performer: str) -> list[Clip]:
    """Cut a performance into clips, all of them held out."""
    frame_count = int(sec_to_frame(item.performed.offset_sec.max(), MEL.frame_rate_hz))
    return [
        Clip(f"{item.recording_id}/{index:04d}", item.recording_id, "piano", performer, start, end, valid_by_clip=True)
        for index, (start, end) in enumerate(find_clip_bounds(frame_count, MEL.frame_rate_hz))
    ]


def main() -> None:
    """Print a table: root mean squared errors in frames, over the clips of each piece and of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of Vienna 4x22")
    pieces: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((parser.parse_args().data / "match").glob("*.match")):
        pieces[path.stem.rsplit("_", 1)[0]].append(path)
    total: dict[tuple[str, str], list[float]] = defaultdict(list)
    print("| piece | players | clips | predictor | onset | interval | duration |\n|---|---|---|---|---|---|---|")
    for piece, paths in pieces.items():
        performances = [make_performance(path.stem, read_match_file(path)) for path in paths]
        clips = [clip for item in performances for clip in cut_clips(item, item.recording_id.rsplit("_", 1)[1])]
        found: dict[tuple[str, str], list[float]] = defaultdict(list)
        for row in measure_timing_baselines(build_timing_arrays(performances, clips, MEL)):
            for system, metrics in row.metrics.items():
                for metric in METRICS:
                    found[system, metric].append(metrics[metric])
                    total[system, metric].append(metrics[metric])
        show(piece, len(paths), found)
    show("all", len(next(iter(pieces.values()), [])), total)


def show(piece: str, player_count: int, found: dict[tuple[str, str], list[float]]) -> None:
    """Print a line for each predictor."""
    for system in dict.fromkeys(system for system, _ in found):
        roots = " | ".join(f"{np.sqrt(np.mean(found[system, metric])):.2f}" for metric in METRICS)
        print(f"| {piece} | {player_count} | {len(found[system, METRICS[0]])} | {system} | {roots} |")


if __name__ == "__main__":
    main()
