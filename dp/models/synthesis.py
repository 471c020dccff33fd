"""Synthesis model: performed notes to log-mel.

As published (Dong et al., ICASSP 2022): note encoder, performer and tempo, polyphonic mixer with note-wise positional
encoding, decoder, one linear layer. Ours replaces parts of it; each is a switch of `dp.presets.SynthesisDims`.
"""

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dp.models.envelope import EnvelopeMixer
from dp.models.harmonics import Partials
from dp.models.layers import Conditions, NoteEncoder, TransformerStack, make_sinusoid
from dp.models.local_attention import LocalNoteEncoder, LocalStack
from dp.models.mixer import PolyphonicMixer, mix
from dp.models.piano_roll import ROLL_COUNT, draw_rolls
from dp.presets import SynthesisDims

FIRST_SPREAD = 0.3  # of the noise, before any training: about the mean on real violins


class SynthesisModel(nn.Module):
    """Synthesis model: from notes to the frames of the log-mel."""

    kind: ClassVar[str] = "synthesis"
    dims_type: ClassVar[type[SynthesisDims]] = SynthesisDims

    def __init__(self, dims: SynthesisDims) -> None:
        super().__init__()
        self.dims = dims
        self.notes = nn.Linear(ROLL_COUNT, dims.width) if dims.source == "piano-roll" else NoteMixer(dims)
        self.conditions = Conditions(dims.width, dims.performer_count if dims.knows_performer else 0)
        if dims.hears_partials:
            self.partials = Partials(dims.band_count)
            self.enter_partials = nn.Linear(dims.band_count, dims.width)
        self.decoder = _make_decoder(dims)
        self.bands = nn.Linear(dims.width, dims.band_count)
        if dims.texture:
            self.log_spread = nn.Linear(dims.width, dims.band_count)
            nn.init.zeros_(self.log_spread.weight)
            nn.init.constant_(self.log_spread.bias, math.log(FIRST_SPREAD))

    def forward(self, **inputs: Tensor) -> Tensor:
        """Predict the log-mel [B, T, M]; arguments as for `compute_frames`."""
        log_mel: Tensor = self.bands(self.compute_frames(**inputs))
        return log_mel

    def describe(self, **inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Predict the log-mel as `forward` does, and how much the real one moves around it: both [B, T, M].

        The second is the standard deviation of white noise that, added to the first, makes it move from frame to frame
        as much as real log-mels do (`dp.train.texture` fits it); 0 for a model without texture.
        """
        frames = self.compute_frames(**inputs)
        log_mel = self.bands(frames)
        if not self.dims.texture:
            return log_mel, torch.zeros_like(log_mel)
        return log_mel, torch.exp(self.log_spread(frames))

    def compute_frames(
        self,
        pitch: Tensor,
        onset_frame: Tensor,
        duration_frame: Tensor,
        velocity: Tensor,
        valid: Tensor,
        performer: Tensor,
        tempo_qpm: Tensor,
        frame_valid: Tensor,
    ) -> Tensor:
        """Return what the decoder makes of the notes, [B, T, D].

        Args:
            pitch, onset_frame, duration_frame, velocity: [B, N] int64, notes as performed, in frames from the clip's
                start; notes carried over into the clip have negative onsets; duration 0 in the padding.
            valid: [B, N] bool, false in the padding.
            performer: [B] int64, 0 = unknown.
            tempo_qpm: [B] float32, the clip's mean tempo; NaN = unknown.
            frame_valid: [B, T] bool, false past the end of a shorter clip.
        """
        frame_count = frame_valid.shape[1]
        velocity = velocity if self.dims.hears_velocity else torch.zeros_like(velocity)
        conditions = self.conditions(performer if self.dims.knows_performer else torch.zeros_like(performer), tempo_qpm)
        if isinstance(self.notes, NoteMixer):
            x = self.notes(pitch, onset_frame, duration_frame, velocity, valid, conditions, frame_count)
        else:
            x = self.notes(draw_rolls(pitch, onset_frame, duration_frame, frame_count)) + conditions
        if self.dims.conditions_frames:
            x = x + conditions
        if self.dims.hears_partials:
            x = x + self.enter_partials(self.partials(pitch, onset_frame, duration_frame, frame_count))
        if self.dims.attention == "absolute":
            x = x + make_sinusoid(frame_count, x.shape[2], x.device)
        decoded: Tensor = self.decoder(x, frame_valid)
        return decoded

    @property
    def reach_frame(self) -> int:
        """The number of frames to either side that the decoder depends on, where its attention is local."""
        return self.dims.decoder_layer_count * (self.dims.reach_frame + self.dims.kernel // 2)

    @property
    def reach_note(self) -> int:
        """The number of notes to either side that the encoder depends on, where its attention is local."""
        return self.dims.encoder_layer_count * (self.dims.reach_note + self.dims.kernel // 2) + 1

    @torch.no_grad()
    def set_mean_spectrum(self, log_mel: Tensor) -> None:
        """Start from the mean spectrum [M] of the training data, which the first steps then need not learn."""
        self.bands.bias.copy_(log_mel)

    def set_partials(self, spectrum: npt.NDArray[np.float32]) -> None:
        """Take the spectra of `harmonics.compute_partial_spectra`, where this model hears them."""
        if self.dims.hears_partials:
            self.partials.set_spectrum(spectrum)


class NoteMixer(nn.Module):
    """Note encoder and mixer: from notes to one vector per frame."""

    def __init__(self, dims: SynthesisDims) -> None:
        super().__init__()
        self.dims = dims
        self.encoder: nn.Module
        if dims.attention == "local":
            self.encoder = LocalNoteEncoder(
                dims.width, _make_local_stack(dims, dims.encoder_layer_count, dims.reach_note)
            )
        else:
            sizes = (dims.width, dims.head_count, dims.feed_forward_width, dims.dropout, dims.kernel)
            self.encoder = NoteEncoder(dims.encoder_layer_count, *sizes)
        if dims.note_position == "envelope":
            self.envelope = EnvelopeMixer(dims.width)
        elif dims.note_position == "linear":
            self.linear = PolyphonicMixer(dims.width)

    def forward(
        self,
        pitch: Tensor,
        onset_frame: Tensor,
        duration_frame: Tensor,
        velocity: Tensor,
        valid: Tensor,
        conditions: Tensor,
        frame_count: int,
    ) -> Tensor:
        """Return frames [B, T, D] for notes [B, N] as in `SynthesisModel.compute_frames` and conditions [B, 1, D]."""
        notes = self.encoder(pitch, onset_frame, duration_frame, velocity, valid) + conditions
        if self.dims.note_position == "envelope":
            return self.envelope(notes, onset_frame, duration_frame, frame_count)
        if self.dims.note_position == "linear":
            return self.linear(notes, onset_frame, duration_frame, frame_count)
        return mix(notes, onset_frame, duration_frame, notes.new_zeros(notes.shape[2]), frame_count)


def _make_local_stack(dims: SynthesisDims, layer_count: int, reach: int) -> LocalStack:
    sizes = (dims.width, dims.head_count, dims.feed_forward_width, dims.kernel)
    return LocalStack(layer_count, *sizes, reach, dims.dropout)


def _make_decoder(dims: SynthesisDims) -> nn.Module:
    if dims.attention == "local":
        return _make_local_stack(dims, dims.decoder_layer_count, dims.reach_frame)
    sizes = (dims.width, dims.head_count, dims.feed_forward_width, dims.dropout, dims.kernel)
    return TransformerStack(dims.decoder_layer_count, *sizes)
