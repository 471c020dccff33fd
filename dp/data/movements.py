"""Finds which recordings play the same movement, and at which places. Only the notes decide, not the scores' names.

The Bach Violin Dataset has one score for each way of playing the repeats, so ids do not tell.
"""

import hashlib
from collections.abc import Mapping

import numpy as np

from dp.types import ScoreNotes
from dp.units import IntArray, quarter_to_tick

REACH_EVENT = 4  # events to either side that belong to an event's surroundings
SHARED = 0.3  # share of common events, of the shorter of two scores, from which on they are one movement


def digest_surroundings(notes: ScoreNotes) -> IntArray:
    """Return a digest [E] of what is written around each event of a score (all notes that start together).

    Events of two scores with the same surroundings are the same place of the same movement, or of its repeat.
    """
    quarter, event = np.unique(np.round(notes.onset_quarter, 6), return_inverse=True)
    top, count = np.zeros(len(quarter), dtype=np.int64), np.bincount(event)
    np.maximum.at(top, event, notes.pitch)
    steps = np.append(quarter_to_tick(np.diff(quarter)), 0)
    written = np.stack([steps, top, count], axis=1).astype(np.int64)
    around = [written[max(0, i - REACH_EVENT) : i + REACH_EVENT + 1].tobytes() for i in range(len(written))]
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in around)
    return np.frombuffer(digests, dtype=np.int64)


def assign_movements(scores: Mapping[str, IntArray]) -> dict[str, str]:
    """Return the movement of each recording, named after the first of its recordings in alphabetical order.

    Args:
        scores: the surroundings of each recording's events, by recording_id.
    """
    found: dict[str, str] = {}
    members: dict[str, set[int]] = {}
    for recording_id in sorted(scores):
        places = set(scores[recording_id].tolist())
        name = next((name for name, others in members.items() if _is_same(places, others)), recording_id)
        found[recording_id] = name
        members[name] = members.get(name, set()) | places
    return found


def _is_same(places: set[int], others: set[int]) -> bool:
    return len(places & others) >= SHARED * min(len(places), len(others))
