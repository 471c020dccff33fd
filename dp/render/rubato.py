"""Ritardandi, accelerandi and fermatas of the score take effect by rule.

The timing model follows only the tempo marks of the score, as in training. The other changes of tempo are applied to
its result: from one event to the next, a ritardando or fermata makes the time at least as long as its rule says, an
accelerando at most as long. So a ritardando that the model already plays is not added twice.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dp.data.tempo_map import TempoMap, build_performed_tempo_map
from dp.types import PerformedNotes, Score, TempoChange
from dp.units import FloatArray

MAX_ADDED_SEC = 3.0  # by a fermata: the long last note of a slow movement is not held twice as long
SAME_QUARTER = 1e-6  # score times so near each other are one
UNCHANGED = 1e-9  # departure from 1 of a factor that counts as none


def apply_tempo_changes(
    score: Score, performed: PerformedNotes, written: TempoMap, subject: object
) -> tuple[PerformedNotes, TempoMap]:
    """Stretch a performance where the score says so.

    Args:
        score: whose note i is note i of the performance.
        performed: by the tempo marks alone.
        written: those, see `dp.data.tempo_map.build_written_tempo_map`.
        subject: named in errors.

    Returns:
        The performance and its tempo map.

    Raises:
        DataError: the notes do not follow each other in time.
    """
    tempo_map = build_performed_tempo_map(score.notes, performed, subject)
    if not score.tempo_changes and not score.fermatas:
        return performed, tempo_map
    held = _find_held(score, written)
    borders = [border for begin, end, _ in held for border in (begin, end)]
    known = tempo_map.position_quarter
    inside = [
        border  # so that a rest is held, and not the note before it
        for border in borders
        if known[0] < border < known[-1] and np.abs(known - border).min() > SAME_QUARTER
    ]
    quarter = np.unique(np.concatenate([known, inside]))
    sec = tempo_map.find_sec(quarter)
    plain_sec = np.diff(written.find_sec(quarter))
    rule = np.diff(_compute_ruled_sec(score.tempo_changes, held, written, quarter)) / plain_sec
    played = np.diff(sec) / plain_sec
    slower, faster = rule > 1 + UNCHANGED, rule < 1 - UNCHANGED
    factor = np.where(slower, np.maximum(played, rule), np.where(faster, np.minimum(played, rule), played)) / played
    # What follows the last event is no tempo that was played, but how long its notes are.
    factor = np.where(quarter[:-1] >= known[-2], rule, factor)
    new_sec = sec[0] + np.concatenate([[0.0], np.cumsum(np.diff(sec) * factor)])
    warped = [_warp_times(values, sec, new_sec, factor) for values in (performed.onset_sec, performed.offset_sec)]
    performed = replace(performed, onset_sec=warped[0], offset_sec=warped[1])
    return performed, build_performed_tempo_map(score.notes, performed, subject)


def _warp_times(values: FloatArray, sec: FloatArray, new_sec: FloatArray, factor: FloatArray) -> FloatArray:
    """Map times to those after the stretching; beyond the first and last event the nearest interval counts."""
    before, after = np.minimum(values - sec[0], 0.0), np.maximum(values - sec[-1], 0.0)
    return np.asarray(np.interp(values, sec, new_sec) + before + after * factor[-1])


def _find_held(score: Score, written: TempoMap) -> list[tuple[float, float, float]]:
    """Find the stretches that fermatas hold: begin and end in quarters, and the factor of their length.

    Holding starts at the last event under the fermata, when all that moves has come to rest.
    """
    onsets = np.unique(score.notes.onset_quarter)
    found = []
    for fermata in score.fermatas:
        before = int(np.searchsorted(onsets, fermata.end_quarter)) - 1
        begin = max(float(onsets[before]), fermata.begin_quarter) if before >= 0 else fermata.begin_quarter
        length_sec = float(written.find_sec(fermata.end_quarter) - written.find_sec(begin))
        found.append((begin, fermata.end_quarter, min(fermata.factor, 1 + MAX_ADDED_SEC / length_sec)))
    return found


def _compute_ruled_sec(
    changes: Sequence[TempoChange], held: Sequence[tuple[float, float, float]], written: TempoMap, quarter: FloatArray
) -> FloatArray:
    """Compute when score positions [K] are reached by tempo marks, changes and fermatas alone, in seconds [K]."""
    borders = [quarter, written.position_quarter]
    borders += [np.array([change.begin_quarter, change.end_quarter]) for change in changes]
    borders += [np.array(span[:2]) for span in held]
    grid = np.unique(np.concatenate(borders))
    slowness = np.ones(len(grid) - 1)
    for change in changes:
        inside = slice(*np.searchsorted(grid, [change.begin_quarter, change.end_quarter]).tolist())
        slowness[inside] = _compute_slowness(change, grid[inside.start : inside.stop + 1])
    longer = np.ones(len(grid) - 1)
    for begin, end, factor in held:
        inside = slice(*np.searchsorted(grid, [begin, end]).tolist())
        longer[inside] = np.maximum(longer[inside], factor)
    lengths_sec = np.diff(written.find_sec(grid)) * slowness * longer
    return np.interp(quarter, grid, np.concatenate([[0.0], np.cumsum(lengths_sec)]))


def _compute_slowness(change: TempoChange, quarter: FloatArray) -> FloatArray:
    """Compute the mean factors [K - 1] of the durations between score positions [K] inside a change.

    The tempo goes like the speed of a runner who slows down evenly: its square is linear in the score position
    (Kronman and Sundberg 1987; Friberg and Sundberg 1999 with q = 2). Such a stretch takes as long as at the mean of
    the tempos at its ends.
    """
    share = (quarter - change.begin_quarter) / (change.end_quarter - change.begin_quarter)
    squared = change.begin_factor**2 + share * (change.end_factor**2 - change.begin_factor**2)
    factor = np.sqrt(squared)
    return np.asarray(2.0 / (factor[:-1] + factor[1:]))
