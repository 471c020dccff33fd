"""Sum the partials of many voices: sines whose frequencies and levels move linearly from point to point.

A voice is a row of points in time. What lies between two of them, a segment, knows its phase, so that every segment can
be computed alone, and a stretch of a piece is what it is in the whole. On a CPU numba computes values and gradients,
on a GPU torch does; both are the same to rounding. Frequencies take no gradient: through the loss of a spectrum it is
of no use (Turian and Henry, 2020); they come from measured curves. The design is that of DDSP (Engel et al., 2020).
Letters: P points, S segments, H partials, L samples.
"""

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dp.units import FloatArray, IntArray

_TOP_SHARE = 0.48  # of the sample rate: partials above are left out
_LANES = 16  # of sines that turn at once
_BLOCK_SAMPLE = 256  # computed at once: it stays in the nearest cache


@dataclass(frozen=True)
class Segments:
    """Where partials sound; S segments between P points."""

    point: IntArray  # [S] index of the point at which a segment begins; it ends at the next one
    begin_sample: IntArray  # [S] may lie before the first sample wanted
    length_sample: IntArray  # [S]
    phase: FloatArray  # [S] of the fundamental at the segment's begin, radians
    begin_hz: FloatArray  # [S] of the fundamental
    end_hz: FloatArray  # [S]
    stiffness: FloatArray  # [S] B of f_n = n f_1 sqrt(1 + B n^2); 0 where partials are harmonic
    item: IntArray  # [S] which clip of a batch a segment sounds in

    def as_harmonic(self) -> tuple[npt.NDArray[Any], ...]:
        """What the kernels of harmonic partials take."""
        return self.point, self.begin_sample, self.length_sample, self.phase, self.begin_hz, self.end_hz, self.item

    def as_stiff(self) -> tuple[npt.NDArray[Any], ...]:
        """What the kernels of stiff strings take: in a segment their pitch stands still."""
        return (
            self.point,
            self.begin_sample,
            self.length_sample,
            self.phase,
            self.begin_hz,
            self.stiffness,
            self.item,
        )


def make_segments(
    first_point: IntArray,
    point_sample: IntArray,
    point_hz: FloatArray,
    start_phase: FloatArray,
    stiffness: FloatArray,
    item: IntArray,
    sample_rate_hz: int,
) -> Segments:
    """Make the segments of V voices.

    Args:
        first_point: [V + 1] where each voice's points begin, and where the last one's end.
        point_sample: [P] increasing in a voice.
        point_hz: [P] of the fundamental.
        start_phase: [V] at its first point, radians.
        stiffness: [V].
        item: [V] which clip a voice sounds in.
        sample_rate_hz: of the samples.
    """
    count = np.diff(first_point)
    voice = np.repeat(np.arange(len(count)), count - 1)
    point = np.delete(np.arange(first_point[-1]), first_point[1:] - 1)
    length = point_sample[point + 1] - point_sample[point]
    turn = math.tau / sample_rate_hz * length * 0.5 * (point_hz[point] + point_hz[point + 1])
    total = np.cumsum(turn)
    before = np.concatenate([[0.0], total])[np.cumsum(count - 1) - (count - 1)]  # [V] of all voices before
    phase = start_phase[voice] + total - turn - before[voice]  # whole turns too: stiff ratios are no whole numbers
    return Segments(
        point, point_sample[point], length, phase, point_hz[point], point_hz[point + 1], stiffness[voice], item[voice]
    )


@numba.njit(cache=True, fastmath=True, nogil=True)
def _wave(first, last, length, phase, begin_hz, end_hz, rate_hz, sine, twice_cosine):  # type: ignore[no-untyped-def]
    """Fill the sine of the fundamental, and twice its cosine, for samples first to last of a segment."""
    for k in range(first, last):
        angle = phase + 6.283185307179586 / rate_hz * (begin_hz * k + (end_hz - begin_hz) * 0.5 * k * k / length)
        sine[k - first] = math.sin(angle)
        twice_cosine[k - first] = 2.0 * math.cos(angle)


@numba.njit(cache=True, fastmath=True, nogil=True)
def _add_harmonic(amplitude, point, begin, length, phase, begin_hz, end_hz, item, rate_hz, top_hz, block, out):  # type: ignore[no-untyped-def]
    """Add harmonic partials: each is found from the two below it, sin(h x) = 2 cos(x) sin((h-1) x) - sin((h-2) x)."""
    sine, before, twice = np.empty(block, np.float32), np.empty(block, np.float32), np.empty(block, np.float32)
    ramp = np.arange(block).astype(np.float32)
    sample_count = out.shape[1]
    for s in range(len(point)):
        low, high = max(0, -begin[s]), min(length[s], sample_count - begin[s])
        count = min(amplitude.shape[1], int(top_hz / max(begin_hz[s], end_hz[s])))
        while count > 0 and amplitude[point[s], count - 1] == 0.0 and amplitude[point[s] + 1, count - 1] == 0.0:
            count -= 1
        for first in range(low, high, block):
            last = min(first + block, high)
            n = last - first
            _wave(first, last, length[s], phase[s], begin_hz[s], end_hz[s], rate_hz, sine, twice)
            before[:n] = 0.0
            to = out[item[s], begin[s] + first : begin[s] + last]
            for h in range(count):
                step = np.float32((amplitude[point[s] + 1, h] - amplitude[point[s], h]) / length[s])
                level = np.float32(amplitude[point[s], h] + step * first)
                for k in range(n):
                    to[k] += (level + step * ramp[k]) * sine[k]
                    following = twice[k] * sine[k] - before[k]
                    before[k] = sine[k]
                    sine[k] = following


