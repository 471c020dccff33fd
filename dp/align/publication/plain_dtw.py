"""Warp by plain dynamic programming over the whole table, as the publication does with `librosa.sequence.dtw`.

Same costs, same steps, same ties, and so the same path; but a table of one byte a cell where librosa keeps twenty:
costs are made and summed block by block, and only the steps are kept. T frames of one side, S of the other, K values.
"""

import os
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from dp.align.spectrum import F32
from dp.errors import DataError
from dp.units import FloatArray, IntArray

_BLOCK_FRAME = 64  # rows whose costs are in memory at once; own choice
_BOTH, _COLUMN, _ROW = 0, 1, 2  # which side the step into a cell advanced; on a tie the lower number wins
_SPARE_BYTE = 512 * 2**20  # of memory for all but the table; own choice
_MEMORY_INFO = Path("/proc/meminfo")


def find_plain_path(rows: F32, columns: F32) -> IntArray:
    """Find the cheapest path from the first frames of both sides to their last, at Euclidean distances.

    Args:
        rows: [T, K] one side.
        columns: [S, K] the other side.

    Returns:
        [P, 2] frames of either side along the path, both non-decreasing; P is at most T + S - 1.
    """
    steps = np.empty((len(rows), len(columns)), np.uint8)
    total: FloatArray | None = None
    for at in range(0, len(rows), _BLOCK_FRAME):
        part = slice(at, at + _BLOCK_FRAME)
        cost = cdist(rows[part], columns)
        if total is None:
            total = np.full(len(columns) + 1, np.inf)
            total[0] = 0.0  # what the first cell starts from
        _advance(cost, total, steps[part])
    path: IntArray = _trace(steps)
    return path


def check_memory(row_count: int, column_count: int, subject: str) -> None:
    """Refuse a table that this machine's memory cannot hold.

    Raises:
        DataError: it would not fit.
    """
    needed, free = row_count * column_count + _SPARE_BYTE, find_free_memory_byte()
    if needed > free:
        reason = (
            f"its {row_count} frames against {column_count} of the score need {needed / 1e9:.1f} GB of memory, "
            f"{free / 1e9:.1f} GB are free"
        )
        raise DataError(subject, reason, "align a shorter slice, or use the method ours, which needs little")


def find_free_memory_byte() -> int:
    """Find how many bytes a new table may take: what Linux calls available, elsewhere all that the machine has."""
    try:
        lines = _MEMORY_INFO.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@numba.njit(cache=True)
def _advance(cost: FloatArray, total: FloatArray, steps: npt.NDArray[np.uint8]) -> None:
    """Sum costs [R, S] onto the row above, `total` [S + 1], which becomes their last row; fill their steps [R, S].

    Entry c + 1 of `total` belongs to column c; entry 0 lies before the first one.
    """
    for r in range(len(cost)):
        diagonal = total[0]
        total[0] = np.inf
        for c in range(cost.shape[1]):
            best, step = diagonal + cost[r, c], _BOTH
            if total[c] + cost[r, c] < best:
                best, step = total[c] + cost[r, c], _COLUMN
            if total[c + 1] + cost[r, c] < best:
                best, step = total[c + 1] + cost[r, c], _ROW
            diagonal = total[c + 1]
            total[c + 1] = best
            steps[r, c] = step


@numba.njit(cache=True)
def _trace(steps: npt.NDArray[np.uint8]) -> IntArray:
    """Go back along the steps [T, S] from the last cell to the first; returns the path [P, 2] in forward order."""
    r, c = steps.shape[0] - 1, steps.shape[1] - 1
    path = np.empty((r + c + 1, 2), np.int64)
    count = 0
    while True:
        path[count, 0], path[count, 1] = r, c
        count += 1
        if r == 0 and c == 0:
            break
        step = steps[r, c]
        if step != _COLUMN:
            r -= 1
        if step != _ROW:
            c -= 1
    return path[:count][::-1].copy()
