"""A trained model on disk: a folder with model.safetensors and config.json, written whole or not at all."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from dp.config import MelConfig
from dp.errors import DataError
from dp.files import open_whole_file, write_whole
from dp.store.files import open_whole_folder
from dp.types import Source
from dp.version import __version__

WEIGHTS_FILE = "model.safetensors"
BARE_WEIGHTS_FILE = "model.pt"
CONFIG_FILE = "config.json"
RETRAIN = "train it again with `dp train`"


class Model(Protocol):
    """A network that can be kept: its kind and its sizes are enough to build it again."""

    kind: ClassVar[str]  # as config.json names it
    dims_type: ClassVar[type[Any]]  # a frozen dataclass of plain values

    @property
    def dims(self) -> Any:
        """Its sizes, of `dims_type`; the network is made of these alone."""

    def state_dict(self) -> dict[str, Tensor]:
        """As of torch.nn.Module, and so are the others."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Take weights."""

    def eval(self) -> Any:
        """Set it to inference."""


M = TypeVar("M", bound=Model, covariant=True)


@dataclass(frozen=True)
class Checkpoint(Generic[M]):
    """A model and all that is needed to use it and to know where it comes from."""

    model: M
    mel: MelConfig
    step: int  # training steps behind it
    performer_names: tuple[str, ...] = ()  # name i has index i + 1; 0 is the unknown performer
    train: dict[str, Any] = field(default_factory=dict)  # the training's configuration
    data_note: str = ""  # which data it was trained on
    version: str = __version__  # of the library that trained it
    weights_sha256: str = ""  # of the file it was read from; empty where it was read from none
    trained_on: tuple[Source, ...] = ()  # recordings it learned from; empty: it does not say

    def find_performer_index(self, name: str | None) -> int:
        """Index of a performer, 0 for none or one this model never heard."""
        return self.performer_names.index(name) + 1 if name in self.performer_names else 0


def check_performers(performers: Sequence[tuple[str, float]], known: Sequence[str], whom: str) -> None:
    """Check that performers are known, and their weights above 0.

    Args:
        performers: names and weights.
        known: names.
        whom: who knows them, for the error.

    Raises:
        DataError: one is unknown (the error lists those that are known), or a weight makes no sense.
    """
    for name, weight in performers:
        if name not in known:
            raise DataError(f"performer {name!r}", f"is unknown to {whom}", f"known: {', '.join(known) or 'none'}")
        if not 0.0 < weight < float("inf"):
            raise DataError(f"performer {name!r}", f"has the weight {weight:g}", "give one above 0")


def save_checkpoint(checkpoint: Checkpoint[M], folder: Path) -> None:
    """Write a checkpoint, replacing an older one at the same place.

    Raises:
        OSError: it cannot be written; nothing is left half-written.
    """
    import safetensors.torch  # training imports this module too, where there is torch and numpy alone

    weights = safetensors.torch.save({key: value.contiguous() for key, value in checkpoint.model.state_dict().items()})
    config = {**_make_config(checkpoint), "weights_sha256": hashlib.sha256(weights).hexdigest()}
    with open_whole_folder(folder) as fresh:
        (fresh / WEIGHTS_FILE).write_bytes(weights)
        (fresh / CONFIG_FILE).write_text(_format_json(config), encoding="utf-8")


def save_bare(checkpoint: Checkpoint[M], folder: Path) -> None:
    """Write a checkpoint with torch alone, into a folder that is there; `load_bare` takes it home.

    Raises:
        OSError: it cannot be written.
    """
    weights = {key: value.contiguous() for key, value in checkpoint.model.state_dict().items()}
    with open_whole_file(folder / BARE_WEIGHTS_FILE) as temporary:
        torch.save(weights, temporary)
    write_whole(folder / CONFIG_FILE, _format_json(_make_config(checkpoint)).encode())


def load_bare(folder: Path, model_types: Sequence[type[M]]) -> Checkpoint[M]:
    """Read what `save_bare` wrote.

    Args:
        folder: where it was written.
        model_types: what it may be.

    Raises:
        DataError: it is missing or damaged, or another kind of model.
    """
    config = _read_config(folder)
    checkpoint = _build_checkpoint(folder, config, model_types)
    path = folder / BARE_WEIGHTS_FILE
    try:
        checkpoint.model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch names no type for what a damaged file does to it
        raise DataError(path, f"holds no weights of this model ({str(error).splitlines()[0]})", RETRAIN) from error
    checkpoint.model.eval()
    return checkpoint


