"""Systems run on suites, each in a process of its own, and what came out."""

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.align.scoring import Errors, errors_of, pooled, read_found
from bench.align.suites import Item
from dp.errors import DataError

OURS, PEER_SYSTEMS = "ours", ("P", "R", "Y")
SYSTEMS = (OURS, *PEER_SYSTEMS)
REPOSITORY = Path(__file__).resolve().parents[2]
_ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "NUMBA", "MKL")}
_DP = "from dp.cli import main; main()"


@dataclass(frozen=True)
class Cost:
    """What one process took for its items, its start and its children included."""

    cpu_sec: float  # user and system
    audio_sec: float
    peak_mb: float
    items: dict[str, list[float]]  # of every item the recording's size and time of change, to know it again
    reused: bool = False  # from an earlier run

    @property
    def cpu_sec_per_minute(self) -> float:
        """CPU seconds per minute of audio."""
        return 60 * self.cpu_sec / self.audio_sec


def item_id(item: Item) -> str:
    """Its name among the items of all suites."""
    return f"{item.suite}__{item.name}"


def run_system(system: str, items: list[Item], out: Path, reuse: bool) -> Cost:
    """Align all items in one fresh process; note times go to out/<item's id>.csv.

    Args:
        system: one of SYSTEMS.
        items: what to align, the shortest first.
        out: folder of this run alone.
        reuse: take an earlier run's results if these items have not changed since.

    Raises:
        DataError: the process did not end well.
    """
    record = out / "cost.json"
    prints = {item_id(item): _print_of(item) for item in items}
    if reuse and record.is_file():
        earlier = Cost(**(json.loads(record.read_text(encoding="utf-8")) | {"reused": True}))
        if earlier.items == prints:
            return earlier
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    command = _ours(items, out) if system == OURS else _peer(system, items, out)
    code, cpu_sec, peak_mb = measured(command, out / "log.txt")
    if code not in (0, 1):  # 1: some pair was rejected, which its missing notes tell
        raise DataError(system, f"ended with code {code}", f"read {out / 'log.txt'}")
    cost = Cost(cpu_sec, sum(item.duration_sec for item in items), peak_mb, prints)
    record.write_text(json.dumps(asdict(cost), indent=1), encoding="utf-8")
    return cost


def errors_by_item(items: list[Item], out: Path) -> dict[str, Errors]:
    """Errors of every item of a finished run, by the item's id."""
    return {item_id(item): errors_of(item.truth, read_found(out / f"{item_id(item)}.csv")) for item in items}


def errors_by_suite(items: list[Item], out: Path) -> dict[str, Errors]:
    """Errors of all notes of every suite."""
    by_item = errors_by_item(items, out)
    suites = sorted({item.suite for item in items})
    return {s: pooled([by_item[item_id(item)] for item in items if item.suite == s]) for s in suites}


def measured(command: list[str], log: Path) -> tuple[int, float, float]:
    """Exit code, CPU seconds and peak MB of a command and its children, run in the repository on one thread."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=one_thread_environment(), cwd=REPOSITORY)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def one_thread_environment() -> dict[str, str]:
    """Environment of a process that runs this repository's code on one thread."""
    return os.environ | _ONE_THREAD | {"PYTHONPATH": str(REPOSITORY)}


def _ours(items: list[Item], out: Path) -> list[str]:
    pairs = out / "pairs.csv"
    with pairs.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "score", "audio"))
        writer.writerows((item_id(i), i.score_path.resolve(), i.audio_path.resolve()) for i in items)
    return [sys.executable, "-c", _DP, "align", "--pairs", str(pairs.resolve()), "-o", str(out.resolve())]


def _peer(system: str, items: list[Item], out: Path) -> list[str]:
    work = out / "work.json"
    rows = [
        {"id": item_id(i), "score": str(i.score_path), "audio": str(i.audio_path), "program": i.program} for i in items
    ]
    work.write_text(json.dumps(rows), encoding="utf-8")
    return [sys.executable, "-m", "bench.align.peers", system, str(work.resolve()), str(out.resolve())]


def _print_of(item: Item) -> list[float]:
    state = item.audio_path.stat()
    return [float(state.st_size), state.st_mtime]
