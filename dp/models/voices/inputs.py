"""Notes become what `VoicesModel` sounds: voices of one or several clips, with points, phases and frames of noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dp.models.voices.model import NOISE_HOP_SAMPLE, VoiceInputs, count_noise_frames
from dp.models.voices.notes import Float32Array, Points
from dp.models.voices.oscillators import make_segments
from dp.types import PerformedNotes
from dp.units import FloatArray, IntArray

REACH_NOTE = 4  # to either side, that a note's vector depends on


@dataclass(frozen=True)
class VoiceNotes:
    """N notes of a piece, ready to sound: when they are heard, and their points."""

    notes: PerformedNotes  # by onset
    features: Float32Array  # [N, F]
    points: Points
    hz: FloatArray  # [P] of the fundamental
    stiffness: FloatArray  # [N]
    phase: FloatArray | None = None  # [P] of the fundamental, radians; None: each window draws where it begins

    @property
    def begin_sec(self) -> FloatArray:
        """When each note's first point is, [N]."""
        return self.points.time_sec[self.points.first[:-1]]

    @property
    def end_sec(self) -> FloatArray:
        """When each note's last point is, [N]."""
        return self.points.time_sec[self.points.first[1:] - 1]


@dataclass(frozen=True)
class Window:
    """A stretch of a piece that sounds as one clip."""

    piece: VoiceNotes
    first_sample: int
    performer: int
    room: int

    def find_voices(self, length_sample: int, sample_rate_hz: int) -> IntArray:
        """Find the notes that sound in the window."""
        begin_sec, end_sec = self.first_sample / sample_rate_hz, (self.first_sample + length_sample) / sample_rate_hz
        return np.flatnonzero((self.piece.begin_sec < end_sec) & (self.piece.end_sec > begin_sec))


def make_voice_inputs(
    windows: Sequence[Window], length_sample: int, sample_rate_hz: int, rng: np.random.Generator
) -> tuple[VoiceInputs, list[IntArray]]:
    """Make the inputs of B windows of equal length, and say which notes of its piece sound in each.

    Args:
        windows: stretches of pieces.
        length_sample: of each.
        sample_rate_hz: of the samples.
        rng: draws the phase of each voice of a piece without phases, at its first point in the window.
    """
    chosen = [window.find_voices(length_sample, sample_rate_hz) for window in windows]
    parts = [
        _cut_points(window.piece, found, window.first_sample, length_sample, sample_rate_hz, rng)
        for window, found in zip(windows, chosen, strict=True)
    ]
    counts = np.concatenate([part.count for part in parts])
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    item = np.repeat(np.arange(len(windows)), [len(found) for found in chosen])
    voice = np.repeat(np.arange(len(counts)), counts)
    sample, hz = np.concatenate([part.sample for part in parts]), np.concatenate([part.hz for part in parts])
    segments = make_segments(
        first,
        sample,
        hz,
        np.concatenate([part.phase for part in parts]),
        np.concatenate([window.piece.stiffness[found] for window, found in zip(windows, chosen, strict=True)]),
        item,
        sample_rate_hz,
    )
    frames = count_noise_frames(length_sample)
    row, point, share = _find_noise_frames(first, sample, item, frames)
    spans = [(max(int(f[0]) - REACH_NOTE, 0), int(f[-1]) + REACH_NOTE + 1) if len(f) else (0, 1) for f in chosen]
    place = np.concatenate([found - begin for found, (begin, _) in zip(chosen, spans, strict=True)])
    inputs = VoiceInputs(
        features=_pad([w.piece.features[a:b] for w, (a, b) in zip(windows, spans, strict=True)]),
        note=torch.from_numpy(np.stack([item, place], axis=1)),
        performer=torch.tensor([window.performer for window in windows]),
        room=torch.tensor([window.room for window in windows]),
        voice_of_point=torch.from_numpy(voice),
        since_onset_sec=torch.from_numpy(np.concatenate([part.since_onset_sec for part in parts])),
        until_end_sec=torch.from_numpy(np.concatenate([part.until_end_sec for part in parts])),
        edge=torch.from_numpy(np.concatenate([part.edge for part in parts])),
        hz=torch.from_numpy(hz),
        segments=segments,
        noise_row=torch.from_numpy(row),
        noise_point=torch.from_numpy(point),
        noise_share=torch.from_numpy(share),
        length_sample=length_sample,
    )
    return inputs, chosen


def _pad(rows: Sequence[Float32Array]) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True)


@dataclass(frozen=True)
class _Cut:
    """The points of the voices of one window."""

    count: IntArray  # [V]
    phase: FloatArray  # [V] at the first of its points
    sample: IntArray  # [P] from the window's start
    hz: FloatArray  # [P]
    since_onset_sec: Float32Array  # [P]
    until_end_sec: Float32Array  # [P]
    edge: Float32Array  # [P]


def _cut_points(
    piece: VoiceNotes,
    found: IntArray,
    first_sample: int,
    length_sample: int,
    rate_hz: int,
    rng: np.random.Generator,
) -> _Cut:
    """Take the points of some notes from the last one before a window to the first one after it."""
    points, notes = piece.points, piece.notes
    span_sec = first_sample / rate_hz, (first_sample + length_sample) / rate_hz
    kept, counts = [], []
    for note in found:
        begin, end = int(points.first[note]), int(points.first[note + 1])
        times = points.time_sec[begin:end]
        low = max(int(np.searchsorted(times, span_sec[0], "right")) - 1, 0)
        high = min(int(np.searchsorted(times, span_sec[1], "left")) + 1, end - begin)
        kept.append(np.arange(begin + low, begin + max(high, low + 2)))
        counts.append(len(kept[-1]))
    index = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    note_of = np.repeat(found, counts) if kept else np.zeros(0, np.int64)
    times = points.time_sec[index]
    starts = np.array([part[0] for part in kept], dtype=np.int64)
    phase = rng.uniform(0, 2 * np.pi, len(starts)) if piece.phase is None else piece.phase[starts]
    is_border = (index == points.first[note_of]) | (index == points.first[note_of + 1] - 1)
    return _Cut(
        np.array(counts, dtype=np.int64),
        phase,
        np.rint(times * rate_hz).astype(np.int64) - first_sample,
        piece.hz[index],
        (times - notes.onset_sec[note_of]).astype(np.float32),
        (notes.offset_sec[note_of] - times).astype(np.float32),
        np.where(is_border, 0.0, 1.0).astype(np.float32),
    )


def _find_noise_frames(
    first: IntArray, sample: IntArray, item: IntArray, frame_count: int
) -> tuple[IntArray, IntArray, Float32Array]:
    """Find each voice's frames of noise: their row among all clips' frames, the point before, the way to the next."""
    rows, points, shares = [], [], []
    for voice in range(len(first) - 1):
        own = sample[first[voice] : first[voice + 1]]
        low = max(int(-(-own[0] // NOISE_HOP_SAMPLE)), 0)
        high = min(int(own[-1] // NOISE_HOP_SAMPLE) + 1, frame_count)
        frames = np.arange(low, max(high, low))
        at = frames * NOISE_HOP_SAMPLE
        point = np.clip(np.searchsorted(own, at, "right") - 1, 0, len(own) - 2)
        rows.append(item[voice] * frame_count + frames)
        points.append(first[voice] + point)
        shares.append((at - own[point]) / np.maximum(own[point + 1] - own[point], 1))
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    return np.concatenate(rows), np.concatenate(points), np.concatenate(shares).astype(np.float32)
