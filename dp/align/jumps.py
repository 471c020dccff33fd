"""The cheapest way through a score that may be left out in parts, in a recording that may begin and end with something
else.

Rows are frames of the recording (T), columns frames of the score in the fullest order (J), between two columns for what
is not music of the score. Every row lies in one column, so paths of all orders cost alike. After Fremerey, Mueller and
Clausen, Handling repeats and jumps in score-performance synchronization (ISMIR 2010).
"""

from collections.abc import Sequence

import numba
import numpy as np

from dp.align.spectrum import F32
from dp.units import IntArray

_STAY = np.array([0.0, 0.05, 0.1, 0.3], np.float32)  # cost of another row in the same column: the first, second, later
_PASS_OVER = np.float32(0.15)  # cost of a column that has no row
_UNREACHABLE = np.float32(1e30)
_MAX_LINKS = 32  # into one column


def cheapest_path(cost: F32, outside: F32, links: Sequence[tuple[int, int, float]]) -> tuple[IntArray, IntArray, float]:
    """The cheapest path.

    Args:
        cost: [T, J] of hearing a column of the score in a row.
        outside: [T] of a row that is not music of the score.
        links: (from, to, price) of steps between columns 0 to J + 1, where column 1 is the score's first and 0 and
            J + 1 are outside; besides these, a column leads to the next. A price for such a step may be given too.

    Returns:
        Rows [P], columns [P], non-decreasing, and the path's cost. Columns that were passed over are in it too.
    """
    column_count = cost.shape[1] + 2
    into: list[dict[int, float]] = [{} for _ in range(column_count)]
    for column in range(1, column_count):
        into[column][column - 1] = 0.0
    for source, target, price in links:
        if len(into[target]) < _MAX_LINKS:
            into[target][source] = price
    first = np.cumsum([0, *map(len, into)])
    sources = np.array([source for column in into for source in column], np.int64)
    prices = np.array([price for column in into for price in column.values()], np.float32)
    whole = np.column_stack([outside, cost, outside]).astype(np.float32)
    rows, columns, total = _search(whole, first, sources, prices, _STAY, _PASS_OVER)
    return rows, columns, float(total)


@numba.njit(cache=True)
def _search(cost, first, sources, prices, stay, pass_over):  # type: ignore[no-untyped-def]
    """Viterbi search; a state is a column and how many rows the path has been staying in it."""
    row_count, column_count = cost.shape
    kinds = len(stay)
    entry = np.zeros((row_count, column_count), np.uint8)  # 2 * link, + 1 where no row was spent
    staying = np.zeros((row_count, column_count), np.uint8)  # cheapest kind of stay, + 16 where the last kind goes on
    before = np.full((column_count, kinds), _UNREACHABLE, np.float32)
    now = np.full((column_count, kinds), _UNREACHABLE, np.float32)
    least_before = np.full(column_count, _UNREACHABLE, np.float32)
    least = np.full(column_count, _UNREACHABLE, np.float32)
    for t in range(row_count):
        for j in range(column_count):
            here = cost[t, j]
            is_outside = j == 0 or j == column_count - 1
            best, code = _UNREACHABLE, 0
            if j == 0:
                best = least_before[0] + here if t > 0 else here
            for link in range(first[j], first[j + 1]):
                source, price = sources[link], prices[link]
                if t > 0 and least_before[source] + price + here < best:
                    best, code = least_before[source] + price + here, 2 * (link - first[j])
                if least[source] + price + pass_over < best:
                    best, code = least[source] + price + pass_over, 2 * (link - first[j]) + 1
            if j == column_count - 1 and t > 0 and least_before[j] + here < best:
                best, code = least_before[j] + here, 255
            now[j, 0] = best
            entry[t, j] = code
            kind, lowest, goes_on = 0, best, 0
            for k in range(1, kinds):
                value = _UNREACHABLE
                if t > 0 and not is_outside:
                    value = before[j, k - 1]
                    if k == kinds - 1 and before[j, k] < value:
                        value, goes_on = before[j, k], 16
                    value += here + stay[k]
                now[j, k] = value
                if value < lowest:
                    kind, lowest = k, value
            staying[t, j] = kind + goes_on
            least[j] = lowest
        before, now = now, before
        least_before, least = least, least_before
    return _trace(entry, staying, first, sources, kinds, least_before[column_count - 1])


@numba.njit(cache=True)
def _trace(entry, staying, first, sources, kinds, total):  # type: ignore[no-untyped-def]
    row_count, column_count = entry.shape
    rows = np.empty(row_count + column_count, np.int64)
    columns = np.empty(row_count + column_count, np.int64)
    t, j, count = row_count - 1, column_count - 1, 0
    kind = staying[t, j] % 16
    while t >= 0:
        rows[count], columns[count] = t, j
        count += 1
        if kind > 0:
            kind = kind if kind == kinds - 1 and staying[t, j] >= 16 else kind - 1
            t -= 1
            continue
        code = entry[t, j]
        if code == 255 or j == 0:
            t -= 1
        else:
            j = sources[first[j] + code // 2]
            t -= 1 - code % 2
        if t >= 0:
            kind = staying[t, j] % 16
    return rows[:count][::-1].copy(), columns[:count][::-1].copy(), total
