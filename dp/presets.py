"""What a preset of params.yaml can say: the sizes and switches of each model, and how it is trained.

The defaults are the publication's architecture where it says something (Dong et al., ICASSP 2022).
"""

from dataclasses import dataclass, field

DEVICES = ("auto", "cpu", "cuda")
MODELS = ("timing", "synthesis", "vocoder", "baseline", "voices")
BOUNDS = {  # of what every model's settings have
    "step_count": (1, 10**9),
    "batch_size": (1, 10**6),
    "learning_rate": (1e-12, 1e3),
    "valid_every_step": (1, 10**9),
    "patience": (0, 10**9),
    "ema_decay": (0.0, 1.0),
    "max_minutes": (0.0, 1e6),
}

CHOICES = {  # of what is a word
    "design": ("ours", "publication"),
    "source": ("notes", "piano-roll"),
    "note_position": ("linear", "none", "envelope"),
    "attention": ("absolute", "local"),
    "level": ("clip", "recording"),
    "architecture": ("vocos", "hifigan"),
    "discriminator": ("spectrum", "hifigan"),
    "kind": ("bowed", "struck"),
}


@dataclass(frozen=True)
class TimingConfig:
    """Timing model: the publication's "alignment model", or ours."""

    design: str = "ours"  # relative to the score, whole pieces; publication: frames of a clip
    step_count: int = 300
    batch_size: int = 8  # of stretches of a piece; of clips for publication
    learning_rate: float = 0.2  # scale of the Noam schedule
    warmup_step: int = 100
    width: int = 64
    dropout: float = 0.2
    valid_every_step: int = 100
    patience: int = 0  # validations without a better one before the training ends early; 0 = never
    ema_decay: float = 0.998  # of the averaged weights, which are validated and kept; 0 = the weights as they are
    max_minutes: float = 0.0  # 0 = no limit
    seed: int = 1


@dataclass(frozen=True)
class SynthesisDims:
    """Sizes and switches of a synthesis model; the defaults are the publication's."""

    performer_count: int = 0  # known ones; counted from the data
    band_count: int = 80  # that of the log-mel
    width: int = 128
    head_count: int = 2
    encoder_layer_count: int = 3
    decoder_layer_count: int = 6
    feed_forward_width: int = 512
    kernel: int = 9  # of the feed-forward's first layer, or of the local layers' convolution
    dropout: float = 0.2
    source: str = "notes"  # or "piano-roll": piano roll and position roll straight into the decoder
    note_position: str = "linear"  # a note's vector grows linearly with the place in it; or "none", or "envelope"
    knows_performer: bool = True
    conditions_frames: bool = False  # performer and tempo at every frame, so in rests too; otherwise on notes alone
    attention: str = "absolute"  # to all places, by their number in the clip; or "local": nearby, by their distance
    reach_note: int = 16  # of local attention among notes
    reach_frame: int = 32  # and among frames: half a second
    hears_partials: bool = False  # the decoder also gets where the notes' partials lie
    hears_velocity: bool = False  # whether it learned from any; found in the data
    lowest_pitch: int = 21  # and highest that it learned from; found in the data
    highest_pitch: int = 108
    texture: bool = False  # it also says how much each place moves beyond what can be predicted


@dataclass(frozen=True)
class SynthesisConfig:
    """How the synthesis model is made and trained."""

    step_count: int = 100_000
    batch_size: int = 16
    learning_rate: float = 1.0  # scale of the Noam schedule
    warmup_step: int = 4000
    valid_every_step: int = 200
    patience: int = 0
    ema_decay: float = 0.0  # of the averaged weights, which are validated and kept; 0 = the weights as they are
    max_minutes: float = 0.0  # 0 = no limit
    level: str = "clip"  # every clip is made as loud as the next; or "recording": as it is, one gain per recording
    crops: bool = False  # train on stretches that begin anywhere, not on the clips alone
    transpositions: tuple[int, ...] = ()  # semitones by which crops are also taken, faster as they are higher
    l1_weight: float = 0.0  # of the absolute error, beside the squared one
    variance_weight: float = 0.0  # of how far frame-to-frame differences fall short of the true ones' spread
    seed: int = 1
    dims: SynthesisDims = field(default_factory=SynthesisDims)


@dataclass(frozen=True)
class VocoderConfig:
    """Vocoder: log-mel to waveform."""

    step_count: int = 14000
    batch_size: int = 8
    learning_rate: float = 1e-3
    segment_frame: int = 32  # length of the segments it trains on
    architecture: str = "vocos"  # or hifigan
    discriminator: str = "spectrum"  # or hifigan: its authors', for a GPU
    adversarial_from_step: int = 14001  # spectral losses alone before it; beyond step_count: to the end
    valid_every_step: int = 1000
    patience: int = 0
    ema_decay: float = 0.999
    max_minutes: float = 0.0
    seed: int = 1


@dataclass(frozen=True)
class BaselineConfig:
    """The publication's baseline: piano roll and position roll straight to waveform."""

    step_count: int = 2000
    batch_size: int = 4
    learning_rate: float = 2e-4
    segment_frame: int = 32
    discriminator: str = "spectrum"
    adversarial_from_step: int = 1000
    valid_every_step: int = 500
    patience: int = 0
    ema_decay: float = 0.0
    max_minutes: float = 0.0
    seed: int = 1


@dataclass(frozen=True)
class VoicesConfig:
    """Voices: every performed note sounds by itself, as partials and noise."""

    kind: str = "bowed"  # or "struck": stiff strings that only decay
    sample_rate_hz: int = 44100
    step_count: int = 4000
    batch_size: int = 4
    learning_rate: float = 1.5e-3
    segment_sec: float = 2.5  # of each example, of which the first `lead_sec` only fill the room
    lead_sec: float = 0.5
    transpositions: tuple[int, ...] = (-1, 1)  # semitones by which recordings are also taken, faster as they are higher
    spread_weight: float = 10.0  # of how far the sound moves less from frame to frame than the recording
    latent_penalty: float = 1e-3  # of what is kept of each training note that the score does not say
    valid_every_step: int = 250
    patience: int = 6
    ema_decay: float = 0.998
    max_minutes: float = 0.0
    seed: int = 1


ModelConfig = TimingConfig | SynthesisConfig | VocoderConfig | BaselineConfig | VoicesConfig
CONFIG_TYPES = (TimingConfig, SynthesisConfig, SynthesisDims, VocoderConfig, BaselineConfig, VoicesConfig)


@dataclass(frozen=True)
class Preset:
    """One way to make each model; a preset need not have all of them."""

    timing: TimingConfig | None = None
    synthesis: SynthesisConfig | None = None
    vocoder: VocoderConfig | None = None
    baseline: BaselineConfig | None = None
    voices: VoicesConfig | None = None

    def models(self) -> dict[str, ModelConfig]:
        """The models it has, by name."""
        return {name: model for name in MODELS if (model := getattr(self, name)) is not None}
