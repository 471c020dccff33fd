"""Loads the arrays that one model of a preset is trained on."""

from pathlib import Path
from typing import Any

from dp.config import Config
from dp.data.arrays import Arrays
from dp.data.load import load_timing_arrays
from dp.data.load_sound import (
    NOTE_MARGIN_FRAME,
    load_baseline_arrays,
    load_synthesis_arrays,
    load_vocoder_arrays,
    load_voice_arrays,
)
from dp.presets import BaselineConfig, ModelConfig, SynthesisConfig, TimingConfig, VoicesConfig


def load_arrays(data: Path, config: Config, settings: ModelConfig, data_note: str) -> Arrays[Any]:
    """Load the arrays that one model of a preset is trained on.

    Args:
        data: the project's data folder.
        config: of which the log-mel and the splits count.
        settings: of the model.
        data_note: which data these are; goes into the checkpoint.

    Raises:
        DataError: a dataset is missing, damaged or does not fit the others.
    """
    mel = config.mel
    if isinstance(settings, TimingConfig):
        return load_timing_arrays(data, mel, config.split, data_note)
    if isinstance(settings, SynthesisConfig):
        # Local attention hears notes beyond the clip's borders: those ring into it, or tell what comes.
        margin_frame = NOTE_MARGIN_FRAME if settings.dims.attention == "local" else 0
        return load_synthesis_arrays(data, mel, data_note, settings.level, margin_frame, settings.transpositions)
    if isinstance(settings, BaselineConfig):
        return load_baseline_arrays(data, mel, data_note)
    if isinstance(settings, VoicesConfig):
        return load_voice_arrays(data, mel, settings.sample_rate_hz, data_note)
    return load_vocoder_arrays(data, mel, data_note)
