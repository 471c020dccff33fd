"""Find the cheapest way through a score, parts of which may be left out, in a recording.

The recording may begin and end with something else.

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
_PASS_OVER = np.array([0.1, 0.3], np.float32)  # cost of a column that has no row: a single one, each further one
_SAME, _GOES_ON, _PASSED = 255, 16, 32  # marks in the table of the search
_UNREACHABLE = np.float32(1e30)
_MAX_LINKS = 32  # into one column


def find_cheapest_path(
    cost: F32, outside: F32, links: Sequence[tuple[int, int, float]]
) -> tuple[IntArray, IntArray, float]:
    """Find the cheapest path.

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
    """Search; a state is a column and for how many rows the path has stayed in it, or that it has no row."""
    # Tables: what the cheapest way costs to every column and kind, in this row and the one before, and whence it came
    row_count, column_count = cost.shape
    passed = len(stay)  # the kind of a column without a row
    back = np.zeros((row_count, column_count, 3), np.uint8)  # cheapest kind; link entered by; link passed over by
    before = np.full((column_count, passed + 1), _UNREACHABLE, np.float32)
    now = np.full((column_count, passed + 1), _UNREACHABLE, np.float32)
    least_before = np.full(column_count, _UNREACHABLE, np.float32)
    least = np.full(column_count, _UNREACHABLE, np.float32)  # of the kinds with a row
    for t in range(row_count):
        for j in range(column_count):
            here = cost[t, j]
            is_outside = j == 0 or j == column_count - 1
            # Ways into the column from others: by this row, or without a row
            entered, entry, skipped, skip = _UNREACHABLE, 0, _UNREACHABLE, 0
            if is_outside:
                entered, entry = here if t == 0 and j == 0 else least_before[j] + here, _SAME
            for link in range(first[j], first[j + 1]):
                source, price, number = sources[link], prices[link], link - first[j]
                if least_before[source] + price + here < entered:
                    entered, entry = least_before[source] + price + here, number
                if least[source] + price + pass_over[0] < skipped:
                    skipped, skip = least[source] + price + pass_over[0], 2 * number
                if now[source, passed] + price + pass_over[1] < skipped:
                    skipped, skip = now[source, passed] + price + pass_over[1], 2 * number + 1
            now[j, 0], now[j, passed] = entered, skipped
            # Ways that stay in it: for the second row, the third, and so on
            kind, lowest, goes_on = 0, entered, 0
            for k in range(1, passed):
                value = _UNREACHABLE
                if not is_outside:
                    value = before[j, k - 1]
                    if k == passed - 1 and before[j, k] < value:
                        value, goes_on = before[j, k], _GOES_ON
                    value += here + stay[k]
                now[j, k] = value
                if value < lowest:
                    kind, lowest = k, value
            least[j] = lowest
            back[t, j, 0], back[t, j, 1], back[t, j, 2] = kind + goes_on, entry, skip
        # What the next row may start from
        for j in range(column_count):
            least_before[j] = least[j]
            if now[j, passed] < least[j]:
                least_before[j] = now[j, passed]
                back[t, j, 0] += _PASSED
        before, now = now, before
    rows, columns = _trace(back, first, sources, passed)
    return rows, columns, least[column_count - 1]


@numba.njit(cache=True)
def _trace(back, first, sources, passed):  # type: ignore[no-untyped-def]
    """Trace rows and columns [P] back along the marks [T, J + 2, 3], from the last row outside the score."""
    row_count, column_count = back.shape[:2]
    rows = np.empty(row_count + column_count, np.int64)
    columns = np.empty(row_count + column_count, np.int64)
    t, j, count = row_count - 1, column_count - 1, 0
    kind = back[t, j, 0] % 16
    while t >= 0:
        rows[count], columns[count] = t, j
        count += 1
        if kind == passed:
            skip = back[t, j, 2]
            j = sources[first[j] + skip // 2]
            kind = passed if skip % 2 else back[t, j, 0] % 16
        elif kind > 0:
            kind = kind if back[t, j, 0] & _GOES_ON and kind == passed - 1 else kind - 1
            t -= 1
        else:
            entry = back[t, j, 1]
            j = j if entry == _SAME else sources[first[j] + entry]
            t -= 1
            if t >= 0:
                kind = passed if back[t, j, 0] & _PASSED else back[t, j, 0] % 16
    return rows[:count][::-1].copy(), columns[:count][::-1].copy()
