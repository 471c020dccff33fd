"""Timing model (the publication's "alignment model"): when and how long a performer plays each note of a clip."""

from typing import ClassVar

from torch import Tensor, nn

from dp.models.layers import Conditions, NoteEncoder
from dp.presets import TimingDims


class TimingModel(nn.Module):
    """Note encoder, performer and tempo, one linear layer (SPEC section 4).

    The linear layer says by how many frames a note departs from its nominal place, that is from the score at constant
    tempo; it starts at zero, so an untrained model plays like a metronome and training starts from the publication's
    yardstick. What comes out, and what the loss compares, are frames, as published.
    """

    kind: ClassVar[str] = "timing"
    dims_type: ClassVar[type[TimingDims]] = TimingDims

    def __init__(self, dims: TimingDims) -> None:
        super().__init__()
        self.dims = dims
        self.encoder = NoteEncoder(
            dims.encoder_layer_count, dims.width, dims.head_count, dims.feed_forward_width, dims.dropout
        )
        self.conditions = Conditions(dims.width, dims.performer_count)
        self.departure = nn.Linear(dims.width, 2)
        nn.init.zeros_(self.departure.weight)
        nn.init.zeros_(self.departure.bias)

    def forward(
        self,
        pitch: Tensor,
        onset_tick: Tensor,
        duration_tick: Tensor,
        velocity: Tensor,
        valid: Tensor,
        nominal_onset_frame: Tensor,
        nominal_duration_frame: Tensor,
        performer: Tensor,
        tempo_qpm: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Predict onset and duration [B, N] in frames from the clip's start.

        Args:
            pitch, onset_tick, duration_tick, velocity: [B, N] int64, the clip's notes as written, in ticks from the
                clip's start; notes carried over into the clip have negative onsets.
            valid: [B, N] bool, false in the padding.
            nominal_onset_frame, nominal_duration_frame: [B, N] float32, the same notes in frames at constant tempo.
            performer: [B] int64, 0 = unknown.
            tempo_qpm: [B] float32, the clip's mean tempo; NaN = unknown.
        """
        x = self.encoder(pitch, onset_tick, duration_tick, velocity, valid)
        departure = self.departure(x + self.conditions(performer, tempo_qpm))
        return nominal_onset_frame + departure[..., 0], nominal_duration_frame + departure[..., 1]
