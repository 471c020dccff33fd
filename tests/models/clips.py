"""A clip of a rising scale as the inputs of a network."""

import torch
import torch.nn.functional as F
from torch import Tensor


def clip_inputs(note_count: int, padding: int = 0) -> dict[str, Tensor]:
    """Notes of 12 units each, the first of them before the clip, with padding behind them; B = 1."""
    row = torch.arange(note_count)[None]
    columns = {
        "pitch": F.pad(60 + row, (0, padding), value=128),
        "onset": F.pad(12 * row - 12, (0, padding)),
        "duration": F.pad(12 + 0 * row, (0, padding)),
        "velocity": F.pad(0 * row, (0, padding)),
        "valid": F.pad(torch.ones(1, note_count, dtype=torch.bool), (0, padding)),
    }
    return columns | {"performer": torch.tensor([1]), "tempo_qpm": torch.tensor([90.0])}
