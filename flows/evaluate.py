"""Evaluate: what the models of a preset, or the simple baselines, make of the clips held out."""

import sys
from collections.abc import Mapping
from pathlib import Path

from prefect import flow, task

from dp.audio.transcription import transcribe, transcriber_file
from dp.config import PARAMS_FILE, Config, load_config
from dp.data.load import load_synthesis_arrays, load_timing_arrays, load_vocoder_arrays
from dp.errors import DataError
from dp.evaluate.performers import evaluate_performers
from dp.evaluate.preset_systems import load_preset, make_simple_baselines, preset_systems
from dp.evaluate.results import publish_metrics
from dp.evaluate.sound import Transcribe, choose_clips, measure_systems
from dp.evaluate.systems import evaluation_clips
from dp.evaluate.timing import measure_timing_baselines, measure_timing_models
from dp.metrics.clip_metrics import ClipMetrics
from dp.parallel.events import Event, emit
from dp.presets import NOTE_MARGIN_FRAME
from dp.project import SIMPLE_BASELINES, data_folder, evaluate_stage, models_folder
from dp.stages.runs import current_run, mark_published
from flows.stage import run_stage


def find_transcriber(stage: str) -> Transcribe | None:
    """The transcriber, or None with a word about why where it is not installed."""
    try:
        transcriber_file()
    except DataError as error:
        emit(Event(stage, text=f"no note metrics: {error}"))
        return None
    return transcribe


@task(name="measure sound")
def measure_sound(project: Path, config: Config, name: str) -> list[ClipMetrics]:
    """All that makes sound, clip by clip."""
    data, stage = data_folder(project), evaluate_stage(name)
    if name == SIMPLE_BASELINES:
        systems = make_simple_baselines()
    else:
        others = models_folder(project, config.preset)
        systems = preset_systems(name, load_preset(models_folder(project, name)), load_preset(others).vocoder)
    arrays = load_synthesis_arrays(data, config.mel, margin_frame=NOTE_MARGIN_FRAME)
    clips = choose_clips(evaluation_clips(arrays.clips, load_vocoder_arrays(data, config.mel).clips))

    def tell(done: int, clip_id: str) -> None:
        emit(Event(stage, done, len(clips), clip_id))

    return measure_systems(clips, systems, config.mel, find_transcriber(stage), tell)


@task(name="measure timing")
def measure_timing(project: Path, config: Config, name: str) -> tuple[list[ClipMetrics], Mapping[str, object]]:
    """The timing model, or its simple baselines, clip by clip; and whether it knows its performers apart."""
    sources = (data_folder(project), config.mel, config.split)
    if name == SIMPLE_BASELINES:
        return measure_timing_baselines(load_timing_arrays(*sources)), {}
    timing = load_preset(models_folder(project, name)).timing
    if timing is None:
        return [], {}
    arrays = load_timing_arrays(*sources)
    return measure_timing_models({name: timing}, arrays), evaluate_performers(timing, arrays)


@flow(name="evaluate")
def evaluate(project: str, name: str) -> None:
    """Checkpoints and clips to metrics/<name>.json and metrics/clips/<name>.json."""
    config = load_config(Path(project) / PARAMS_FILE)
    timing, performers = measure_timing(Path(project), config, name)
    publish_metrics(Path(project), name, [*timing, *measure_sound(Path(project), config, name)], performers)
    mark_published(Path(project), evaluate_stage(name), current_run())


if __name__ == "__main__":
    (_, _name) = sys.argv
    run_stage(evaluate, evaluate_stage(_name), name=_name)
