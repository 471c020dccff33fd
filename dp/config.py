"""params.yaml as frozen dataclasses. An unknown key, a wrong type or a value out of bounds is an error that names it.

The defaults here are the ones that commands outside a project use; a test holds them and params.yaml equal.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from dp.errors import DataError
from dp.units import frame_rate_hz

PARAMS_FILE = "params.yaml"
ALIGN_METHODS = ("ours", "publication")


@dataclass(frozen=True)
class CorpusConfig:
    """Which corpus the dataset is built from."""

    name: str = "demo"  # bach-violin, folder or demo
    root: str = "data/demo"  # a folder; relative paths start at the project folder


@dataclass(frozen=True)
class AlignConfig:
    """Alignment of a score with a recording."""

    min_score_fit: float = 0.55  # below it, the score does not fit the recording
    method: str = "ours"  # or publication: its own aligner, to reproduce and to compare
    program: int = 40  # General MIDI program, from 0, that plays the score for publication: 40 violin, 0 piano


@dataclass(frozen=True)
class MelConfig:
    """The one definition of log-mel (SPEC section 2)."""

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
        return frame_rate_hz(self.sample_rate_hz, self.hop_sample)


@dataclass(frozen=True)
class SplitConfig:
    """How clips are held out for validation."""

    seed: int = 1
    valid_fraction: float = 0.1  # of the clips, in the publication's `clip` split
    valid_recordings: tuple[str, ...] = ()  # held out whole in the `recording` split; empty: chosen by the seed


@dataclass(frozen=True)
class TimingConfig:
    """Timing model: the publication's "alignment model" (SPEC section 4)."""

    step_count: int = 300
    batch_size: int = 16
    learning_rate: float = 0.3  # scale of the Noam schedule
    warmup_step: int = 100
    seed: int = 1


@dataclass(frozen=True)
class SynthesisConfig:
    """Synthesis model (SPEC section 4)."""

    step_count: int = 200
    batch_size: int = 8
    learning_rate: float = 0.3  # scale of the Noam schedule
    warmup_step: int = 100
    seed: int = 1


@dataclass(frozen=True)
class VocoderConfig:
    """Vocoder: log-mel to waveform."""

    step_count: int = 14000
    batch_size: int = 8
    learning_rate: float = 1e-3
    segment_frame: int = 32  # length of the segments it trains on
    architecture: str = "vocos"  # or hifigan
    discriminator: str = "spectrum"  # or hifigan: its authors', for a GPU
    adversarial_from_step: int = 8000  # spectral losses alone before it; after step_count: always
    max_minutes: float = 0.0  # 0 = no limit
    valid_every_step: int = 1000
    patience: int = 0  # validations without a better one before it stops; 0 = never
    ema_decay: float = 0.999
    seed: int = 1


@dataclass(frozen=True)
class BaselineConfig:
    """The publication's baseline: piano roll and position roll straight to waveform."""

    step_count: int = 2000
    batch_size: int = 4
    learning_rate: float = 2e-4
    segment_frame: int = 32
    discriminator: str = "spectrum"  # or hifigan: its authors', for a GPU
    adversarial_from_step: int = 1000
    max_minutes: float = 0.0
    valid_every_step: int = 500
    patience: int = 0
    ema_decay: float = 0.0
    seed: int = 1


@dataclass(frozen=True)
class TrainConfig:
    """Training of the three models, and of the baseline."""

    timing: TimingConfig = field(default_factory=TimingConfig)
    synthesis: SynthesisConfig = field(default_factory=SynthesisConfig)
    vocoder: VocoderConfig = field(default_factory=VocoderConfig)
    baseline: BaselineConfig = field(default_factory=BaselineConfig)


@dataclass(frozen=True)
class Config:
    """All of params.yaml."""

    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    align: AlignConfig = field(default_factory=AlignConfig)
    mel: MelConfig = field(default_factory=MelConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


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


def check_align_method(method: str, subject: str) -> None:
    """Refuse an unknown method.

    Raises:
        DataError: it is none of ALIGN_METHODS.
    """
    if method not in ALIGN_METHODS:
        raise DataError(subject, f"{method!r} is no method", f"choose {' or '.join(ALIGN_METHODS)}")


def _build(cls: type[Any], raw: object, path: Path, prefix: str) -> Any:
    """One dataclass from one mapping, recursively."""
    if not isinstance(raw, dict):
        raise DataError(path, f"{prefix.rstrip('.') or 'the file'} is {raw!r}, expected a mapping", "correct it")
    hints = get_type_hints(cls)
    unknown = sorted(str(k) for k in raw if k not in hints)
    if unknown:
        raise DataError(path, f"unknown key {prefix}{unknown[0]}", f"known here: {', '.join(hints)}")
    return cls(**{key: _value(hints[key], value, path, f"{prefix}{key}") for key, value in raw.items()})


def _value(hint: Any, value: object, path: Path, name: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, path, f"{name}.")  # type: ignore[arg-type]
    if hint == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            return tuple(value)
        raise DataError(path, f"{name} is {value!r}, expected a list of strings", "correct it")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and not (isinstance(value, bool) and hint is not bool):
        return value
    raise DataError(path, f"{name} is {value!r}, expected {hint.__name__}", "correct it")


def _check_bounds(config: Config, path: Path) -> None:
    """Bounds that more than one reader relies on."""
    check_align_method(config.align.method, f"{path}: align.method")
    train = config.train
    checks = [
        ("align.min_score_fit", config.align.min_score_fit, 0.0, 1.0),
        ("align.program", config.align.program, 0, 127),
        ("mel.sample_rate_hz", config.mel.sample_rate_hz, 8000, 192000),
        ("mel.hop_sample", config.mel.hop_sample, 1, config.mel.window_sample),
        ("mel.max_hz", config.mel.max_hz, config.mel.min_hz, config.mel.sample_rate_hz / 2),
        ("mel.band_count", config.mel.band_count, 1, config.mel.window_sample // 2),
        ("mel.floor", config.mel.floor, 1e-12, 1.0),
        ("train.vocoder.segment_frame", train.vocoder.segment_frame, 9, 10**6),  # its longest loss window
        ("train.baseline.segment_frame", train.baseline.segment_frame, 9, 10**6),
        ("split.valid_fraction", config.split.valid_fraction, 0.0, 0.9),
    ]
    for name, model in (
        ("timing", train.timing),
        ("synthesis", train.synthesis),
        ("vocoder", train.vocoder),
        ("baseline", train.baseline),
    ):
        checks += [
            (f"train.{name}.step_count", model.step_count, 1, 10**9),
            (f"train.{name}.batch_size", model.batch_size, 1, 10**6),
            (f"train.{name}.learning_rate", model.learning_rate, 1e-12, 1e3),
        ]
    for name, value, low, high in checks:
        if not low <= value <= high:
            raise DataError(path, f"{name} is {value}, expected {low} to {high}", "correct it")
