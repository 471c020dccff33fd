"""The publication's timing model (its "alignment model"): onset and duration of each note of a clip, in frames."""

from torch import Tensor, nn

from dp.models.layers import Conditions, NoteEncoder


class FrameTiming(nn.Module):
    """Note encoder, performer and tempo embeddings, one linear layer that predicts frames of the clip."""

    def __init__(
        self,
        performer_count: int,
        width: int,
        head_count: int,
        layer_count: int,
        feed_forward_width: int,
        kernel_note: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.encoder = NoteEncoder(layer_count, width, head_count, feed_forward_width, dropout, kernel_note)
        self.conditions = Conditions(width, performer_count)
        self.frames = nn.Linear(width, 2)

    def forward(
        self,
        pitch: Tensor,
        onset_tick: Tensor,
        duration_tick: Tensor,
        velocity: Tensor,
        valid: Tensor,
        performer: Tensor,
        tempo_qpm: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Predict onset and duration [B, N] in frames from the clip's start.

        Args:
            pitch, onset_tick, duration_tick, velocity: [B, N] int64, the clip's notes as written, in ticks from the
                clip's start; notes carried over into the clip have negative onsets.
            valid: [B, N] bool, false in the padding.
            performer: [B] int64, 0 = unknown.
            tempo_qpm: [B] float32, mean tempo; NaN = unknown.
        """
        x = self.encoder(pitch, onset_tick, duration_tick, velocity, valid)
        onset_frame, duration_frame = self.frames(x + self.conditions(performer, tempo_qpm)).unbind(-1)
        return onset_frame, duration_frame
