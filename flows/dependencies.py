"""Find what stages depend on beside their data: their code, and their parameters as they are resolved.

    python -m flows.dependencies

in the project folder writes `dependencies.yaml`, of which the stages of dvc.yaml name the parts they depend on: a
digest of the code that each one's module imports, and all parameters with the defaults that params.yaml leaves out.
`dp rebuild`, `dp train` and `dp evaluate` write it before they ask what is stale; in `dvc repro` the first stage does.
"""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import yaml

from dp.config import PARAMS_FILE, load_config
from dp.errors import EXIT_BAD_INPUT, DataError
from dp.files import write_whole
from dp.presets import MODELS
from dp.project import CHECKPOINT_FILE, locate_model_folder
from dp.store.code import compute_code_digest
from dp.store.hashing import compute_file_sha256
from flows.summary import STAGES

DEPENDENCIES_FILE = "dependencies.yaml"
STAGE = "dependencies"

# The modules that make what a stage publishes. Flows are none of them: they only wire.
STAGE_ROOTS = {
    **{stage: (f"dp.stages.{stage}",) for stage in STAGES},
    "evaluate": ("dp.evaluate.measure", "dp.evaluate.results"),
}
LOADERS = {"timing": "dp.data.load"}  # what reads a model's training data; of whatever makes sound, the next one
SOUND_LOADER = "dp.data.load_sound"


def find_dependencies(project: Path) -> dict[str, Any]:
    """Find the digests of code by stage, for `train` by model, and the resolved parameters.

    Raises:
        DataError: params.yaml is not valid.
    """
    config = load_config(project / PARAMS_FILE)
    code: dict[str, Any] = {stage: compute_code_digest(*roots) for stage, roots in STAGE_ROOTS.items()}
    code["train"] = {
        model: compute_code_digest(f"dp.train.{model}", LOADERS.get(model, SOUND_LOADER)) for model in MODELS
    }
    params = {
        **{name: _list_values(part) for name, part in vars(config).items() if dataclasses.is_dataclass(part)},
        "presets": {name: _list_models(preset) for name, preset in config.presets.items()},
    }
    # Presets that have no vocoder are measured with the one of the project's preset.
    spare = locate_model_folder(project, config.preset, "vocoder") / CHECKPOINT_FILE
    return {"code": code, "params": params, "spare_vocoder": compute_file_sha256(spare) if spare.is_file() else "none"}


def write_dependencies(project: Path) -> None:
    """Write `dependencies.yaml`, whole; where it says the same already, leave it.

    Raises:
        DataError: params.yaml is not valid.
        OSError: it cannot be written.
    """
    path = project / DEPENDENCIES_FILE
    text = "# Made by `python -m flows.dependencies`.\n" + yaml.safe_dump(_replace_tuples(find_dependencies(project)))
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_whole(path, text.encode())


def _list_values(part: Any) -> dict[str, Any]:
    return dataclasses.asdict(part)


def _list_models(preset: Any) -> dict[str, Any]:
    return {model: _list_values(settings) for model, settings in preset.models().items()}


def _replace_tuples(value: Any) -> Any:
    """Replace tuples by lists, since YAML knows no tuples."""
    if isinstance(value, dict):
        return {key: _replace_tuples(item) for key, item in value.items()}
    return [_replace_tuples(item) for item in value] if isinstance(value, tuple) else value


def main() -> int:
    """Write `dependencies.yaml` into the current folder; return the exit code."""
    try:
        write_dependencies(Path.cwd())
    except DataError as error:
        print(f"{STAGE}: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
