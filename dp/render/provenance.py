"""What a rendering was made from, and how: enough to make it again."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dp.files import write_whole
from dp.models.checkpoint import Checkpoint
from dp.render.model_set import ModelSet
from dp.render.sound_files import Take
from dp.render_options import OutputOptions, RenderOptions
from dp.store.hashing import file_sha256
from dp.units import A4_HZ
from dp.version import __version__


def provenance(
    score_path: Path,
    models: ModelSet,
    options: RenderOptions,
    output: OutputOptions,
    take: Take,
    gain: float,
    note_count: int,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """The facts, without times of day or folders of this machine: the same rendering has the same provenance.

    Raises:
        DataError: the score cannot be read any more.
    """
    mel = models.synthesis.mel
    return {
        "score": {"name": score_path.name, "sha256": file_sha256(score_path)},
        "models": {
            "name": models.name,
            "timing": _model(models.timing),
            "synthesis": _model(models.synthesis),
            "vocoder": _model(models.vocoder),
        },
        "version": __version__,
        "options": {**dataclasses.asdict(options), **dataclasses.asdict(output)},
        "audio": {
            "sample_rate_hz": take.sample_rate_hz,
            "sample_count": take.sample_count,
            "length_sec": round(take.length_sec, 6),
            "gain": round(gain, 6),
        },
        "note_count": note_count,
        # The models play in A = 440 Hz, the faster the higher the tuning is that the waveform is brought to.
        "mel": {
            "band_count": mel.band_count,
            "frame_rate_hz": round(mel.frame_rate_hz * options.tuning_hz / A4_HZ, 6),
        },
        "warnings": list(warnings),
    }


def write_provenance(path: Path, facts: dict[str, Any]) -> None:
    """Write the facts as JSON."""
    write_whole(path, (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode())


def _model(checkpoint: Checkpoint[Any]) -> dict[str, Any]:
    return {
        "kind": checkpoint.model.kind,
        "step": checkpoint.step,
        "version": checkpoint.version,
        "weights_sha256": checkpoint.weights_sha256,
    }