@numba.njit(cache=True, fastmath=True, nogil=True)
def _weigh_harmonic(gradient, point, begin, length, phase, begin_hz, end_hz, item, rate_hz, top_hz, block, out):  # type: ignore[no-untyped-def]
    """Add up what `_add_harmonic`'s amplitudes [P, H] do to a loss whose gradient by the samples [B, L] is given."""
    sine, before, twice = np.empty(block, np.float32), np.empty(block, np.float32), np.empty(block, np.float32)
    ramp = np.arange(block).astype(np.float32)
    sample_count = gradient.shape[1]
    for s in range(len(point)):
        low, high = max(0, -begin[s]), min(length[s], sample_count - begin[s])
        count = min(out.shape[1], int(top_hz / max(begin_hz[s], end_hz[s])))
        for first in range(low, high, block):
            last = min(first + block, high)
            n = last - first
            _wave(first, last, length[s], phase[s], begin_hz[s], end_hz[s], rate_hz, sine, twice)
            before[:n] = 0.0
            of = gradient[item[s], begin[s] + first : begin[s] + last]
            for h in range(count):
                all_of_it, later = np.float32(0.0), np.float32(0.0)
                for k in range(n):
                    value = of[k] * sine[k]
                    all_of_it += value
                    later += value * ramp[k]
                    following = twice[k] * sine[k] - before[k]
                    before[k] = sine[k]
                    sine[k] = following
                later = (later + first * all_of_it) / length[s]
                out[point[s], h] += all_of_it - later
                out[point[s] + 1, h] += later


@numba.njit(cache=True, fastmath=True, nogil=True)
def _turn(phase, step, count, cosine, sine):  # type: ignore[no-untyped-def]
    """Fill the cosine and sine of phase + k step, k < count; the first ones one by one, then _LANES at once."""
    lanes = min(_LANES, count)
    c, s = np.float32(math.cos(phase)), np.float32(math.sin(phase))
    turn_c, turn_s = np.float32(math.cos(step)), np.float32(math.sin(step))
    for k in range(lanes):
        cosine[k], sine[k] = c, s
        c, s = c * turn_c - s * turn_s, s * turn_c + c * turn_s
    far_c, far_s = np.float32(math.cos(step * _LANES)), np.float32(math.sin(step * _LANES))
    for first in range(_LANES, count, _LANES):
        for k in range(first, min(first + _LANES, count)):
            cosine[k] = cosine[k - _LANES] * far_c - sine[k - _LANES] * far_s
            sine[k] = sine[k - _LANES] * far_c + cosine[k - _LANES] * far_s


@numba.njit(cache=True, fastmath=True, nogil=True)
def _stretch(number, stiffness):  # type: ignore[no-untyped-def]
    """Say how many times as high as the fundamental a partial of a stiff string is."""
    return number * math.sqrt(1.0 + stiffness * number**2)


@numba.njit(cache=True, fastmath=True, nogil=True)
def _add_stiff(amplitude, point, begin, length, phase, hz, stiffness, item, rate_hz, top_hz, block, out):  # type: ignore[no-untyped-def]
    """Add partials of stiff strings, each of which turns by itself; `phase` is that of a fundamental of `hz`."""
    cosine, sine = np.empty(block, np.float32), np.empty(block, np.float32)
    ramp = np.arange(block).astype(np.float32)
    sample_count = out.shape[1]
    for s in range(len(point)):
        low, high = max(0, -begin[s]), min(length[s], sample_count - begin[s])
        for h in range(amplitude.shape[1]):
            ratio = _stretch(h + 1, stiffness[s])
            if ratio * hz[s] > top_hz:
                break
            if amplitude[point[s], h] == 0.0 and amplitude[point[s] + 1, h] == 0.0:
                continue
            step = 6.283185307179586 * ratio * hz[s] / rate_hz
            rise = np.float32((amplitude[point[s] + 1, h] - amplitude[point[s], h]) / length[s])
            for first in range(low, high, block):
                last = min(first + block, high)
                _turn(ratio * phase[s] + step * first, step, last - first, cosine, sine)
                to = out[item[s], begin[s] + first : begin[s] + last]
                level = np.float32(amplitude[point[s], h] + rise * first)
                for k in range(last - first):
                    to[k] += (level + rise * ramp[k]) * sine[k]