def _make_config(checkpoint: Checkpoint[M]) -> dict[str, Any]:
    return {
        "kind": checkpoint.model.kind,
        "dims": dataclasses.asdict(checkpoint.model.dims),
        "mel": dataclasses.asdict(checkpoint.mel),
        "step": checkpoint.step,
        "performer_names": list(checkpoint.performer_names),
        "train": checkpoint.train,
        "data_note": checkpoint.data_note,
        "trained_on": [dataclasses.asdict(source) for source in checkpoint.trained_on],
        "version": checkpoint.version,
    }


def _format_json(config: dict[str, Any]) -> str:
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def load_checkpoint(folder: Path, model_types: Sequence[type[M]], mel: MelConfig | None = None) -> Checkpoint[M]:
    """Read a checkpoint, ready for inference.

    Args:
        folder: where `save_checkpoint` wrote it.
        model_types: what it may be.
        mel: the log-mel it must have been trained on; None takes any.

    Raises:
        DataError: it is missing, damaged, another kind of model, or trained on another log-mel.
    """
    config = _read_config(folder)
    found = _build_checkpoint(folder, config, model_types)
    if mel is not None and mel != found.mel:
        raise DataError(folder, f"was trained on another log-mel: {_list_differences(found.mel, mel)}", RETRAIN)
    _load_weights(found, folder / WEIGHTS_FILE, config.get("weights_sha256"))
    return found


def _build_checkpoint(folder: Path, config: dict[str, Any], model_types: Sequence[type[M]]) -> Checkpoint[M]:
    """A checkpoint as its config says, its model untrained yet."""
    model_type = next((found for found in model_types if found.kind == config.get("kind")), None)
    if model_type is None:
        wanted = " or ".join(found.kind for found in model_types)
        raise DataError(folder, f"holds a {config.get('kind')} model, expected {wanted}", "name another folder")
    try:
        return Checkpoint(
            model=model_type(model_type.dims_type(**config["dims"])),  # type: ignore[call-arg]
            mel=MelConfig(**config["mel"]),
            step=int(config["step"]),
            performer_names=tuple(config["performer_names"]),
            train=config["train"],
            data_note=config["data_note"],
            version=config["version"],
            weights_sha256=str(config.get("weights_sha256", "")),
            trained_on=tuple(Source(**source) for source in config.get("trained_on", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        reason = f"does not describe a {model_type.kind} model ({error})"
        raise DataError(folder / CONFIG_FILE, reason, RETRAIN) from error


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise DataError(folder, f"holds no model ({CONFIG_FILE} is missing)", "make one with `dp train`")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(path, f"is not JSON ({error})", RETRAIN) from error
    if not isinstance(config, dict):
        raise DataError(path, "is not a JSON object", RETRAIN)
    return config


def _load_weights(checkpoint: Checkpoint[M], path: Path, sha256: str | None) -> None:
    """Fill the model from `path` and set it to inference."""
    import safetensors.torch

    if not path.is_file():
        raise DataError(path, "is missing", RETRAIN)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(path, f"is damaged: its checksum is not the one in {CONFIG_FILE}", RETRAIN)

    try:
        checkpoint.model.load_state_dict(safetensors.torch.load(content))
    except (safetensors.SafetensorError, RuntimeError) as error:
        raise DataError(path, f"does not fit {CONFIG_FILE} ({error})", RETRAIN) from error
    if not all(bool(torch.isfinite(value).all()) for value in checkpoint.model.state_dict().values()):
        raise DataError(path, "holds weights that are not finite", RETRAIN)
    checkpoint.model.eval()


def _list_differences(trained: MelConfig, wanted: MelConfig) -> str:
    pairs = (
        (item.name, getattr(trained, item.name), getattr(wanted, item.name)) for item in dataclasses.fields(MelConfig)
    )
    return ", ".join(f"{name} {theirs} where {ours} is wanted" for name, theirs, ours in pairs if theirs != ours)
