"""The provenance of a rendering tells what it was made from and how: enough to make it again."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dp.files import write_whole
from dp.licences import list_licences, list_performers
from dp.models.checkpoint import Checkpoint
from dp.render.model_set import ModelSet
from dp.render.sound_files import Take
from dp.render_options import OutputOptions, RenderOptions
from dp.store.hashing import compute_file_sha256
from dp.version import __version__


def describe_rendering(
    score_path: Path,
    models: dict[str, Any],
    options: RenderOptions,
    output: OutputOptions,
    take: Take,
    gain: float,
    note_count: int,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Describe a rendering without times of day or folders, so that equal renderings have equal provenance.

    Args:
        score_path: score file.
        models: what plays, as it is to be told.
        options: how it was performed.
        output: what was written.
        take: what sounds.
        gain: of the take's samples in the file.
        note_count: of the performance.
        warnings: all that were said.

    Raises:
        DataError: the score cannot be read any more.
    """
    return {
        "score": {"name": score_path.name, "sha256": compute_file_sha256(score_path)},
        "models": models,
        "version": __version__,
        "options": {**dataclasses.asdict(options), **dataclasses.asdict(output)},
        "audio": {
            "sample_rate_hz": take.sample_rate_hz,
            "channel_count": take.channel_count,
            "sample_count": take.sample_count,
            "length_sec": round(take.length_sec, 6),
            "gain": round(gain, 6),
        },
        "note_count": note_count,
        "mel": {"band_count": take.band_count, "frame_rate_hz": round(take.frame_rate_hz, 6)},
        "warnings": list(warnings),
    }


def describe_models(models: ModelSet) -> dict[str, Any]:
    """Describe the models that play."""
    return {
        "name": models.name,
        "timing": _describe_model(models.timing),
        "synthesis": _describe_model(models.synthesis),
        "vocoder": _describe_model(models.vocoder),
    }


def write_provenance(path: Path, facts: dict[str, Any]) -> None:
    """Write the facts as JSON."""
    write_whole(path, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())


def _describe_model(checkpoint: Checkpoint[Any]) -> dict[str, Any]:
    return {
        "kind": checkpoint.model.kind,
        "step": checkpoint.step,
        "version": checkpoint.version,
        "weights_sha256": checkpoint.weights_sha256,
        "licences": list(list_licences(checkpoint.trained_on)),
        "performers": list(list_performers(checkpoint.trained_on)),
    }
