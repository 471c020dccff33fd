"""params.yaml as frozen dataclasses. An unknown key, a wrong type or a value out of bounds is an error that names it.

The defaults here are the ones that commands outside a project use; a test holds them and params.yaml equal.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from dp.errors import DataError
from dp.presets import BOUNDS, CHOICES, Preset
from dp.units import compute_frame_rate_hz

PARAMS_FILE = "params.yaml"
ALIGN_METHODS = ("ours", "publication")


@dataclass(frozen=True)
class CorpusConfig:
    """Which corpus the dataset is built from."""

    name: str = "demo"  # one of dp.corpora.CORPORA
    root: str = "data/demo"  # a folder; relative paths start at the project folder


@dataclass(frozen=True)
class AlignConfig:
    """Alignment of a score with a recording."""

    min_score_fit: float = 0.55  # below it, the score does not fit the recording
    max_tuning_cent: float = 250.0  # from A = 440 Hz; 50 refuses a score that is a semitone off
    method: str = "ours"  # or publication: its own aligner, to reproduce and to compare
    program: int = 40  # General MIDI program, from 0, that plays the score for publication: 40 violin, 0 piano


@dataclass(frozen=True)
class MelConfig:
    """How log-mels are computed; the defaults are the publication's."""

    sample_rate_hz: int = 16000
    window_sample: int = 1024
    hop_sample: int = 256
    band_count: int = 80
    min_hz: float = 0.0
    max_hz: float = 8000.0
    floor: float = 1e-5

    @property
    def frame_rate_hz(self) -> float:
        """Frames per second."""
        return compute_frame_rate_hz(self.sample_rate_hz, self.hop_sample)


@dataclass(frozen=True)
class SplitConfig:
    """How clips are held out for validation."""

    seed: int = 1
    valid_fraction: float = 0.1  # of the clips, in the publication's `clip` split
    valid_recordings: tuple[str, ...] = ()  # held out whole in the `recording` split; empty: chosen by the seed


@dataclass(frozen=True)
class Config:
    """All of params.yaml."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    align: AlignConfig = field(default_factory=AlignConfig)
    mel: MelConfig = field(default_factory=MelConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    preset: str = "ours"  # which of `presets` is trained and rendered with
    presets: dict[str, Preset] = field(default_factory=dict)


def load_config(path: Path) -> Config:
    """Read params.yaml.

    Raises:
        DataError: the file is missing or not YAML, a key is unknown, a value has the wrong type or is out of bounds.
    """
    import yaml

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", "run inside a project or give --project") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(path, f"is not YAML ({error})", "correct it") from error
    config: Config = _build(Config, {} if raw is None else raw, path, "")
    _check_bounds(config, path)
    return config


def _check_choices(settings: Any, path: Path, prefix: str) -> None:
    """Refuse words that are none of CHOICES, in a model's settings and the dims in them."""
    for name, value in vars(settings).items():
        if dataclasses.is_dataclass(value):
            _check_choices(value, path, f"{prefix}.{name}")
        elif name in CHOICES and value not in CHOICES[name]:
            raise DataError(path, f"{prefix}.{name} is {value!r}", f"choose {' or '.join(CHOICES[name])}")


def check_align_method(method: str, subject: str) -> None:
    """Refuse an unknown method.

    Raises:
        DataError: it is none of ALIGN_METHODS.
    """
    if method not in ALIGN_METHODS:
        raise DataError(subject, f"{method!r} is no method", f"choose {' or '.join(ALIGN_METHODS)}")


def check_align(settings: AlignConfig, subject: object) -> None:
    """Refuse settings of an alignment that make no sense.

    Args:
        settings: to check.
        subject: where they stand, for the error.

    Raises:
        DataError: the method is unknown, or a value is out of bounds.
    """
    check_align_method(settings.method, f"{subject}: align.method")
    bounds = [
        ("align.min_score_fit", settings.min_score_fit, 0.0, 1.0),
        ("align.max_tuning_cent", settings.max_tuning_cent, 0.0, AlignConfig.max_tuning_cent),
        ("align.program", settings.program, 0, 127),
    ]
    _check_numbers(bounds, subject)


def _build(cls: type[Any], raw: object, path: Path, prefix: str) -> Any:
    """Build one dataclass from one mapping, recursively."""
    if not isinstance(raw, dict):
        raise DataError(path, f"{prefix.rstrip('.') or 'the file'} is {raw!r}, expected a mapping", "correct it")
    hints = get_type_hints(cls)
    unknown = sorted(str(k) for k in raw if k not in hints)
    if unknown:
        raise DataError(path, f"unknown key {prefix}{unknown[0]}", f"known here: {', '.join(hints)}")
    return cls(**{key: _convert_value(hints[key], value, path, f"{prefix}{key}") for key, value in raw.items()})


def _convert_value(hint: Any, value: object, path: Path, name: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, path, f"{name}.")  # type: ignore[arg-type]
    if get_origin(hint) is dict:
        if not isinstance(value, dict):
            raise DataError(path, f"{name} is {value!r}, expected a mapping", "correct it")
        inner = get_args(hint)[1]
        return {str(key): _convert_value(inner, part, path, f"{name}.{key}") for key, part in value.items()}
    if get_origin(hint) in (Union, UnionType):  # a model that a preset may leave out
        return _convert_value(next(part for part in get_args(hint) if part is not NoneType), value, path, name)
    if get_origin(hint) is tuple:
        kind, words = get_args(hint)[0], {str: "strings", int: "integers"}
        if isinstance(value, list) and all(type(part) is kind for part in value):
            return tuple(value)
        raise DataError(path, f"{name} is {value!r}, expected a list of {words[kind]}", "correct it")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and not (isinstance(value, bool) and hint is not bool):
        return value
    raise DataError(path, f"{name} is {value!r}, expected {hint.__name__}", "correct it")


def _check_bounds(config: Config, path: Path) -> None:
    """Check the bounds that more than one reader relies on."""
    check_align(config.align, path)
    checks = [
        ("mel.sample_rate_hz", config.mel.sample_rate_hz, 8000, 192000),
        ("mel.hop_sample", config.mel.hop_sample, 1, config.mel.window_sample),
        ("mel.max_hz", config.mel.max_hz, config.mel.min_hz, config.mel.sample_rate_hz / 2),
        ("mel.band_count", config.mel.band_count, 1, config.mel.window_sample // 2),
        ("mel.floor", config.mel.floor, 1e-12, 1.0),
        ("split.valid_fraction", config.split.valid_fraction, 0.0, 0.9),
    ]
    for preset_name, preset in config.presets.items():
        for model, settings in preset.models().items():
            prefix = f"presets.{preset_name}.{model}"
            checks += [(f"{prefix}.{key}", getattr(settings, key), *bounds) for key, bounds in BOUNDS.items()]
            _check_choices(settings, path, prefix)
    _check_numbers(checks, path)
    if config.presets and config.preset not in config.presets:
        raise DataError(path, f"preset {config.preset!r} is none", f"choose {', '.join(config.presets)}")


def _check_numbers(checks: Iterable[tuple[str, float, float, float]], subject: object) -> None:
    """Refuse a number that lies outside its bounds: name, value, lowest, highest."""
    for name, value, low, high in checks:
        if not low <= value <= high:
            raise DataError(subject, f"{name} is {value}, expected {low} to {high}", "correct it")
