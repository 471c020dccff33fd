"""Keep pictures and sounds of fixed validation clips with MLflow, as a training goes on."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from torch import nn

from dp.audio.writing import write_audio
from dp.models.mel import LogMel
from dp.report.systems_plot import SystemSound, plot_systems
from dp.report.timing_plot import plot_timings
from dp.train.preview import CLIP_COUNT, Preview, make_preview
from dp.train.run import Task
from flows.tracking import TrackedRun


def keep_previews(tracked: TrackedRun, task: Task) -> Callable[[nn.Module, int], None]:
    """Return what keeps previews at validations.

    At the 1st, 2nd, 4th, 8th, ... one, it keeps what the model makes of some clips.
    """
    mel = task.arrays.mel
    clips = task.arrays.select_held_out("clip")[:CLIP_COUNT]
    validation_count = 0

    def keep(model: nn.Module, step: int) -> None:
        nonlocal validation_count
        validation_count += 1
        if validation_count & (validation_count - 1):
            return
        log_mel = LogMel(mel, task.filterbank).to(next(model.parameters()).device)
        for clip in clips:
            made = make_preview(model, clip, log_mel, mel.frame_rate_hz)
            with tempfile.TemporaryDirectory() as folder:
                target = Path(folder) / f"step-{step:07d}"
                target.mkdir()
                _write(target, made, mel.frame_rate_hz, mel.sample_rate_hz)
                tracked.keep(target)

    return keep


def _write(folder: Path, made: Preview, frame_rate_hz: float, sample_rate_hz: int) -> None:
    name = made.clip_id.replace("/", "-")
    if not made.log_mels:
        plot_timings(folder / f"{name}.png", made.notes, made.clip_id)
        return
    sounds = {key: SystemSound(log_mel, made.samples.get(key)) for key, log_mel in made.log_mels.items()}
    plot_systems(folder / f"{name}.png", sounds, made.notes.get("notes"), frame_rate_hz, sample_rate_hz, made.clip_id)
    for key, samples in made.samples.items():
        write_audio(folder / f"{name}-{key}.wav", samples, sample_rate_hz)
