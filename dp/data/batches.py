"""Batches of clips as padded tensors. A batch's `inputs` are named as the arguments of its model's forward."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dp.data.clips import SoundingNotes, WrittenNotes
from dp.types import PITCH_COUNT


class Movable:
    """A batch whose tensors can go to a device."""

    def to(self, device: torch.device) -> Self:
        """Return the same batch on the device."""
        return type(self)(**{item.name: _move(getattr(self, item.name), device) for item in fields(self)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class TimingBatch(Movable):
    """B clips of up to N notes for the publication's timing model."""

    clip_ids: tuple[str, ...]
    inputs: dict[str, Tensor]
    onset_frame: Tensor  # [B, N] float32 target
    duration_frame: Tensor  # [B, N] float32 target

    @property
    def valid(self) -> Tensor:
        """[B, N] bool, false in the padding."""
        return self.inputs["valid"]


@dataclass(frozen=True)
class SynthesisBatch(Movable):
    """B clips of up to N notes and T frames for the synthesis model."""

    clip_ids: tuple[str, ...]
    inputs: dict[str, Tensor]
    log_mel: Tensor  # [B, T, M] float32 target

    @property
    def frame_valid(self) -> Tensor:
        """[B, T] bool, false past the end of a shorter clip."""
        return self.inputs["frame_valid"]


def make_timing_inputs(clips: Sequence[WrittenNotes], performer_index: Sequence[int]) -> dict[str, Tensor]:
    """Make the padded inputs of the timing model for B clips."""
    return {
        "pitch": pad_rows([clip.pitch for clip in clips], PITCH_COUNT),
        "onset_tick": pad_rows([clip.onset_tick for clip in clips], 0),
        "duration_tick": pad_rows([clip.duration_tick for clip in clips], 0),
        "velocity": pad_rows([clip.velocity for clip in clips], 0),
        "valid": mark_valid_places([len(clip.pitch) for clip in clips]),
        "performer": torch.tensor(performer_index, dtype=torch.int64),
        "tempo_qpm": torch.tensor([clip.tempo_qpm for clip in clips], dtype=torch.float32),
    }


def make_synthesis_inputs(
    clips: Sequence[SoundingNotes], performer_index: Sequence[int], frame_counts: Sequence[int]
) -> dict[str, Tensor]:
    """Make the padded inputs of the synthesis model for B clips of `frame_counts` frames."""
    return {
        "pitch": pad_rows([clip.pitch for clip in clips], PITCH_COUNT),
        "onset_frame": pad_rows([clip.onset_frame for clip in clips], 0),
        "duration_frame": pad_rows([clip.duration_frame for clip in clips], 0),
        "velocity": pad_rows([clip.velocity for clip in clips], 0),
        "valid": mark_valid_places([len(clip.pitch) for clip in clips]),
        "performer": torch.tensor(performer_index, dtype=torch.int64),
        "tempo_qpm": torch.tensor([clip.tempo_qpm for clip in clips], dtype=torch.float32),
        "frame_valid": mark_valid_places(frame_counts),
    }


def _move(value: Any, device: torch.device) -> Any:
    """Return a tensor, a dict of tensors or what holds some on the device; anything else as it is."""
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {name: _move(part, device) for name, part in value.items()}
    return value.to(device) if hasattr(value, "to") else value


def pad_mels(log_mels: Sequence[npt.NDArray[np.float32]]) -> Tensor:
    """Pad B log-mels [T, M] to one tensor [B, T, M], zeros past the end of the shorter ones."""
    return torch.nn.utils.rnn.pad_sequence([torch.from_numpy(log_mel) for log_mel in log_mels], batch_first=True)


def pad_rows(rows: Sequence[npt.NDArray[np.generic]], value: float) -> Tensor:
    """Pad B rows [N, ...] to one tensor [B, N, ...]; N is at least 1, even where no clip has a note."""
    length = max(1, *(len(row) for row in rows))
    return torch.stack([_fill(row, length, value) for row in rows])


def _fill(row: npt.NDArray[np.generic], length: int, value: float) -> Tensor:
    """Return a row [N, ...] as a tensor of `length` places, the new ones filled with the value."""
    tensor = torch.from_numpy(np.ascontiguousarray(row))
    return torch.nn.functional.pad(tensor, (0, 0) * (row.ndim - 1) + (0, length - len(row)), value=value)


def mark_valid_places(counts: Sequence[int]) -> Tensor:
    """Return [B, N] bool: whether place n of row b is below counts[b]."""
    return torch.arange(max(1, *counts))[None] < torch.tensor(counts)[:, None]
