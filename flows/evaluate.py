"""Evaluate: what the models of a preset, or the yardsticks, make of the clips held out."""

import sys
from collections.abc import Mapping
from pathlib import Path

from prefect import flow, task

from dp.audio.transcription import transcribe, transcriber_file
from dp.config import PARAMS_FILE, Config, load_config
from dp.data.load import load_synthesis_arrays, load_timing_arrays, load_vocoder_arrays
from dp.errors import DataError
from dp.evaluate.performers import evaluate_manner
from dp.evaluate.preset_systems import load_preset, preset_systems, yardstick_systems
from dp.evaluate.results import publish_scores
from dp.evaluate.sound import Transcribe, choose_clips, score_systems
from dp.evaluate.systems import evaluation_clips
from dp.evaluate.timing import score_timing_models, score_timing_yardsticks
from dp.metrics.clip_metrics import ClipScores
from dp.parallel.events import Event, emit
from dp.presets import NOTE_MARGIN_FRAME
from dp.project import YARDSTICKS, data_folder, evaluate_stage, models_folder
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


@task(name="score sound")
def score_sound(project: Path, config: Config, name: str) -> list[ClipScores]:
    """All that makes sound, clip by clip."""
    data, stage = data_folder(project), evaluate_stage(name)
    if name == YARDSTICKS:
        systems = yardstick_systems()
    else:
        others = models_folder(project, config.preset)
        systems = preset_systems(name, load_preset(models_folder(project, name)), load_preset(others).vocoder)
    arrays = load_synthesis_arrays(data, config.mel, margin_frame=NOTE_MARGIN_FRAME)
    clips = choose_clips(evaluation_clips(arrays.clips, load_vocoder_arrays(data, config.mel).clips))

    def tell(done: int, clip_id: str) -> None:
        emit(Event(stage, done, len(clips), clip_id))

    return score_systems(clips, systems, config.mel, find_transcriber(stage), tell)


@task(name="score timing")
def score_timing(project: Path, config: Config, name: str) -> tuple[list[ClipScores], Mapping[str, object]]:
    """The timing model, or its yardsticks, clip by clip; and whether it knows its performers apart."""
    sources = (data_folder(project), config.mel, config.split)
    if name == YARDSTICKS:
        return score_timing_yardsticks(load_timing_arrays(*sources)), {}
    timing = load_preset(models_folder(project, name)).timing
    if timing is None:
        return [], {}
    arrays = load_timing_arrays(*sources)
    return score_timing_models({name: timing}, arrays), evaluate_manner(timing, arrays)


@flow(name="evaluate")
def evaluate(project: str, name: str) -> None:
    """Checkpoints and clips to metrics/<name>.json and scores/<name>.json."""
    config = load_config(Path(project) / PARAMS_FILE)
    timing, manner = score_timing(Path(project), config, name)
    publish_scores(Path(project), name, [*timing, *score_sound(Path(project), config, name)], manner)
    mark_published(Path(project), evaluate_stage(name), current_run())


if __name__ == "__main__":
    (_, _name) = sys.argv
    run_stage(evaluate, evaluate_stage(_name), name=_name)
