"""Alignment measured against the publication's aligner (P) and synctoolbox (Y), on suites with exact truth.

    python -m bench.align --data DATA --out SCRATCH [--suites S1 S2] [--systems ours P Y] [--reuse-peers] [--items]

DATA holds bach-violin/ and vienna4x22/. Suites are made in SCRATCH/suites (by Debian's fluidsynth and FluidR3_GM.sf2;
about 1 GB for all five), runs go to SCRATCH/runs, figures to SCRATCH/figures.json. Ours is `dp align --pairs` on the
published MusicXML; every system aligns all items in one process of its own, on one thread. Costs are CPU seconds, those
of the start and of all children with them. A note that is not returned counts as 1000 ms. P takes 14 GB, and both peers
together about ten minutes: `--reuse-peers` takes their earlier results where the recordings are the same.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench.align import tables
from bench.align.compare import OURS, PEER_SYSTEMS, SYSTEMS, Cost, errors_by_item, errors_by_suite, run_system
from bench.align.scoring import Errors, figures_of
from bench.align.suites import SOUNDFONT, SUITES, Data, Item, build_suite
from dp.errors import DataError


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.align", description=(__doc__ or "").splitlines()[0])
    add_data_options(parser)
    parser.add_argument("--suites", nargs="+", default=["S1", "S2"], choices=SUITES, help="what to measure on")
    parser.add_argument("--systems", nargs="+", default=["ours", "P", "Y"], choices=SYSTEMS, help="what to measure")
    parser.add_argument("--reuse-peers", action="store_true", help="take earlier results of P and Y")
    parser.add_argument("--items", action="store_true", help="print our figures for every item too")
    parser.add_argument("--figure", type=Path, help="PNG to draw the distribution of errors into")
    return parser.parse_args()


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Where data come from and go to; shared by the commands of this folder."""
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder of bach-violin and vienna4x22"
    )
    parser.add_argument("--bach-violin", type=Path, help="the Bach Violin Dataset, if elsewhere")
    parser.add_argument("--vienna", type=Path, help="Vienna 4x22, if elsewhere")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT, help="FluidR3_GM.sf2")
    parser.add_argument("--out", type=Path, required=True, help="scratch folder")


def data_of(given: argparse.Namespace) -> Data:
    """The data sets that the command line names."""
    return Data(
        given.bach_violin or given.data / "bach-violin", given.vienna or given.data / "vienna4x22", given.soundfont
    )


def run(given: argparse.Namespace) -> None:
    """Build, run, print."""
    items: list[Item] = []
    for suite in given.suites:
        items += build_suite(suite, given.out / "suites", data_of(given))
    items.sort(key=lambda item: item.duration_sec)
    name = "_".join(given.suites)
    costs: dict[str, Cost] = {}
    errors: dict[str, dict[str, Errors]] = {}
    for system in given.systems:
        out = given.out / "runs" / name / system
        costs[system] = run_system(system, items, out, given.reuse_peers and system in PEER_SYSTEMS)
        errors[system] = errors_by_suite(items, out)
    chaconne = [item for item in items if item.name == tables.CHACONNE]
    if OURS in given.systems and chaconne:
        costs[tables.CHACONNE] = run_system(OURS, chaconne, given.out / "runs" / name / "chaconne", False)
    results = {s: {suite: figures_of(e) for suite, e in of_suite.items()} for s, of_suite in errors.items()}
    if given.items and OURS in given.systems:
        for item, found in errors_by_item(items, given.out / "runs" / name / OURS).items():
            print(tables.figures_line(item, figures_of(found)))
    found_goals = tables.goals(results, costs, OURS)
    blocks = [tables.figures_table(results), tables.cost_table(costs), tables.ratio_table(results, OURS, PEER_SYSTEMS)]
    for block in [*blocks, tables.goals_table(found_goals)]:
        if len(block) > 1:
            print("", *block, sep="\n")
    record = {
        "figures": {s: {suite: asdict(f) for suite, f in of_suite.items()} for s, of_suite in results.items()},
        "costs": {s: asdict(cost) | {"items": len(cost.items)} for s, cost in costs.items()},
        "targets": [asdict(goal) | {"met": goal.met} for goal in found_goals],
    }
    (given.out / "figures.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    if given.figure is not None:
        from bench.align.figure import draw_errors

        draw_errors(given.figure, errors)


def main() -> None:
    """Run the command line."""
    try:
        run(arguments())
    except DataError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
