"""Decide where the music of a score begins and ends in a recording, and which repeats are played.

A recording may begin with talk or tuning, end with applause, leave out repeats that are written, or play some that are
not. All that is searched for at once, at three frames a second.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from dp.align.coarse.features import Frames
from dp.align.score_events import ScorePlan
from dp.align.structure.search import NEAR_SEC, Ends, Found, Layout, Search, Structure
from dp.types import Repeat, ScoreNotes

_SHIFTS_SEMITONE = (0, -1, 1, -2)  # a recording may be at A = 392 to 466 Hz
_MUSIC_SHARES = (0.7, 0.5, 0.35, 0.25)  # of a recording that may be the music
# Costs are sums over frames of a third of a second (of `Search.run`) and have no unit.
# Another shift must be this much cheaper than none, and by this share of the cost: of recordings that are a semitone
# or two off it is 1.0 and more, of such as are not, up to an hour long, at most 0.02.
_SHIFT_GAIN, _SHIFT_SHARE = 4.0, 0.1
_SHIFT_FRAME_GAIN = 0.1  # for each frame, in a few seconds, where no cost is so low; own choice
_MIN_GAIN_ORDER = 2.0  # by which another order must be cheaper than what is written, beyond the prices of its jumps
_MIN_GAIN_ENDS = 4.0  # the same for other ends
# And for each frame that they leave out: where all fits alike, gains add up by chance. Of repeated chords it was 0.031,
# of talk and applause that were left out 0.047 and more.
_MIN_GAIN_LEFT_OUT = 0.035
_GOOD_FIT = -0.02  # cost per frame; of recordings that are what is written it was -0.22 to -0.03
_SAME_COST = 1.0  # a difference in cost that means nothing
_ROUND_COUNT = 2
_UNEXPLAINED_SEC = 20.0  # or a third of a short recording
_UNEXPLAINED = -0.004  # mean cost per frame in that time; of recordings that are what is written at most -0.002
_SHORT_SEC, _UNEXPLAINED_SHARE = 120.0, 0.5  # in shorter recordings, where trying costs little: this share of the mean
_BRIEF_SEC = 90.0  # in shorter recordings a pass may be worth less than what other ends and orders must gain
_MIN_PASS_GAIN = 0.35  # of what the rest gains per quarter; of passes that were played it was 0.45 and more, else 0.27
_MIN_SECTION_FIT = 0.55  # of the rest's mean cost per frame; of passes that were played it was 0.57 and more
_MIN_GAIN_SECTION, _MIN_GAIN_FRAME = 1.0, 0.007  # in all, and for each of its frames; of wrong ones 0.007 and less


def find_structure(
    audio: Frames, notes: ScoreNotes, repeats: Sequence[Repeat], plan: ScorePlan, active: Ends, hop_sec: float
) -> Structure:
    """Find out what was played, and where.

    Args:
        audio: features of the recording.
        notes: of the unfolded score; at least one.
        repeats: that may be played otherwise than written.
        plan: of the notes.
        active: where the recording is not silent.
        hop_sec: of the features.

    Returns:
        What is written, from the first to the last sound, unless something else fits clearly better.
    """
    declared = [i for i, r in enumerate(repeats) if r.is_declared]
    search = Search(audio, notes, repeats, declared, plan, active, hop_sec)
    written = Structure(active, frozenset(i for i, r in enumerate(repeats) if r.is_written), 0)
    found = _keep_declared(search, written)
    if active.end_sec - active.begin_sec < _BRIEF_SEC:
        found = _drop_unheard(search, found)
    if len(declared) < len(repeats) and _leaves_much_unexplained(found, search):
        fuller = Search(audio, notes, repeats, range(len(repeats)), plan, active, hop_sec)
        found = _add_sections(fuller, found, written, repeats)
    return found.structure


def _keep_declared(search: Search, written: Structure) -> Found:
    """Find the best of what repeat signs let expect."""
    # As written: any transposition, and with all repeats left out
    layout = search.lay_out(written)
    found = _find_best_shift(search, layout)
    written = replace(written, shift_semitone=found.structure.shift_semitone)
    if written.played:
        bare = search.lay_out(replace(written, played=frozenset()))
        found = min(found, search.run(bare, written.shift_semitone, True, True), key=_compute_cost)
    # Where that fits, what is written stays
    fits = found.cost < _GOOD_FIT * len(search.heard)
    if fits and _find_alike(found.structure, written):
        return replace(found, structure=written)
    as_written = search.run(layout, written.shift_semitone, False, False)
    if fits and found.structure.played == written.played and as_written.cost < found.cost + _SAME_COST:
        return replace(as_written, structure=written)
    # Else the music may fill but a part of the recording, and then goes at another tempo
    if not fits or found.structure.ends != written.ends:
        found = min(found, _within(search, written), key=_compute_cost)
    for _ in range(_ROUND_COUNT):
        layout = search.lay_out(found.structure)
        shift = found.structure.shift_semitone
        as_written = min(as_written, search.run(layout, shift, False, False), key=_compute_cost)
        again = search.run(layout, shift, True, True)
        if again.cost >= found.cost:
            break
        found = again
    # Something else than written must pay
    written = replace(written, shift_semitone=found.structure.shift_semitone)
    gain = _MIN_GAIN_ORDER
    if found.structure.ends != written.ends:
        left_out = _count_left_out(found.structure.ends, written.ends, search.frame_sec)
        gain = max(_MIN_GAIN_ENDS, _MIN_GAIN_LEFT_OUT * left_out)
    if found.cost < as_written.cost - gain and not _find_alike(found.structure, written):
        return found
    return replace(as_written, structure=written)


def _count_left_out(ends: Ends, whole: Ends, frame_sec: float) -> float:
    """Count the frames of the whole that other ends leave out."""
    return max((whole.end_sec - whole.begin_sec) - (ends.end_sec - ends.begin_sec), 0.0) / frame_sec


def _drop_unheard(search: Search, found: Found) -> Found:
    """Leave out the passes that gain much less than the rest: something else was taken for them."""
    passes = found.structure.played
    if not passes:
        return found
    choices = dict.fromkeys([frozenset(), passes, *(frozenset({p}) for p in sorted(passes))])
    tried = [_refine(search, _measure_tempos(search, found.structure, passes - out), out) for out in choices]
    length_quarter = [search.length_quarter(other.structure.played) for other in tried]
    gain = max(-other.cost / length for other, length in zip(tried, length_quarter, strict=True))
    due = [other.cost + _MIN_PASS_GAIN * gain * length for other, length in zip(tried, length_quarter, strict=True)]
    best = tried[int(np.argmin(due))]
    return best if best.structure.played < passes else found


def _measure_tempos(search: Search, like: Structure, played: frozenset[int]) -> list[Structure]:
    """List a structure for each tempo that the music may have."""
    length_sec = search.active.end_sec - search.active.begin_sec
    return [replace(like, ends=Ends(0.0, s * length_sec), played=played) for s in (1.0, *_MUSIC_SHARES)]


def _refine(search: Search, tempos: Sequence[Structure], left_out: Collection[int] = frozenset()) -> Found:
    """Find the cheapest structure at one of the tempos, or at one that follows from it."""

    def run(tempo: Structure) -> Found:
        return search.run(search.lay_out(tempo), tempo.shift_semitone, True, True, left_out)

    best = min(map(run, tempos), key=_compute_cost)
    for _ in range(_ROUND_COUNT):
        again = run(best.structure)
        if again.cost >= best.cost:
            break
        best = again
    return best


def _leaves_much_unexplained(found: Found, search: Search) -> bool:
    """Tell whether for long a recording sounds unlike what would be played there, or nothing would."""
    row_count = len(found.row_cost)
    row_sec = np.arange(row_count) * search.frame_sec
    inside = found.row_cost[(row_sec >= search.active.begin_sec) & (row_sec < search.active.end_sec)]
    if not len(inside):
        return False
    length = max(min(round(_UNEXPLAINED_SEC / search.frame_sec), len(inside) // 3), 1)
    worst = float(np.convolve(inside, np.ones(length) / length, "valid").max())
    is_short = len(inside) * search.frame_sec < _SHORT_SEC
    return worst > (_UNEXPLAINED_SHARE * float(inside.mean()) if is_short else _UNEXPLAINED)


def _add_sections(search: Search, found: Found, written: Structure, repeats: Sequence[Repeat]) -> Found:
    """Add sections that no sign repeats where they clearly pay; the result is as good as before, or better."""
    shift = found.structure.shift_semitone
    best = _refine(
        search, [found.structure, *_measure_tempos(search, replace(written, shift_semitone=shift), written.played)]
    )
    if best.structure.ends != written.ends:
        kept = replace(best.structure, ends=written.ends)
        whole = search.run(search.lay_out(kept), shift, True, False)
        best = whole if whole.cost < best.cost + _MIN_GAIN_ENDS else best
    return best if _pays(best, found, search, repeats) else found


def _pays(best: Found, found: Found, search: Search, repeats: Sequence[Repeat]) -> bool:
    """Tell whether the sections that `best` plays again fit about as well as the rest, and better than `found`."""
    undeclared = [i for i, r in enumerate(repeats) if not r.is_declared and i in best.structure.played]
    is_undeclared = np.array([part.repeat in undeclared for part in search.parts])
    is_music = best.row_part >= 0
    is_added = is_music & is_undeclared[best.row_part]
    if not undeclared or not is_added.any() or not (is_music & ~is_added).any():
        return False
    fit, rest = best.row_cost[is_added].mean(), best.row_cost[is_music & ~is_added].mean()
    gain = found.cost - best.cost
    return bool(fit < _MIN_SECTION_FIT * rest and gain > max(_MIN_GAIN_SECTION, _MIN_GAIN_FRAME * is_added.sum()))


def _within(search: Search, written: Structure) -> Found:
    """Find the cheapest structure whose music is only a part of the recording, and so faster than if it filled it."""
    length_sec = written.ends.end_sec - written.ends.begin_sec
    results = [
        _find_best_shift(search, search.lay_out(Structure(Ends(0.0, share * length_sec), played, 0)))
        for share in _MUSIC_SHARES
        for played in {written.played, frozenset()}
    ]
    return min(results, key=_compute_cost)


def _find_best_shift(search: Search, layout: Layout) -> Found:
    """Find the cheapest structure of any transposition; another transposition than none must pay."""
    found = none = search.run(layout, 0, True, True)
    gain = min(_SHIFT_GAIN, _SHIFT_FRAME_GAIN * len(search.heard))
    due = none.cost - max(gain, _SHIFT_SHARE * abs(none.cost))
    for shift in _SHIFTS_SEMITONE[1:]:
        other = search.run(layout, shift, True, True)
        if other.cost < (due if found is none else found.cost):
            found = other
    return found


def _compute_cost(found: Found) -> float:
    return found.cost


def _find_alike(one: Structure, other: Structure) -> bool:
    apart_sec = (one.ends.begin_sec - other.ends.begin_sec, one.ends.end_sec - other.ends.end_sec)
    return one.played == other.played and max(map(abs, apart_sec)) < NEAR_SEC
