"""Measures one preset, or the simple baselines, on the held-out clips. Evaluations depend on what this imports."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dp.audio.embedding import embed_sound
from dp.audio.transcription import find_transcriber_file, transcribe
from dp.config import Config
from dp.data.load import load_timing_arrays, load_tuned_notes
from dp.data.load_sound import NOTE_MARGIN_FRAME, load_synthesis_arrays, load_vocoder_arrays
from dp.errors import DataError
from dp.evaluate.clip_metrics import ClipMetrics
from dp.evaluate.performers import evaluate_performers
from dp.evaluate.preset_systems import load_preset, make_preset_systems, make_simple_baselines
from dp.evaluate.sound import choose_clips, measure_systems
from dp.evaluate.sound_metrics import Transcribe
from dp.evaluate.systems import make_evaluation_clips
from dp.evaluate.timing import measure_timing_baselines, measure_timing_models
from dp.project import SIMPLE_BASELINES, locate_data_folder, locate_models_folder

Tell = Callable[[int, int, str], None]  # clips done, clips in all, what was just done


def measure_sound(project: Path, config: Config, name: str, tell: Tell) -> list[ClipMetrics]:
    """Measure all that makes sound, clip by clip.

    Args:
        project: the project folder.
        config: its parameters.
        name: a preset, or SIMPLE_BASELINES.
        tell: called as it goes on.

    Raises:
        DataError: a dataset or a model is missing or damaged.
    """
    data = locate_data_folder(project)
    if name == SIMPLE_BASELINES:
        systems = make_simple_baselines()
    else:
        others = locate_models_folder(project, config.preset)
        systems = make_preset_systems(
            name,
            load_preset(locate_models_folder(project, name)),
            load_preset(others).vocoder,
            load_tuned_notes(data),
        )
    arrays = load_synthesis_arrays(data, config.mel, margin_frame=NOTE_MARGIN_FRAME)
    clips = choose_clips(make_evaluation_clips(arrays.clips, load_vocoder_arrays(data, config.mel).clips))

    def on_clip(done: int, clip_id: str) -> None:
        tell(done, len(clips), clip_id)

    transcriber = _find_transcriber(tell)
    embed = None if transcriber is None else embed_sound
    return measure_systems(clips, systems, config.mel, transcriber, on_clip, embed)


def measure_timing(project: Path, config: Config, name: str) -> tuple[list[ClipMetrics], Mapping[str, object]]:
    """Measure the timing model, or its simple baselines, clip by clip; and test whether it knows its performers apart.

    Args:
        project: the project folder.
        config: its parameters.
        name: a preset, or SIMPLE_BASELINES.

    Raises:
        DataError: a dataset or a model is missing or damaged.
    """
    sources = (locate_data_folder(project), config.mel, config.split)
    if name == SIMPLE_BASELINES:
        return measure_timing_baselines(load_timing_arrays(*sources)), {}
    timing = load_preset(locate_models_folder(project, name)).timing
    if timing is None:
        return [], {}
    arrays = load_timing_arrays(*sources)
    return measure_timing_models({name: timing}, arrays), evaluate_performers(timing, arrays)


def _find_transcriber(tell: Tell) -> Transcribe | None:
    """Return the transcriber, or None where it is not installed, after telling why."""
    try:
        find_transcriber_file()
    except DataError as error:
        tell(0, 0, f"no note metrics and no Fréchet distance: {error}")
        return None
    return transcribe
