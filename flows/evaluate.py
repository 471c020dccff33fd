"""Evaluate: errors of the three models on the clips held out."""

import json
from pathlib import Path

from prefect import flow, task

from dp.audio.mel import mel_filterbank
from dp.config import PARAMS_FILE, load_config
from dp.data.load import load_synthesis_arrays, load_timing_arrays, load_vocoder_arrays
from dp.files import write_whole
from dp.jobs.events import Event, emit
from dp.jobs.runs import current_run, mark_published
from dp.project import METRICS_FILE, data_folder, models_folder
from dp.render import load_models
from dp.train.evaluate import Results, evaluate_synthesis, evaluate_timing, evaluate_vocoder, merge
from flows.stage import run_stage

STAGE = "evaluate"
MODEL_COUNT = 3


@task(name="evaluate models")
def evaluate_models(project: Path) -> Results:
    """Evaluate one model after the other."""
    mel = load_config(project / PARAMS_FILE).mel
    data, models = data_folder(project), load_models(models_folder(project))
    emit(Event(STAGE, 0, MODEL_COUNT))
    timing = evaluate_timing(models.timing, load_timing_arrays(data, mel))
    emit(Event(STAGE, 1, MODEL_COUNT, "timing"))
    synthesis = evaluate_synthesis(models.synthesis, load_synthesis_arrays(data, mel))
    emit(Event(STAGE, 2, MODEL_COUNT, "synthesis"))
    vocoder = evaluate_vocoder(models.vocoder, load_vocoder_arrays(data, mel), mel_filterbank(mel))
    emit(Event(STAGE, 3, MODEL_COUNT, "vocoder"))
    return merge([timing, synthesis, vocoder])


@flow(name="evaluate")
def evaluate(project: str) -> None:
    """Checkpoints and clips to metrics/evaluation.json."""
    results = evaluate_models(Path(project))
    path = Path(project) / METRICS_FILE
    path.parent.mkdir(exist_ok=True)
    write_whole(path, (json.dumps(results, indent=2) + "\n").encode())
    mark_published(Path(project), STAGE, current_run())


if __name__ == "__main__":
    run_stage(evaluate, STAGE)
