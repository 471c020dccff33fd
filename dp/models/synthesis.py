"""Synthesis model: performed notes to log-mel."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from dp.models.layers import Conditions, NoteEncoder, TransformerStack, sinusoid
from dp.models.mixer import PolyphonicMixer


@dataclass(frozen=True)
class SynthesisDims:
    """Sizes of a synthesis model; the defaults are the publication's, with a linear feed-forward."""

    performer_count: int = 0  # known ones
    band_count: int = 80
    width: int = 128
    head_count: int = 2
    encoder_layer_count: int = 3
    decoder_layer_count: int = 6
    feed_forward_width: int = 512
    dropout: float = 0.2


class SynthesisModel(nn.Module):
    """Note encoder, performer and tempo, polyphonic mixer, decoder, one linear layer (SPEC section 4)."""

    kind: ClassVar[str] = "synthesis"
    dims_type: ClassVar[type[SynthesisDims]] = SynthesisDims

    def __init__(self, dims: SynthesisDims) -> None:
        super().__init__()
        self.dims = dims
        sizes = (dims.width, dims.head_count, dims.feed_forward_width, dims.dropout)
        self.encoder = NoteEncoder(dims.encoder_layer_count, *sizes)
        self.conditions = Conditions(dims.width, dims.performer_count)
        self.mixer = PolyphonicMixer(dims.width)
        self.decoder = TransformerStack(dims.decoder_layer_count, *sizes)
        self.bands = nn.Linear(dims.width, dims.band_count)

    def forward(
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
        """Predict the log-mel [B, T, M].

        Args:
            pitch, onset_frame, duration_frame, velocity: [B, N] int64, notes as performed, in frames from the clip's
                start; notes carried over into the clip have negative onsets; duration 0 in the padding.
            valid: [B, N] bool, false in the padding.
            performer: [B] int64, 0 = unknown.
            tempo_qpm: [B] float32, the clip's mean tempo; NaN = unknown.
            frame_valid: [B, T] bool, false past the end of a shorter clip.
        """
        notes = self.encoder(pitch, onset_frame, duration_frame, velocity, valid)
        notes = notes + self.conditions(performer, tempo_qpm)
        x = self.mixer(notes, onset_frame, duration_frame, frame_valid.shape[1])
        x = x + sinusoid(x.shape[1], x.shape[2], x.device)
        return self.bands(self.decoder(x, frame_valid))

    def set_mean_spectrum(self, log_mel: Tensor) -> None:
        """Start from the mean spectrum [M] of the training data, so that the first steps need not find it."""
        with torch.no_grad():
            self.bands.bias.copy_(log_mel)
