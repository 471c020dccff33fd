"""Train: one of the three models, on what the feature store holds."""

import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dask.system import CPU_COUNT
from prefect import flow, task

from dp.audio.mel import mel_filterbank
from dp.config import PARAMS_FILE, Config, load_config
from dp.data.load import load_synthesis_arrays, load_timing_arrays, load_vocoder_arrays
from dp.jobs.events import Event, emit
from dp.jobs.runs import current_run, mark_published
from dp.models.checkpoint import Checkpoint, save_checkpoint
from dp.project import data_folder, models_folder
from dp.train.loop import Log
from dp.train.synthesis import train_synthesis
from dp.train.timing import train_timing
from dp.train.vocoder import train_vocoder
from flows.stage import run_stage
from flows.tracking import data_versions, tracked_run

Trainer = Callable[[Path, Config, str, Log, int], Checkpoint[Any]]


def _timing(data: Path, config: Config, note: str, log: Log, thread_count: int) -> Checkpoint[Any]:
    return train_timing(load_timing_arrays(data, config.mel, note), config.train.timing, log, thread_count)


def _synthesis(data: Path, config: Config, note: str, log: Log, thread_count: int) -> Checkpoint[Any]:
    return train_synthesis(load_synthesis_arrays(data, config.mel, note), config.train.synthesis, log, thread_count)


def _vocoder(data: Path, config: Config, note: str, log: Log, thread_count: int) -> Checkpoint[Any]:
    arrays = load_vocoder_arrays(data, config.mel, note)
    return train_vocoder(arrays, mel_filterbank(config.mel), config.train.vocoder, log, thread_count)


TRAINERS: dict[str, Trainer] = {"timing": _timing, "synthesis": _synthesis, "vocoder": _vocoder}


def stage_name(model: str) -> str:
    """What DVC calls the stage that trains a model."""
    return f"train@{model}"


@task(name="train model")
def train_model(project: Path, model: str) -> None:
    """Train, keep the checkpoint in models/ and with MLflow."""
    config = load_config(project / PARAMS_FILE)
    model_config = getattr(config.train, model)
    note = f"{config.corpus.name}, clips {data_versions(project).get('data/clips', 'of unknown version')}"
    thread_count = int(os.environ.get("OMP_NUM_THREADS") or CPU_COUNT)
    with tracked_run(project, model, {**asdict(model_config), "thread_count": thread_count}) as run:

        def log(metrics: dict[str, float], step: int) -> None:
            run.log(metrics, step)
            text = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
            emit(Event(stage_name(model), step, model_config.step_count, text))

        checkpoint = TRAINERS[model](data_folder(project), config, note, log, thread_count)
        save_checkpoint(checkpoint, models_folder(project) / model)
        run.keep(models_folder(project) / model)


@flow(name="train")
def train(project: str, model: str) -> None:
    """Clips to a checkpoint."""
    train_model(Path(project), model)
    mark_published(Path(project), stage_name(model), current_run())


if __name__ == "__main__":
    (_, _model) = sys.argv
    run_stage(train, stage_name(_model), model=_model)
