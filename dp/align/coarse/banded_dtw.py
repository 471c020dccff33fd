"""Warp a score onto a recording by dynamic programming inside a band, in memory linear in the length.

Rows are frames of the recording (T), columns frames of the score (J). Row t may use the columns first[t] to
first[t] + width - 1. The path begins at (0, 0) and may end anywhere in the score's last stretch.
"""

import math
from collections.abc import Iterator

import numba
import numpy as np

from dp.align.coarse.features import Frames
from dp.units import IntArray

EXPECTED_ONSET = 0.3  # agreement of onsets, 0 to 1, that neither costs nor gains; own choice
PAUSE_LOUDNESS = np.float32(0.1)  # a frame of the score that sounds for less than this share is a pause; own choice
_AUDIO, _SCORE, _BOTH, _START = 0, 1, 2, 3  # which side the step into a cell advanced
_ROWS_AT_ONCE = 2048  # whose features are in memory at once, of both sides 3 MB
_UNREACHABLE = np.float32(1e30)  # finite, so that sums stay comparable


def warp(
    audio: Frames,
    score: Frames,
    first: IntArray,
    width: int,
    onset_weight: float,
    both_weight: float,
    alone_price: float,
    last_onset: int,
    absent_cost: float = math.inf,
) -> tuple[IntArray, IntArray, float]:
    """Find the cheapest path through the costs of pairing frames of the recording with frames of the score.

    Args:
        audio: T frames of the recording.
        score: J frames of the score.
        first: [T] first column of each row's band, non-decreasing, from 0.
        width: columns of the band.
        onset_weight: how much agreement of onsets counts beside agreement of bands.
        both_weight: cost of a step that advances both sides, against 1 for a step that advances one.
        alone_price: what a step that advances one side costs beside its frames, however well these agree.
        last_onset: the column from which on the path may end.
        absent_cost: of a frame of the score before the recording's first frame or after its last one, at most.

    Returns:
        Rows [P] and columns [P] along the path, both non-decreasing, and its cost divided by T + J.

    A band that the path cannot cross otherwise makes it begin at the first row's first column, wherever that is.
    """
    weights = tuple(np.float32(w) for w in (onset_weight, both_weight, alone_price, absent_cost))
    steps = np.zeros((len(audio), -(-width // 4)), np.uint8)  # [T, width] of two bits each
    totals = np.full((2, width), _UNREACHABLE, np.float32)  # of row t in t % 2
    span, written = (0, 1), score.part(0, 1)
    for begin, end in _iterate_row_blocks(first):
        heard = audio.part(begin, end)
        needed = int(first[begin]), min(int(first[end - 1]) + width, len(score))
        if needed != span:
            span, written = needed, score.part(*needed)
        arrays = (part for f in (heard, written) for part in (f.bands, f.onsets, f.loudness))
        _sum_up(steps, totals, begin, first, span[0], *arrays, *weights)
    total = totals[(len(audio) - 1) % 2]
    rows, columns, cost = _trace(steps, total, first, len(score), last_onset)
    return rows, columns, float(cost) / (len(audio) + len(score))


def _iterate_row_blocks(first: IntArray) -> Iterator[tuple[int, int]]:
    """Yield blocks of rows, begin and end, so short that their bands [T] span few columns besides one band's own."""
    begin = 0
    while begin < len(first):
        near = int(np.searchsorted(first, first[begin] + _ROWS_AT_ONCE, side="right"))
        end = max(min(begin + _ROWS_AT_ONCE, near), begin + 1)
        yield begin, end
        begin = end


@numba.njit(cache=True, fastmath={"reassoc", "contract", "nsz"})
def _compute_row_cost(out, bands, onsets, loudness, score_bands, score_onsets, sounding, first, onset_weight):  # type: ignore[no-untyped-def]
    """Compute what it costs to pair one frame of the recording with each of the score's in its band; fills out [width].

    The cost is 1 - cosine of the bands - weighted agreement of the onsets. Where the score pauses, the recording may
    ring or be quiet, whichever is cheaper. Bands and onsets are [K], those of the score [J, K], `sounding` [J].
    """
    for b in range(len(out)):
        j = first + b
        if j >= len(sounding):
            out[b] = _UNREACHABLE
        else:
            similar = np.float32(0.0)
            agree = np.float32(0.0)
            for k in range(len(bands)):
                similar += bands[k] * score_bands[j, k]
                agree += onsets[k] * score_onsets[j, k]
            out[b] = 1.0 - similar - onset_weight * (agree - EXPECTED_ONSET)
            if sounding[j] < PAUSE_LOUDNESS:
                out[b] = min(out[b], loudness)


@numba.njit(cache=True)
def _sum_up(  # type: ignore[no-untyped-def]
    steps,
    totals,
    begin,
    first,
    low,
    bands,
    onsets,
    loudness,
    score_bands,
    score_onsets,
    sounding,
    onset_weight,
    both_weight,
    alone_price,
    absent_cost,
):
    """Sum the costs forward over the rows of a block: what the cheapest way to every cell costs, and its last step.

    Args:
        steps: [T, width], by which step the cheapest way to a cell comes, is filled.
        totals: [2, width], what it costs, of row t in t % 2; the row before the block is there, and others replace it.
        begin: first row of the block.
        first: [T] first column of each row's band.
        low: the column that the score's features begin with.
        bands, onsets, loudness: of the block's rows.
        score_bands, score_onsets, sounding: of all columns of their bands.
        onset_weight, both_weight, alone_price, absent_cost: as in `warp`.
    """
    width = totals.shape[1]
    cost = np.empty(width, np.float32)
    for t in range(begin, begin + len(bands)):
        previous, current = totals[(t + 1) % 2], totals[t % 2]
        moved = first[t] - first[t - 1] if t > 0 else 0
        at = t - begin
        _compute_row_cost(
            cost, bands[at], onsets[at], loudness[at], score_bands, score_onsets, sounding, first[t] - low, onset_weight
        )
        for b in range(width):
            best, step = _UNREACHABLE, _START
            if t == 0 and b == 0:
                best = cost[0]
            alone = cost[b] + alone_price
            left_out = min(cost[b], absent_cost) + alone_price if t == 0 or t == len(first) - 1 else alone
            if b > 0 and current[b - 1] + left_out < best:
                best, step = current[b - 1] + left_out, _SCORE
            above = b + moved
            if t > 0 and above < width and previous[above] + alone < best:
                best, step = previous[above] + alone, _AUDIO
            if t > 0 and 0 < above <= width and previous[above - 1] + both_weight * cost[b] < best:
                best, step = previous[above - 1] + both_weight * cost[b], _BOTH
            current[b] = best
            steps[t, b // 4] |= step << (2 * (b % 4))


@numba.njit(cache=True)
def _trace(steps, total, first, column_count, last_onset):  # type: ignore[no-untyped-def]
    """Go back along the steps [T, width] from the cheapest end: rows [P], columns [P] and cost; see `warp`.

    `total` [width] is what the cheapest ways to the last row cost.
    """
    row_count, width = len(steps), len(total)
    # The cheapest end in the last row, from the score's last onset on
    last = min(column_count - 1 - first[-1], width - 1)
    for b in range(max(0, last_onset - first[-1]), width):
        if first[-1] + b < column_count and total[b] < total[last]:
            last = b
    # [P] back along the steps to where the path began
    rows = np.empty(row_count + column_count, np.int64)
    columns = np.empty(row_count + column_count, np.int64)
    t, b, count = row_count - 1, last, 0
    while True:
        rows[count], columns[count] = t, first[t] + b
        count += 1
        step = (steps[t, b // 4] >> (2 * (b % 4))) & 3
        if step == _START:
            break
        if step == _SCORE:
            b -= 1
        else:
            b += first[t] - first[t - 1] - (1 if step == _BOTH else 0)
            t -= 1
    return rows[:count][::-1].copy(), columns[:count][::-1].copy(), total[last]
