"""Train from prepared arrays, on a machine that has torch and numpy and nothing else.

At home `dp train --prepare DIR` writes DIR/<preset>/<model>.npz; take DIR and the folder dp/ along, and run there

    python -m dp.train --arrays DIR

Each training leaves DIR/<preset>/<model>/ with model.pt, config.json and log.jsonl. `dp train --bring DIR` takes them
home.
"""

import argparse
import dataclasses
import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from dp.data.arrays import PREPARED_TYPES
from dp.data.prepared import load_prepared
from dp.errors import EXIT_BAD_INPUT, DataError
from dp.models.checkpoint import save_bare
from dp.presets import CONFIG_TYPES, DEVICES
from dp.train.loop import Course
from dp.train.run import Task, choose_device, run
from dp.train.state import Log

STATE_FILE = "state.pt"
LOG_FILE = "log.jsonl"


def main(arguments: list[str] | None = None) -> int:
    """Train what the options name; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dp.train", description="Train from prepared arrays.")
    parser.add_argument("--arrays", type=Path, required=True, help="folder that `dp train --prepare` wrote")
    parser.add_argument("--preset", help="this preset alone")
    parser.add_argument("--model", help="this model alone")
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="for torch on a CPU")
    parser.add_argument("--minutes", type=float, help="for each training; default: as the preset says")
    parser.add_argument("--steps", type=int, help="for each training; default: as the preset says")
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run stopped")
    options = parser.parse_args(arguments)
    try:
        for path in _find_task_files(options.arrays, options.preset, options.model):
            _train(path, options)
    except DataError as error:
        print(f"dp.train: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("dp.train: stopped; --resume goes on", file=sys.stderr)
        return 130
    return 0


def _find_task_files(folder: Path, preset: str | None, model: str | None) -> list[Path]:
    """Return the arrays of the preset and the model, or of all of them."""
    paths = sorted(folder.glob(f"{preset or '*'}/{model or '*'}.npz"))
    if not paths:
        raise DataError(
            folder, f"holds no arrays for {preset or 'any preset'}, {model or 'any model'}", "check --arrays"
        )
    return paths


def _train(path: Path, options: argparse.Namespace) -> None:
    """Train one model from its arrays and save it beside them."""
    task: Task = load_prepared(path, (Task, *PREPARED_TYPES, *CONFIG_TYPES))
    changes = {"max_minutes": options.minutes, "step_count": options.steps}
    config = dataclasses.replace(task.config, **{key: value for key, value in changes.items() if value is not None})
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    course = Course(choose_device(options.device), folder / STATE_FILE, options.resume)
    with (folder / LOG_FILE).open("a" if options.resume else "w", encoding="utf-8") as file:
        checkpoint = run(
            dataclasses.replace(task, config=config), _make_logger(task.name, file), course, options.threads
        )
    save_bare(checkpoint, folder)


def _make_logger(name: str, file: TextIO) -> Log:
    """Return a log that writes metrics as lines of JSON and prints them."""
    started_sec = time.monotonic()

    def log(metrics: dict[str, float], step: int) -> None:
        file.write(json.dumps({"step": step, "sec": round(time.monotonic() - started_sec, 1), **metrics}) + "\n")
        file.flush()
        text = ", ".join(f"{key} {value:.4g}" for key, value in metrics.items())
        print(f"{name} {step}: {text}", file=sys.stderr)

    return log


if __name__ == "__main__":
    sys.exit(main())
