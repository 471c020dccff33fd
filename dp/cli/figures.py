"""Draw the publication's Figures 3 to 6 from the project's own held-out clips: `dp evaluate --figures`."""

from collections.abc import Sequence
from pathlib import Path

import torch

from dp.config import Config, MelConfig
from dp.data.arrays import TimingClip
from dp.data.load import load_timing_arrays, load_tuned_notes
from dp.data.load_sound import NOTE_MARGIN_FRAME, load_synthesis_arrays, load_vocoder_arrays
from dp.data.stretches import SynthesisClip
from dp.evaluate.preset_systems import load_preset, make_preset_systems, make_simple_baselines
from dp.evaluate.systems import (
    EvaluationClip,
    System,
    bring_to_level,
    make_evaluation_clips,
    run_system,
    select_heard_notes,
)
from dp.project import locate_data_folder, locate_models_folder
from dp.report.alignment_plot import plot_alignment
from dp.report.systems_plot import SystemSound, plot_systems
from dp.report.timing_plot import plot_timings
from dp.train.preview import compare_timings, convert_notes_to_sec

NOTES_WANTED = 12  # a clip to look at has about so many
LEFT_OUT = ("clip-mean-spectrum",)  # nothing to look at


def draw_figures(project: Path, config: Config, presets: Sequence[str], out: Path) -> list[Path]:
    """Draw what the trained presets make of one held-out clip of each instrument; returns the pictures' paths.

    Figure 3: constant-Q with note onsets and durations. Figure 4: piano rolls of timings. Figures 5 (violin) and 6
    (piano), or `figure-<instrument>`: log-mels and waveforms of every system over the score.
    """
    data, mel = locate_data_folder(project), config.mel
    out.mkdir(parents=True, exist_ok=True)
    arrays = load_synthesis_arrays(data, mel, margin_frame=NOTE_MARGIN_FRAME)
    held_out = [*arrays.select_held_out("recording"), *arrays.select_held_out("clip")]
    sounds = load_vocoder_arrays(data, mel).clips
    systems = _load_systems(project, config, presets)
    paths = []
    for instrument in dict.fromkeys(item.clip.instrument for item in held_out):
        chosen = _choose_clip([item for item in held_out if item.clip.instrument == instrument])
        (clip,) = make_evaluation_clips([chosen], sounds)
        notes = convert_notes_to_sec(select_heard_notes(clip), mel.frame_rate_hz)
        path = out / f"figure-3-{instrument}.png"
        plot_alignment(path, clip.samples, mel.sample_rate_hz, notes, clip.clip.clip_id)
        paths.append(path)
        made = {name: _make_sound(system, clip, mel) for name, system in systems.items()}
        number = {"violin": "5", "piano": "6"}.get(instrument, "systems")
        path = out / f"figure-{number}-{instrument}.png"
        plot_systems(path, made, notes, mel.frame_rate_hz, mel.sample_rate_hz, clip.clip.clip_id)
        paths.append(path)
    return [*paths, *_draw_timing_figure(project, config, presets, out)]


def _choose_clip(clips: Sequence[SynthesisClip]) -> SynthesisClip:
    """Choose the clip whose number of notes is nearest to NOTES_WANTED."""
    return min(clips, key=lambda item: abs(len(item.sounding.pitch) - NOTES_WANTED))


def _load_systems(project: Path, config: Config, presets: Sequence[str]) -> dict[str, System]:
    spare = load_preset(locate_models_folder(project, config.preset)).vocoder
    recordings = load_tuned_notes(locate_data_folder(project))
    systems = {name: system for name, system in make_simple_baselines().items() if name not in LEFT_OUT}
    for preset in presets:
        systems |= make_preset_systems(preset, load_preset(locate_models_folder(project, preset)), spare, recordings)
    return systems


@torch.no_grad()
def _make_sound(system: System, clip: EvaluationClip, mel: MelConfig) -> SystemSound:
    return SystemSound(*run_system(system, bring_to_level(clip, system.level, mel.floor), mel))


def _draw_timing_figure(project: Path, config: Config, presets: Sequence[str], out: Path) -> list[Path]:
    arrays = load_timing_arrays(locate_data_folder(project), config.mel, config.split)
    held_out = [*arrays.select_held_out("recording"), *arrays.select_held_out("clip")]
    models = {name: load_preset(locate_models_folder(project, name)).timing for name in presets}
    known = {name: model for name, model in models.items() if model is not None}
    if not held_out or not known:
        return []
    clip: TimingClip = min(held_out, key=lambda item: abs(len(item.written.pitch) - 2 * NOTES_WANTED))
    path = out / f"figure-4-{clip.clip.instrument}.png"
    plot_timings(path, compare_timings(clip, known, config.mel.frame_rate_hz), clip.clip.clip_id)
    return [path]