@numba.njit(cache=True, fastmath=True, nogil=True)
def _weigh_stiff(gradient, point, begin, length, phase, hz, stiffness, item, rate_hz, top_hz, block, out):  # type: ignore[no-untyped-def]
    """Add up what `_add_stiff`'s amplitudes do to a loss; see `_weigh_harmonic`."""
    cosine, sine = np.empty(block, np.float32), np.empty(block, np.float32)
    ramp = np.arange(block).astype(np.float32)
    sample_count = gradient.shape[1]
    for s in range(len(point)):
        low, high = max(0, -begin[s]), min(length[s], sample_count - begin[s])
        for h in range(out.shape[1]):
            ratio = _stretch(h + 1, stiffness[s])
            if ratio * hz[s] > top_hz:
                break
            step = 6.283185307179586 * ratio * hz[s] / rate_hz
            for first in range(low, high, block):
                last = min(first + block, high)
                _turn(ratio * phase[s] + step * first, step, last - first, cosine, sine)
                of = gradient[item[s], begin[s] + first : begin[s] + last]
                all_of_it, later = np.float32(0.0), np.float32(0.0)
                for k in range(last - first):
                    value = of[k] * sine[k]
                    all_of_it += value
                    later += value * ramp[k]
                later = (later + first * all_of_it) / length[s]
                out[point[s], h] += all_of_it - later
                out[point[s] + 1, h] += later


class _Sum(torch.autograd.Function):
    """The kernels above as an operation of torch on a CPU."""

    @staticmethod
    def forward(ctx: Any, amplitude: Tensor, segments: Segments, shape: tuple[int, int], rate_hz: float) -> Tensor:
        out = np.zeros(shape, np.float32)
        level = np.ascontiguousarray(amplitude.detach().numpy())
        if segments.stiffness.any():
            _add_stiff(level, *segments.as_stiff(), rate_hz, rate_hz * _TOP_SHARE, _BLOCK_SAMPLE, out)
        else:
            _add_harmonic(level, *segments.as_harmonic(), rate_hz, rate_hz * _TOP_SHARE, _BLOCK_SAMPLE, out)
        ctx.kept = segments, amplitude.shape, rate_hz
        return torch.from_numpy(out)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        segments, shape, rate_hz = ctx.kept
        gradient = np.ascontiguousarray(gradients[0].numpy())
        out = np.zeros(shape, np.float32)
        if segments.stiffness.any():
            _weigh_stiff(gradient, *segments.as_stiff(), rate_hz, rate_hz * _TOP_SHARE, _BLOCK_SAMPLE, out)
        else:
            _weigh_harmonic(gradient, *segments.as_harmonic(), rate_hz, rate_hz * _TOP_SHARE, _BLOCK_SAMPLE, out)
        return torch.from_numpy(out), None, None, None


def sum_partials(amplitude: Tensor, segments: Segments, shape: tuple[int, int], sample_rate_hz: float) -> Tensor:
    """Sum partials.

    Args:
        amplitude: [P, H] of partial h + 1 at each point, linear between points.
        segments: where they sound.
        shape: (B, L) of the result; what lies outside is left out.
        sample_rate_hz: of the samples.

    Returns:
        [B, L]; gradients reach the amplitudes alone.
    """
    if amplitude.device.type == "cpu":
        made: Tensor = _Sum.apply(amplitude, segments, shape, sample_rate_hz)  # type: ignore[no-untyped-call]
        return made
    return _sum_on_device(amplitude, segments, shape, sample_rate_hz)


def _sum_on_device(amplitude: Tensor, segments: Segments, shape: tuple[int, int], sample_rate_hz: float) -> Tensor:
    """Sum partials by torch's own operations, which give the gradient too: for a GPU."""

    # Every sample of every segment [Q]: its place in the segment, and the fundamental's angle there.
    length = torch.from_numpy(segments.length_sample).to(amplitude.device)
    segment = torch.repeat_interleave(length)
    place = torch.arange(len(segment), device=amplitude.device) - (torch.cumsum(length, 0) - length)[segment]

    def spread(values: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(amplitude.device)[segment]

    begin_hz, end_hz, whole = spread(segments.begin_hz), spread(segments.end_hz), length[segment]
    turned = begin_hz * place + (end_hz - begin_hz) * 0.5 * place**2 / whole
    angle = spread(segments.phase) + math.tau / sample_rate_hz * turned
    at = spread(segments.begin_sample) + place
    inside = (at >= 0) & (at < shape[1])
    row = spread(segments.item) * shape[1] + at
    # Partial after partial, as long as any is below the top.
    point, share = spread(segments.point), (place / whole).float()
    top_hz, highest_hz, stiffness = (
        sample_rate_hz * _TOP_SHARE,
        torch.maximum(begin_hz, end_hz),
        spread(segments.stiffness),
    )
    total = torch.zeros_like(share)
    for h in range(amplitude.shape[1]):
        ratio = (h + 1) * torch.sqrt(1.0 + stiffness * (h + 1) ** 2)
        level = torch.lerp(amplitude[point, h], amplitude[point + 1, h], share)
        wave = torch.sin(torch.remainder(ratio * angle, math.tau)).float()
        total = total + level * wave * (ratio * highest_hz <= top_hz)
    out = torch.zeros(shape[0] * shape[1], device=amplitude.device)
    return out.index_add(0, row[inside], total[inside]).view(shape)
