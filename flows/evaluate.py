"""Evaluate: the models, and what they are compared with, on the clips held out."""

import json
from pathlib import Path

from prefect import flow, task

from dp.audio.transcription import transcribe, transcriber_file
from dp.config import PARAMS_FILE, load_config
from dp.data.load import load_synthesis_arrays, load_timing_arrays, load_vocoder_arrays
from dp.errors import DataError
from dp.files import write_whole
from dp.jobs.events import Event, emit
from dp.jobs.runs import current_run, mark_published
from dp.metrics import Results, merge
from dp.project import EVALUATION_REPORT, METRICS_FILE, data_folder, models_folder
from dp.render import load_models
from dp.report.tables import evaluation_report
from dp.train.evaluate import Transcribe, choose_clips, evaluate_systems
from dp.train.evaluate_timing import evaluate_timing
from dp.train.systems import (
    copy_synthesis_system,
    evaluation_clips,
    mean_spectrum_system,
    recording_system,
    synthesis_system,
)
from flows.stage import run_stage

STAGE = "evaluate"


def find_transcriber() -> Transcribe | None:
    """The transcriber, or None with a word about why where it is not installed."""
    try:
        transcriber_file()
    except DataError as error:
        emit(Event(STAGE, text=f"no note metrics: {error}; then delete {METRICS_FILE} and evaluate again"))
        return None
    return transcribe


@task(name="evaluate models")
def evaluate_models(project: Path) -> Results:
    """Evaluate the timing model, then all that makes sound."""
    mel = load_config(project / PARAMS_FILE).mel
    data, models = data_folder(project), load_models(models_folder(project))
    timing = evaluate_timing(models.timing, load_timing_arrays(data, mel))
    systems = {
        "ours": synthesis_system(models.synthesis, models.vocoder),
        "copy-synthesis": copy_synthesis_system(models.vocoder),
        "recording": recording_system(),
        "clip-mean-spectrum": mean_spectrum_system(),
    }
    clips = evaluation_clips(load_synthesis_arrays(data, mel).clips, load_vocoder_arrays(data, mel).clips)
    chosen = choose_clips(clips)

    def tell(done: int, clip_id: str) -> None:
        emit(Event(STAGE, done, len(chosen), clip_id))

    return merge([timing, evaluate_systems(chosen, systems, mel, find_transcriber(), "ours", tell)])


@flow(name="evaluate")
def evaluate(project: str) -> None:
    """Checkpoints and clips to metrics/evaluation.json and reports/evaluation.md."""
    results = evaluate_models(Path(project))
    texts = {
        METRICS_FILE: json.dumps(results, indent=2) + "\n",
        EVALUATION_REPORT: evaluation_report(results),
    }
    for name, text in texts.items():
        path = Path(project) / name
        path.parent.mkdir(exist_ok=True)
        write_whole(path, text.encode())
    mark_published(Path(project), STAGE, current_run())


if __name__ == "__main__":
    run_stage(evaluate, STAGE)
