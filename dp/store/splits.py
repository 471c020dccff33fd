"""Choose which clips and which recordings are held out for validation: the same ones every time, on every machine."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence


def choose_valid_clips(clip_ids: Iterable[str], seed: int, fraction: float) -> frozenset[str]:
    """Choose the clips of the publication's `clip` split, which are held out one by one.

    Each clip is drawn by a hash of the seed and its id, so a corpus that grows moves none of the others. Where the
    draw holds out none of two clips or more, the one nearest to it is.
    """
    draws = {clip_id: _draw(seed, clip_id) for clip_id in clip_ids}
    chosen = frozenset(clip_id for clip_id, draw in draws.items() if draw < fraction)
    if chosen or fraction == 0.0 or len(draws) < 2:
        return chosen
    return frozenset([min(draws, key=lambda clip_id: (draws[clip_id], clip_id))])


def choose_valid_recordings(
    performer_by_recording: Mapping[str, str], seed: int, fraction: float, chosen: Sequence[str] = ()
) -> frozenset[str]:
    """Choose the recordings of the `recording` split, which are held out whole.

    Args:
        performer_by_recording: performer of every recording_id.
        seed: of the draw.
        fraction: of the recordings to hold out; at least one of two or more.
        chosen: ids to hold out instead of drawing; those that are not in the store are passed over.

    Returns:
        the ids; where possible each performer keeps a recording to be learned from.
    """
    if chosen:
        return frozenset(chosen) & performer_by_recording.keys()
    if fraction == 0.0 or len(performer_by_recording) < 2:
        return frozenset()
    wanted = max(1, round(fraction * len(performer_by_recording)))
    by_draw = sorted(performer_by_recording, key=lambda recording_id: (_draw(seed, recording_id), recording_id))
    left = Counter(performer_by_recording.values())
    held_out: list[str] = []
    for recording_id in by_draw:
        performer = performer_by_recording[recording_id]
        if len(held_out) < wanted and left[performer] > 1:
            left[performer] -= 1
            held_out.append(recording_id)
    return frozenset(held_out or by_draw[:1])


def choose_valid_movements(
    performers_by_movement: Mapping[str, Sequence[str]], seed: int, fraction: float
) -> frozenset[str]:
    """Choose movements to hold out with all who play them, so that nobody's playing of them was heard.

    Args:
        performers_by_movement: performer of each of a movement's recordings.
        seed: of the draw.
        fraction: of the movements to hold out; at least one of two or more.

    Returns:
        their names. Only movements that two performers play are held out, so that these can be told apart; each of
        their performers keeps another movement to be learned from.
    """
    if fraction == 0.0 or len(performers_by_movement) < 2:
        return frozenset()
    wanted = max(1, round(fraction * len(performers_by_movement)))
    left = Counter(performer for performers in performers_by_movement.values() for performer in performers)
    held_out: list[str] = []
    for name in sorted(performers_by_movement, key=lambda name: (_draw(seed, name), name)):
        here = Counter(performers_by_movement[name])
        if len(held_out) < wanted and len(here) > 1 and all(left[who] > count for who, count in here.items()):
            left -= here
            held_out.append(name)
    return frozenset(held_out)


def _draw(seed: int, name: str) -> float:
    """Draw a number in [0, 1) that only depends on the seed and the name."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8]) / 2**64
