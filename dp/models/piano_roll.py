"""Piano roll and position roll: notes as a picture of the keyboard over time, for models without a note encoder."""

import torch
from torch import Tensor

from dp.types import PITCH_COUNT

ROLL_COUNT = 2 * PITCH_COUNT  # rows: which pitches sound, and how far into their notes they are


def draw_rolls(pitch: Tensor, onset_frame: Tensor, duration_frame: Tensor, frame_count: int) -> Tensor:
    """Draw notes as piano roll and position roll, the input of the publication's baseline.

    The first PITCH_COUNT columns are the piano roll: 1 where a note of the pitch sounds. The others are the position
    roll: 1 at a note's onset, falling linearly to 0 at its last frame, wherever the borders of the clip fall; 1 in a
    note of one frame. Where notes of one pitch overlap, the higher value counts, so that no attack is hidden.

    Args:
        pitch: [B, N] int64, PITCH_COUNT in the padding.
        onset_frame: [B, N] int64 from the clip's start; may be negative or past its end.
        duration_frame: [B, N] int64; 0 in the padding, which sounds nowhere.
        frame_count: T.

    Returns:
        [B, T, ROLL_COUNT] float32, zero in rests.
    """
    # First frame and length [B, N] of each note within the clip.
    batch = len(pitch)
    first = onset_frame.clamp(0, frame_count)
    length = (onset_frame + duration_frame).clamp(0, frame_count) - first
    length = torch.where(pitch < PITCH_COUNT, length, torch.zeros_like(length)).clamp(min=0)
    # One entry [P] for each frame of each note, so that the cost is linear in what sounds.
    row, note = (length > 0).nonzero(as_tuple=True)
    count = length[row, note]
    entry = torch.repeat_interleave(torch.arange(len(count), device=pitch.device), count)
    within = torch.arange(len(entry), device=pitch.device) - (count.cumsum(0) - count)[entry]
    row, note = row[entry], note[entry]
    frame = first[row, note] + within
    # The position within the note [P], and the place of its frame and pitch in the flat roll.
    span = (duration_frame[row, note] - 1).clamp(min=1)
    position = 1.0 - (frame - onset_frame[row, note]) / span
    place = (row * frame_count + frame) * ROLL_COUNT + pitch[row, note]
    flat = torch.zeros(batch * frame_count * ROLL_COUNT, device=pitch.device)
    flat[place] = 1.0
    flat.scatter_reduce_(0, place + PITCH_COUNT, position, "amax")
    return flat.view(batch, frame_count, ROLL_COUNT)
