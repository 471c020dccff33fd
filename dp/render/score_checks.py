"""Count and name in warnings what is odd in a score that can be played all the same."""

from dataclasses import replace

import numpy as np

from dp.types import Score
from dp.units import FloatArray

MAX_SOUNDING_COUNT = 64  # notes at once: more than any player, or a small orchestra
SLOWEST_QPM, FASTEST_QPM = 10.0, 600.0  # of what is played; tempo marks beyond are brought to these
NAMED_COUNT = 5  # of odd values in a warning


def make_playable(score: Score, lowest_pitch: int, highest_pitch: int) -> tuple[Score, tuple[str, ...]]:
    """Bring the tempo marks of a score into bounds, and warn about whatever is odd in it.

    Args:
        score: with notes.
        lowest_pitch, highest_pitch: MIDI pitches that the models know.
    """
    warnings = list(score.oddities)
    odd = (score.tempo_qpm < SLOWEST_QPM) | (score.tempo_qpm > FASTEST_QPM)
    if odd.any():
        bounds = f"{SLOWEST_QPM:g} to {FASTEST_QPM:g} quarters per minute"
        warnings.append(f"tempo marks brought into {bounds}: {odd.sum()} ({_name_values(score.tempo_qpm[odd])})")
        score = replace(score, tempo_qpm=np.clip(score.tempo_qpm, SLOWEST_QPM, FASTEST_QPM))
    pitch = score.notes.pitch
    outside = (pitch < lowest_pitch) | (pitch > highest_pitch)
    if outside.any():
        bounds = f"MIDI pitches {lowest_pitch} to {highest_pitch}, which the models know"
        warnings.append(f"{outside.sum()} notes outside {bounds} ({_name_values(pitch[outside])})")
    crowded = _count_most_at_once(score.notes.onset_quarter, score.notes.duration_quarter)
    if crowded[0] > MAX_SOUNDING_COUNT:
        warnings.append(f"{crowded[0]} notes at once, in bar {score.notes.measure[crowded[1]]}")
    return score, tuple(warnings)


def _name_values(values: np.ndarray) -> str:
    different = np.unique(values)
    more = ", ..." if len(different) > NAMED_COUNT else ""
    return ", ".join(f"{value:g}" for value in different[:NAMED_COUNT].tolist()) + more


def _count_most_at_once(onset_quarter: FloatArray, duration_quarter: FloatArray) -> tuple[int, int]:
    """Count the notes that sound at once where most do; return the count and the index of a note that starts there."""
    ended = np.searchsorted(np.sort(onset_quarter + duration_quarter), onset_quarter, side="right")
    begun = np.searchsorted(onset_quarter, onset_quarter, side="right")
    at_once = begun - ended
    most = int(np.argmax(at_once))
    return int(at_once[most]), most
