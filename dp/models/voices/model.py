"""Voices: every performed note sounds by itself, as partials of a pitch curve and filtered noise; a room follows.

A network that all notes share states, at points in time along each note (see `dp.models.voices.notes`), how loud each
partial and each band of noise is. Oscillators and noise make the sound of it, so nothing has to be guessed that the
score knows, phase least of all. Performers act through levels and colour alone, and recordings through their room, so
that the network does not learn a piece by heart. Sources: DDSP (Engel et al., 2020), MIDI-DDSP (Wu et al., 2022),
DDSP-Piano (Renault et al., 2022).
Letters: B clips, N notes, V voices that sound in them, P points, H partials, E bands of colour, M bands of noise,
T frames of noise, L samples, R rooms.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dp.models.voices.notes import NOTE_FEATURE_COUNT, TIME_FEATURE_COUNT, make_time_features
from dp.models.voices.oscillators import Segments, sum_partials
from dp.models.voices.pitch import STYLE_COUNT

NOISE_HOP_SAMPLE = 256
NOISE_WINDOW_SAMPLE = 512
NOISE_BAND_COUNT = 40
COLOUR_BAND_COUNT = 40
LOWEST_BAND_HZ = 60.0
EARLY_SAMPLE = 2048  # of a room, each learned for itself
LATE_SEC = 0.8  # after it decaying noise, in bands
LATE_BAND_COUNT = 12
MAX_REVERBERATION_SEC = 3.0
HAMMER_SEC = 0.06  # within which a struck note's noise falls by a factor of e at least: what sounds on are its strings
_QUIET = -16.0  # log of a level that nobody hears


@dataclass(frozen=True)
class VoicesDims:
    """Sizes and switches of voices."""

    kind: str = "bowed"  # or "struck": stiff strings that only decay
    sample_rate_hz: int = 44100
    performer_count: int = 0  # known ones; row 0 is nobody in particular
    room_count: int = 0
    style_count: int = 0  # notes whose pitch was tracked
    partial_count: int = 100
    own_partial_count: int = 32  # whose levels are stated one by one; above them the colour alone counts
    width: int = 144
    depth: int = 2
    dropout: float = 0.1  # of what is said of notes
    latent_count: int = 8  # of what the score does not say of a note
    hears_velocity: bool = False  # whether it learned from any; found in the data


@dataclass(frozen=True)
class VoiceInputs:
    """What V voices need to sound in B clips of L samples."""

    features: Tensor  # [B, N, F] of the notes, those around the voices' among them
    note: Tensor  # [V, 2] clip and place of each voice's note
    performer: Tensor  # [B] 0 = nobody in particular
    room: Tensor  # [B]
    voice_of_point: Tensor  # [P]
    since_onset_sec: Tensor  # [P] how far each point is from its note's onset,
    until_end_sec: Tensor  # [P] and from its end
    edge: Tensor  # [P] 0 at a voice's first and last point, 1 between
    hz: Tensor  # [P] of the fundamental
    segments: Segments
    noise_row: Tensor  # [Q] frame (of all clips' frames) that a voice's noise reaches,
    noise_point: Tensor  # [Q] after which of its points,
    noise_share: Tensor  # [Q] and how far on towards the next one
    length_sample: int

    def to(self, device: torch.device) -> "VoiceInputs":
        """Return the same inputs on a device."""
        moved: dict[str, Any] = {name: part.to(device) for name, part in vars(self).items() if isinstance(part, Tensor)}
        return replace(self, **moved)


def count_noise_frames(length_sample: int) -> int:
    """Count the frames of noise of so many samples; frame t is centred on sample t NOISE_HOP_SAMPLE."""
    return length_sample // NOISE_HOP_SAMPLE + 1


class VoicesModel(nn.Module):
    """Voices of one instrument."""

    kind: ClassVar[str] = "voices"
    dims_type: ClassVar[type[VoicesDims]] = VoicesDims
    heard: Tensor
    style: Tensor
    onset_lag_sec: Tensor
    late_noise: Tensor
    noise_filters: Tensor

    def __init__(self, dims: VoicesDims) -> None:
        """Make an untrained model."""
        super().__init__()
        self.dims = dims
        width, performers = dims.width, dims.performer_count + 1
        self.sizes = [1, dims.own_partial_count, COLOUR_BAND_COUNT, NOISE_BAND_COUNT]
        # Notes hear their neighbours; a point is told its note and its place in it.
        self.take_note = nn.Linear(NOTE_FEATURE_COUNT, width)
        self.neighbours = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.take_place = nn.Linear(TIME_FEATURE_COUNT, 2 * width)
        self.bend_place = nn.Linear(width, width)
        self.take_latent = nn.Linear(dims.latent_count, width, bias=False)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
            for _ in range(dims.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.state = nn.Linear(width, sum(self.sizes))
        self.performer = nn.Parameter(torch.zeros(performers, sum(self.sizes)))
        # Rooms, and the noise that is there when nobody plays.
        rooms = max(dims.room_count, 1)
        self.early = nn.Parameter(torch.zeros(rooms, EARLY_SAMPLE))
        self.late_level = nn.Parameter(torch.full((rooms, LATE_BAND_COUNT), math.log(0.006)))
        self.late_decay = nn.Parameter(torch.full((rooms, LATE_BAND_COUNT), math.log(0.6)))
        self.background = nn.Parameter(torch.full((rooms, NOISE_BAND_COUNT), -9.0))
        self.register_buffer("heard", torch.zeros(128))  # how many notes of each pitch it learned from
        self.register_buffer("onset_lag_sec", torch.zeros(performers))  # how late notes sound, on average
        self.register_buffer("style", torch.zeros(dims.style_count, STYLE_COUNT))
        self.register_buffer("late_noise", _make_late_noise(dims.sample_rate_hz), persistent=False)
        self.register_buffer("noise_filters", _make_noise_filters(dims.sample_rate_hz), persistent=False)
        self._begin_quietly()

    def _begin_quietly(self) -> None:
        with torch.no_grad():
            self.state.weight *= 0.3
            level, own, colour, _ = torch.split(self.state.bias, self.sizes)
            level.fill_(-3.0)
            own.copy_(-0.5 * torch.log(torch.arange(1.0, len(own) + 1)))
            colour.copy_(torch.linspace(0.0, -4.0, len(colour)))
            self.state.bias[-NOISE_BAND_COUNT:] = -8.0

    def forward(self, inputs: VoiceInputs, latent: Tensor, late_sec: Tensor | float = 0.0) -> Tensor:
        """Make clips sound.

        Args:
            inputs: of B clips.
            latent: [V, latent_count] what the score does not say of the notes; 0 for the usual.
            late_sec: [V] how much later than its onset each note begins.

        Returns:
            [B, L].
        """
        partials, noise = self.describe(inputs, latent, late_sec)
        white = torch.randn(len(inputs.performer), inputs.length_sample, device=noise.device)
        dry = self.sound(inputs, partials, noise, white)
        return self.add_room(dry, self.make_rooms()[inputs.room])

    def describe(self, inputs: VoiceInputs, latent: Tensor, late_sec: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
        """State the log levels of partials [P, H] and of bands of noise [P, M] at each point."""
        notes = self.describe_notes(inputs.features)[inputs.note[:, 0], inputs.note[:, 1]]
        performer = inputs.performer[inputs.note[:, 0]]
        late = late_sec[inputs.voice_of_point] if isinstance(late_sec, Tensor) else late_sec
        place = make_time_features(inputs.since_onset_sec - late, inputs.until_end_sec)
        partials, noise = self.describe_points(notes, latent, performer, inputs.voice_of_point, place, inputs.hz)
        if self.dims.kind == "struck":
            noise = noise - inputs.since_onset_sec.clamp(min=0.0)[:, None] / HAMMER_SEC
        return partials, noise

    def describe_notes(self, features: Tensor) -> Tensor:
        """Make a vector [B, N, width] of each note among its neighbours, of features [B, N, F]."""
        made: Tensor = self.take_note(features)
        for conv, norm in zip(self.neighbours, self.norms, strict=True):
            made = made + F.gelu(conv(norm(made).transpose(1, 2))).transpose(1, 2)
        return F.dropout(made, self.dims.dropout, self.training)

    def describe_points(
        self, notes: Tensor, latent: Tensor, performer: Tensor, voice: Tensor, time_features: Tensor, hz: Tensor
    ) -> tuple[Tensor, Tensor]:
        """State log levels as `describe` does.

        Args:
            notes: [V, width] vectors of the voices' notes.
            latent: [V, latent_count].
            performer: [V].
            voice: [P] of each point.
            time_features: [P, K].
            hz: [P].
        """
        base = notes + self.take_latent(latent)
        place, bend = self.take_place(time_features).chunk(2, dim=1)
        made = base[voice] + place + torch.sigmoid(self.bend_place(base))[voice] * bend
        for layer in self.layers:
            made = made + layer(made)
        stated = self.state(self.norm(made)) + 2.0 * self.performer[performer][voice]
        level, own, colour, noise = torch.split(stated, self.sizes, dim=1)
        partials = level + F.pad(own, (0, self.dims.partial_count - own.shape[1])) + self._colour(colour, hz)
        return partials.clamp(_QUIET, 2.0), noise.clamp(_QUIET, 2.0)

    def _colour(self, colour: Tensor, hz: Tensor) -> Tensor:
        """Read the colour [P, E], given at bands of absolute frequency, at the partials [P, H] of each point."""
        number = torch.arange(1, self.dims.partial_count + 1, device=hz.device, dtype=torch.float32)
        place = _place_in_bands(hz[:, None].float() * number, colour.shape[1], self.dims.sample_rate_hz)
        below = place.floor().clamp(0, colour.shape[1] - 2)
        share = (place - below).clamp(0, 1)
        index = below.long()
        return torch.lerp(colour.gather(1, index), colour.gather(1, index + 1), share)

    def sound(self, inputs: VoiceInputs, partials: Tensor, noise: Tensor, white: Tensor) -> Tensor:
        """Make the dry sound [B, L] of log levels of partials [P, H] and noise [P, M], which shapes `white` [B, L]."""
        count, length = len(inputs.performer), inputs.length_sample
        amplitude = torch.exp(partials) * inputs.edge[:, None]
        sung = sum_partials(amplitude, inputs.segments, (count, length), self.dims.sample_rate_hz)
        power = self.sum_noise(inputs, torch.exp(2.0 * noise) * inputs.edge[:, None])
        return sung + self.blow(power, white)

    def sum_noise(self, inputs: VoiceInputs, power: Tensor) -> Tensor:
        """Sum the voices' noise powers [P, M] and the rooms' own, frame by frame: [B, T, M]."""
        count, frames = len(inputs.performer), count_noise_frames(inputs.length_sample)
        each = torch.lerp(power[inputs.noise_point], power[inputs.noise_point + 1], inputs.noise_share[:, None])
        own = torch.exp(2.0 * self.background)[inputs.room][:, None].expand(-1, frames, -1)
        total = own.reshape(count * frames, -1).index_add(0, inputs.noise_row, each)
        return total.view(count, frames, -1)

    def blow(self, power: Tensor, white: Tensor) -> Tensor:
        """Shape white noise [B, L] to band powers [B, T, M]: a short Fourier transform, and back by overlap and add."""
        size, hop = NOISE_WINDOW_SAMPLE, NOISE_HOP_SAMPLE
        window = torch.hann_window(size, device=white.device)
        spectrum = torch.stft(white, size, hop, window=window, return_complex=True)
        magnitude = torch.sqrt(power @ self.noise_filters + 1e-12).transpose(1, 2)
        frames = torch.fft.irfft(spectrum * magnitude, dim=1) * window[:, None]

        def overlap(values: Tensor) -> Tensor:
            total = (values.shape[2] - 1) * hop + size
            return F.fold(values, (1, total), (1, size), stride=(1, hop))[:, 0, 0, size // 2 :][:, : white.shape[1]]

        return overlap(frames) / overlap((window**2)[None, :, None].expand(1, -1, frames.shape[2]))

    def make_rooms(self) -> Tensor:
        """Make the impulse response of each room [R, I]: the sound itself, early reflections, decaying noise."""
        seconds = torch.arange(self.late_noise.shape[1], device=self.early.device) / self.dims.sample_rate_hz
        decay_sec = self.late_decay.exp().clamp(max=MAX_REVERBERATION_SEC)
        fall = torch.exp(-math.log(1000.0) * seconds / decay_sec[..., None])
        late = (self.late_level.exp()[..., None] * fall * self.late_noise).sum(dim=1)
        early = F.pad(0.3 * self.early, (1, late.shape[1] - self.early.shape[1] - 1))
        direct = F.pad(torch.ones(len(late), 1, device=late.device), (0, late.shape[1] - 1))
        return direct + early + late

    @staticmethod
    def add_room(dry: Tensor, response: Tensor) -> Tensor:
        """Let dry sounds [B, L] ring in rooms [B, I]; what rings on after L is left out."""
        size = _find_fast_size(dry.shape[1] + response.shape[1])
        spectrum = torch.fft.rfft(dry, size) * torch.fft.rfft(response, size)
        return torch.fft.irfft(spectrum, size)[:, : dry.shape[1]]


def _place_in_bands(hz: Tensor, band_count: int, sample_rate_hz: float) -> Tensor:
    """Say where frequencies lie among `band_count` bands, evenly spaced in mel from LOWEST_BAND_HZ to the top."""
    low, high = (math.log1p(edge / 700.0) for edge in (LOWEST_BAND_HZ, sample_rate_hz / 2))
    return (torch.log1p(hz / 700.0) - low) / (high - low) * (band_count - 1)


def _make_noise_filters(sample_rate_hz: float) -> Tensor:
    """Make [M, bins] triangles that add up to 1 at every bin."""
    hz = torch.linspace(0, sample_rate_hz / 2, NOISE_WINDOW_SAMPLE // 2 + 1)
    place = _place_in_bands(hz, NOISE_BAND_COUNT, sample_rate_hz).clamp(0, NOISE_BAND_COUNT - 1)
    return (1.0 - (place - torch.arange(NOISE_BAND_COUNT)[:, None]).abs()).clamp(min=0.0)


def _make_late_noise(sample_rate_hz: int) -> Tensor:
    """Make noise [bands, I] for the late part of a room; it rises where the early part ends."""
    length = int(LATE_SEC * sample_rate_hz)
    generator = torch.Generator().manual_seed(1)
    spectrum = torch.fft.rfft(torch.randn(length, generator=generator))
    hz = torch.linspace(0, sample_rate_hz / 2, len(spectrum))
    place = _place_in_bands(hz, LATE_BAND_COUNT, sample_rate_hz).clamp(0, LATE_BAND_COUNT - 1)
    share = (1.0 - (place - torch.arange(LATE_BAND_COUNT)[:, None]).abs()).clamp(min=0.0)
    noise = torch.fft.irfft(spectrum * share.sqrt(), length)
    seconds = torch.arange(length) / sample_rate_hz
    return noise * ((seconds - 0.004) / 0.02).clamp(0, 1)


def _find_fast_size(least: int) -> int:
    """Find a length of at least `least` whose Fourier transform is fast."""
    return min(factor << max(0, math.ceil(math.log2(least / factor))) for factor in (1, 3, 5, 9, 15))
