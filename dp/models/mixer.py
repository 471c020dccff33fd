"""The publication's polyphonic mixer with note-wise positional encoding: from one vector per note to one per frame."""

import torch
from torch import Tensor, nn

BLOCK_FRAME = 256  # frames mixed at once, each block with the notes that touch it: cost linear in the length


def mix(embedding: Tensor, onset_frame: Tensor, duration_frame: Tensor, weight: Tensor, frame_count: int) -> Tensor:
    """Sum, for each frame, (1 + p w) * v over the notes that sound in it.

    p = (frame - onset) / max(duration - 1, 1) is the frame's place within the note, 0 at its onset and 1 at its last
    frame, wherever the borders of the clip fall.

    Args:
        embedding: v, [B, N, D].
        onset_frame: [B, N] int64 from the clip's start; may be negative or past its end.
        duration_frame: [B, N] int64; 0 in the padding, which sounds nowhere.
        weight: w, [D].
        frame_count: T.

    Returns:
        [B, T, D]; zero in rests.
    """
    batch, note_count, width = embedding.shape
    # First and last frame [B * N] of each note; the clips of a batch are laid end to end, so that one loop serves all.
    row = (torch.arange(batch, device=embedding.device) * frame_count)[:, None]
    first = (onset_frame.clamp(0, frame_count) + row).reshape(-1)
    end = ((onset_frame + duration_frame).clamp(0, frame_count) + row).reshape(-1)
    onset = (onset_frame + row).reshape(-1)
    span = (duration_frame - 1).clamp(min=1).reshape(-1)
    notes = embedding.reshape(batch * note_count, width)
    blocks = [embedding.new_zeros(0, width)]
    # Block by block: which notes sound [F, K], their relative place [F, K], and both times the notes [K, D].
    for block_first in range(0, batch * frame_count, BLOCK_FRAME):
        block_end = min(block_first + BLOCK_FRAME, batch * frame_count)
        touching = ((first < block_end) & (end > block_first) & (first < end)).nonzero()[:, 0]
        frame = torch.arange(block_first, block_end, device=embedding.device)[:, None]
        sounds = ((frame >= first[touching]) & (frame < end[touching])).to(embedding.dtype)
        place = (frame - onset[touching]).to(embedding.dtype) / span[touching]
        plain, placed = (torch.cat([sounds, sounds * place]) @ notes[touching]).chunk(2)
        blocks.append(plain + weight * placed)
    return torch.cat(blocks).view(batch, frame_count, width)


class PolyphonicMixer(nn.Module):
    """`mix` with a learned w that starts near zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width) * 0.01)

    def forward(self, embedding: Tensor, onset_frame: Tensor, duration_frame: Tensor, frame_count: int) -> Tensor:
        """Return frames [B, T, D] for notes [B, N, D]; see `mix`."""
        return mix(embedding, onset_frame, duration_frame, self.weight, frame_count)
