"""Tests whether our timing model knows performers apart; each movement is held out once, with all who play it.

    python -m bench.timing.folds --project PROJECT [--folds 5]

PROJECT is one whose corpus is the Bach Violin Dataset. The movements are dealt to folds; for each fold a model is
trained on the others, as the preset `ours` says, and plays the fold's movements as every performer with
enough recordings. Prints the permutation test of `dp.evaluate.performers` over all folds.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from dp.config import Config, load_config
from dp.data.arrays import Arrays, TimingClip, build_timing_arrays
from dp.data.load import load_all_performances
from dp.data.movements import assign_movements, digest_surroundings
from dp.evaluate.performers import compare_performers, correlate_curves
from dp.models.score_timing import ScoreTiming
from dp.project import locate_data_folder
from dp.train.timing import train_timing
from dp.units import FloatArray, IntArray

MIN_RECORDINGS = 2  # of a performer; one is heard while the other is held out
THREAD_COUNT = 1


def build_fold_arrays(project: Path, config: Config, fold_count: int, seed: int) -> list[Arrays[TimingClip]]:
    """Build the data once for each fold, the fold's movements held out with all who play them."""
    performances, clips = load_all_performances(locate_data_folder(project), config.mel, config.split)
    movement_of = assign_movements({item.recording_id: digest_surroundings(item.notes) for item in performances})
    names = np.random.default_rng(seed).permutation(sorted(set(movement_of.values()))).tolist()
    fold_of = {name: index % fold_count for index, name in enumerate(names)}
    return [
        build_timing_arrays(
            performances,
            [replace(clip, valid_by_recording=fold_of[movement_of[clip.recording_id]] == fold) for clip in clips],
            config.mel,
        )
        for fold in range(fold_count)
    ]


def correlate_fold(
    arrays: Arrays[TimingClip], config: Config, performers: Sequence[str], seed: int
) -> tuple[FloatArray, IntArray]:
    """Train on all but a fold; return correlations [R, P] of its recordings, and who plays them [R]."""
    settings = config.presets["ours"].timing
    assert settings is not None
    made = train_timing(arrays, replace(settings, seed=seed), lambda metrics, step: None, THREAD_COUNT)
    assert isinstance(made.model.network, ScoreTiming)
    pieces = {item.piece.recording_id: item.piece for item in arrays.clips if item.clip.valid_by_recording}
    chosen = [piece for piece in pieces.values() if piece.performer in performers]
    indices = [made.find_performer_index(performer) for performer in performers]
    table = correlate_curves("tempo", made.model.network.eval(), chosen, indices)
    return table, np.array([performers.index(piece.performer) for piece in chosen])


def main() -> None:
    """Print the test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    config = load_config(options.project / "params.yaml")
    folds = build_fold_arrays(options.project, config, options.folds, options.seed)
    recordings = {item.piece.recording_id: item.piece.performer for item in folds[0].clips}
    counts = Counter(recordings.values())
    performers = sorted(name for name, count in counts.items() if count >= MIN_RECORDINGS)
    tables, players, numbers = [], [], []
    for number, arrays in enumerate(folds):
        table, player = correlate_fold(arrays, config, performers, options.seed)
        tables.append(table)
        players.append(player)
        numbers.append(np.full(len(player), number))
        print(f"fold {number + 1} of {len(folds)}: {len(player)} recordings", file=sys.stderr, flush=True)
    found = compare_performers(np.concatenate(tables), np.concatenate(players), np.concatenate(numbers))
    print(f"{len(recordings)} recordings; performers with {MIN_RECORDINGS} or more: {', '.join(performers)}")
    for name, value in asdict(found).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
