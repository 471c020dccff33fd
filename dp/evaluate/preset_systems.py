"""Reads the trained models of a preset, and makes the systems that an evaluation compares."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dp.config import MelConfig
from dp.data.clips import TunedNotes
from dp.evaluate.systems import (
    System,
    make_baseline_system,
    make_copy_synthesis_system,
    make_mean_spectrum_system,
    make_recording_system,
    make_synthesis_system,
    make_voices_system,
)
from dp.models import vocoders
from dp.models.baseline import BaselineModel
from dp.models.checkpoint import CONFIG_FILE, Checkpoint, load_checkpoint
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.models.vocoders import Vocoder
from dp.models.voices.model import VoicesModel


@dataclass(frozen=True)
class PresetModels:
    """The trained models of a preset; None where one is not trained."""

    timing: Checkpoint[TimingModel] | None = None
    synthesis: Checkpoint[SynthesisModel] | None = None
    vocoder: Checkpoint[Vocoder] | None = None
    baseline: Checkpoint[BaselineModel] | None = None
    voices: Checkpoint[VoicesModel] | None = None


def load_preset(folder: Path, mel: MelConfig | None = None) -> PresetModels:
    """Read the models of a preset that are trained.

    Args:
        folder: of the preset, one folder a model in it.
        mel: the log-mel they must have been trained on; None takes any.

    Raises:
        DataError: one is damaged, or was trained on another log-mel.
    """

    def there(name: str) -> bool:
        return (folder / name / CONFIG_FILE).is_file()

    return PresetModels(
        timing=load_checkpoint(folder / "timing", [TimingModel], mel) if there("timing") else None,
        synthesis=load_checkpoint(folder / "synthesis", [SynthesisModel], mel) if there("synthesis") else None,
        vocoder=load_checkpoint(folder / "vocoder", vocoders.VOCODER_TYPES, mel) if there("vocoder") else None,
        baseline=load_checkpoint(folder / "baseline", [BaselineModel], mel) if there("baseline") else None,
        voices=load_checkpoint(folder / "voices", [VoicesModel], mel) if there("voices") else None,
    )


def make_preset_systems(
    name: str,
    models: PresetModels,
    spare_vocoder: Checkpoint[Vocoder] | None,
    recordings: Mapping[str, TunedNotes],
) -> dict[str, System]:
    """Make a preset's systems: of its synthesis model or baseline, and of its vocoder's copy-synthesis.

    A synthesis model with texture is also there with it.

    Args:
        name: of the preset.
        models: of the preset.
        spare_vocoder: makes the waveform where the preset has no vocoder of its own.
        recordings: notes of each recording, which voices play from beginning to end.
    """
    systems = {}
    if models.synthesis is not None:
        level = models.synthesis.train["level"]
        vocoder = models.vocoder or spare_vocoder
        systems[name] = make_synthesis_system(models.synthesis, vocoder, level)
        if models.synthesis.model.dims.texture:
            systems[f"{name}-textured"] = make_synthesis_system(models.synthesis, vocoder, level, texture=1.0)
    if models.baseline is not None:
        systems[name] = make_baseline_system(models.baseline)
    if models.voices is not None:
        systems[name] = make_voices_system(models.voices, recordings)
    if models.vocoder is not None:
        systems[f"copy-synthesis-{name}"] = make_copy_synthesis_system(models.vocoder)
    return systems


def make_simple_baselines() -> dict[str, System]:
    """Make the recording and the mean spectrum, which every system is compared with."""
    return {"recording": make_recording_system(), "clip-mean-spectrum": make_mean_spectrum_system()}
