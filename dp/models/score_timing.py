"""Our timing model: how a performer departs from the score, event by event, over a whole piece at once.

Its output is relative to the score: by how much each interval is stretched, how far a note departs from the others of
its event, how long it is held. So notes keep their order, any tempo and any length will do, and there are no seams.
"""

import torch
from torch import Tensor, nn

MAX_LOG_STRETCH = 1.5  # of an interval: 4.5 times as long, or as short
MAX_SPREAD_SEC = 0.3  # of a note from its event
MAX_LOG_ARTICULATION = 2.3  # of a note's length: 10 times as long, or as short
UNIT_SPREAD_SEC = 0.03  # so that the last layer's numbers are all of one size


class GatedConvolution(nn.Module):
    """One gated layer as WaveNet's (van den Oord et al. 2016), conditioned on the performer, with a residual."""

    def __init__(self, width: int, kernel_event: int, dilation_event: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        padding = dilation_event * (kernel_event // 2)
        self.near = nn.Conv1d(width, 2 * width, kernel_event, padding=padding, dilation=dilation_event)
        self.performer = nn.Linear(width, 2 * width, bias=False)
        self.merge = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, performer: Tensor, valid: Tensor) -> Tensor:
        """Return x [B, E, D] with what it learned of its surroundings; performer [B, 1, D], valid [B, E, 1]."""
        near = self.near((self.norm(x) * valid).transpose(1, 2)).transpose(1, 2)
        signal, gate = (near + self.performer(performer)).chunk(2, dim=-1)
        return x + self.dropout(self.merge(self.dropout(torch.tanh(signal) * torch.sigmoid(gate))))


class ScoreTiming(nn.Module):
    """Embedding of events, gated convolutions, one linear layer for events, and a small network for their notes.

    Its output starts at zero: an untrained model plays exactly as written.
    """

    def __init__(
        self,
        performer_count: int,
        event_number_count: int,
        note_number_count: int,
        code_count: int,
        code_size: int,
        width: int,
        kernel_event: int,
        dilations_event: tuple[int, ...],
        dropout: float,
    ) -> None:
        super().__init__()
        self.numbers = nn.Linear(event_number_count, width)
        self.codes = nn.ModuleList(nn.Embedding(code_size, width) for _ in range(code_count))
        # An unknown performer is what all have in common: the known ones depart from it.
        self.performer = nn.Embedding(performer_count + 1, width, padding_idx=0)
        self.layers = nn.ModuleList(
            GatedConvolution(width, kernel_event, dilation, dropout) for dilation in dilations_event
        )
        self.norm = nn.LayerNorm(width)
        self.stretch = nn.Linear(width, 1)
        self.note_numbers = nn.Linear(note_number_count, width)
        self.note = nn.Linear(width, 2)
        self.dropout = nn.Dropout(dropout)
        for table in (*self.codes, self.performer):
            nn.init.normal_(table.weight, std=0.1)
        with torch.no_grad():
            self.performer.weight[0].zero_()
        for last in (self.stretch, self.note):
            for weight in last.parameters():
                nn.init.zeros_(weight)

    def forward(
        self,
        numbers: Tensor,
        codes: Tensor,
        valid: Tensor,
        note_event: Tensor,
        note_numbers: Tensor,
        performer: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Predict how a score of E events and N notes is played.

        Args:
            numbers: [B, E, .] float32, and
            codes: [B, E, .] int64, about each event; see `dp.data.score_context`.
            valid: [B, E] bool, false in the padding.
            note_event: [B, N] int64, the event of each note.
            note_numbers: [B, N, .] float32, about each note.
            performer: [B] int64, 0 = unknown.

        Returns:
            log_stretch [B, E], spread_sec [B, N] and log_articulation [B, N]; see
            `dp.data.score_context.compute_played_times_sec`.
        """
        # Embed the events [B, E, D], and pass them through the gated convolutions.
        who = self.performer(performer)[:, None]
        known = sum((table(codes[..., i]) for i, table in enumerate(self.codes)), self.numbers(numbers) + who)
        x, there = self.dropout(known), valid[..., None]
        for layer in self.layers:
            x = layer(x, who, there)
        x = self.norm(x)
        # One linear layer for the intervals [B, E].
        log_stretch = self.stretch(x)[..., 0].clamp(-MAX_LOG_STRETCH, MAX_LOG_STRETCH)
        # Each note takes its event's vector [B, N, D]; a small network answers for it.
        of_event = x.gather(1, note_event[..., None].expand(-1, -1, x.shape[-1]))
        of_note = self.dropout(torch.relu(of_event + self.note_numbers(note_numbers)))
        spread, log_articulation = self.note(of_note).unbind(-1)
        spread_sec = (UNIT_SPREAD_SEC * spread).clamp(-MAX_SPREAD_SEC, MAX_SPREAD_SEC)
        return log_stretch, spread_sec, log_articulation.clamp(-MAX_LOG_ARTICULATION, MAX_LOG_ARTICULATION)
