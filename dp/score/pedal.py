"""The sustaining pedal lets notes ring; this module finds how long."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from dp.score.model import PlayedNote

PedalMove = tuple[Fraction, bool]  # position in quarters as played, and whether the pedal goes down


def let_ring(notes: Iterable[PlayedNote], moves: Sequence[PedalMove]) -> None:
    """Let the notes of one part ring until the pedal is released, or their pitch is played again.

    Args:
        notes: of the part; how long the pedal lets each ring is written into its `ring_quarter`.
        moves: of the part's pedal, in order; a pedal that is never released changes nothing.
    """
    spans = _find_spans(moves)
    if not spans:
        return
    begins = [begin for begin, _ in spans]
    rows = list(notes)
    strikes: dict[int, list[Fraction]] = defaultdict(list)
    for note in sorted(rows, key=lambda n: n.onset_quarter):
        strikes[note.pitch].append(note.onset_quarter)
    for note in rows:
        end = note.onset_quarter + note.duration_quarter
        index = bisect_left(begins, end) - 1  # the pedal has to be down before the key is released
        if index < 0 or end >= spans[index][1] or note.duration_quarter == 0:
            continue
        released = spans[index][1]
        again = bisect_left(strikes[note.pitch], end)
        if again < len(strikes[note.pitch]):
            released = min(released, strikes[note.pitch][again])
        note.ring_quarter = max(released - end, Fraction(0))


def _find_spans(moves: Sequence[PedalMove]) -> list[tuple[Fraction, Fraction]]:
    """Find from where to where the pedal is down, in quarters."""
    spans = []
    down: Fraction | None = None
    for quarter, is_down in moves:
        if is_down and down is None:
            down = quarter
        elif not is_down and down is not None:
            if quarter > down:
                spans.append((down, quarter))
            down = None
    return spans
