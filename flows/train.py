"""Train one model of a preset, on what the feature store holds."""

import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from prefect import flow, task

from dp.audio.mel import make_mel_filterbank
from dp.config import PARAMS_FILE, load_config
from dp.models.checkpoint import save_checkpoint
from dp.parallel.environment import count_cores
from dp.parallel.events import Event, emit
from dp.project import locate_data_folder, locate_model_folder, locate_training_folder, name_train_stage
from dp.stages.environment import DEVICE_VARIABLE, RESUME_VARIABLE
from dp.stages.runs import find_current_run, mark_published
from dp.train.load import load_arrays
from dp.train.loop import Course
from dp.train.run import Task, choose_device, run
from flows.previews import keep_previews
from flows.stage import run_stage
from flows.tracking import find_data_versions, track_run


@task(name="train model")
def train_model(project: Path, preset: str, model: str) -> None:
    """Train, keep the checkpoint in models/ and with MLflow."""
    config = load_config(project / PARAMS_FILE)
    settings = config.presets[preset].models()[model]
    note = f"{config.corpus.name}, clips {find_data_versions(project).get('data/clips', 'of unknown version')}"
    arrays = load_arrays(locate_data_folder(project), config, settings, note)
    thread_count = int(os.environ.get("OMP_NUM_THREADS") or count_cores())
    state_folder = locate_training_folder(project, preset, model)
    state_folder.mkdir(parents=True, exist_ok=True)
    device = choose_device(os.environ.get(DEVICE_VARIABLE) or "auto")
    course = Course(device, state_folder / "state.pt", bool(os.environ.get(RESUME_VARIABLE)))
    work = Task(preset, model, settings, arrays, make_mel_filterbank(config.mel))
    params = {**asdict(settings), "thread_count": thread_count, "device": str(device), "preset": preset}
    with track_run(project, f"{preset}/{model}", params) as tracked:

        def log(metrics: dict[str, float], step: int) -> None:
            tracked.log(metrics, step)
            text = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
            emit(Event(name_train_stage(preset, model), step, settings.step_count, text))

        made = run(work, log, replace(course, on_valid=keep_previews(tracked, work)), thread_count)
        save_checkpoint(made, locate_model_folder(project, preset, model))
        tracked.keep(locate_model_folder(project, preset, model))


@flow(name="train")
def train(project: str, preset: str, model: str) -> None:
    """Train a model on the clips, and keep its checkpoint."""
    train_model(Path(project), preset, model)
    mark_published(Path(project), name_train_stage(preset, model), find_current_run())


if __name__ == "__main__":
    (_, _preset, _model) = sys.argv
    run_stage(train, name_train_stage(_preset, _model), preset=_preset, model=_model)
