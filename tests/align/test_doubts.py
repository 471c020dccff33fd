"""Bars that a recording does not bear out: absent, or with other notes."""

import re
from dataclasses import replace

import numpy as np
import pytest

from dp.align import align
from dp.align.doubts import describe_doubts, find_heard_events
from dp.align.score_events import plan_score
from dp.config import AlignConfig
from dp.types import Alignment, Doubt, PlayedBar, Repeat, ScoreNotes
from tests.align.played import play
from tests.factories import notes_of

BAR_COUNT = 30
Row = tuple[float, float, int]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """A minute of eighths in 4/4: onset and duration in quarters, pitch."""
    rng = np.random.default_rng(11)
    pitches = 67 + np.cumsum(rng.choice([-4, -2, -1, 1, 2, 3], 8 * BAR_COUNT))
    return [(0.5 * i, 0.5, int(55 + (p - 55) % 29)) for i, p in enumerate(pitches)]


def with_bars(rows: list[Row]) -> ScoreNotes:
    notes = notes_of(rows)
    return replace(notes, measure=(notes.onset_quarter // 4).astype(np.int64) + 1)


def heard(rows: list[Row]) -> np.ndarray:
    """These notes as they are, at 120 quarters a minute."""
    sounding = [(1.0 + o / 2, 1.0 + (o + 0.95 * d) / 2, p) for o, d, p in rows]
    return play(sounding, 3.0 + max(off for _, off, _ in sounding))


def without_bars(rows: list[Row], first: int, last: int) -> list[Row]:
    """The music without some of its bars, counted from 1."""
    kept = [row for row in rows if row[0] < 4 * (first - 1)]
    return kept + [(o - 4 * (last - first + 1), d, p) for o, d, p in rows if o >= 4 * last]


def bars(found: Alignment, kind: str) -> set[int]:
    return {
        bar
        for doubt in found.doubts
        if doubt.kind == kind
        for bar in range(doubt.first_measure, doubt.last_measure + 1)
    }


def test_the_right_score_raises_no_doubts(rows: list[Row]) -> None:
    assert align(heard(rows), with_bars(rows), AlignConfig(), "x").doubts == ()


@pytest.mark.parametrize(("first", "last"), [(1, 8), (12, 19), (24, 30)])
def test_bars_that_are_not_in_the_recording_are_named(rows: list[Row], first: int, last: int) -> None:
    found = align(heard(without_bars(rows, first, last)), with_bars(rows), AlignConfig(), "x")
    absent = set(range(first, last + 1))
    assert found.accepted
    assert len(bars(found, "absent") ^ absent) <= 2  # music may be alike at the edges of a cut
    in_absent = np.isin(found.notes.measure, list(absent))
    assert np.mean(found.performed.confidence[in_absent] >= 0.95) <= 0.01
    assert np.mean(found.performed.confidence[~in_absent] >= 0.5) > 0.85


def test_a_bar_with_wrong_notes_is_named(rows: list[Row]) -> None:
    misprinted = [(o, d, p + 1 if o // 4 == 16 and i % 2 else p) for i, (o, d, p) in enumerate(rows)]
    found = align(heard(rows), with_bars(misprinted), AlignConfig(), "x")
    assert found.accepted
    assert bars(found, "absent") == set()
    assert bars(found, "otherwise") == {17}
    (doubt,) = found.doubts
    assert doubt.begin_sec == pytest.approx(1.0 + 16 * 2.0, abs=0.3)
    assert doubt.end_sec == pytest.approx(1.0 + 17 * 2.0, abs=0.3)


def test_a_bar_that_the_score_lacks_is_named(rows: list[Row]) -> None:
    found = align(heard(rows), with_bars(without_bars(rows, 14, 14)), AlignConfig(), "x")
    assert found.accepted
    (doubt,) = found.doubts
    assert (doubt.kind, doubt.first_measure) == ("more", 14)
    assert doubt.begin_sec == pytest.approx(1.0 + 13 * 2.0 - 0.25, abs=0.1)
    assert doubt.end_sec == pytest.approx(1.0 + 14 * 2.0, abs=0.1)


def test_a_pause_is_not_more_music(rows: list[Row]) -> None:
    late = [(o + 4.0 * (o >= 52.0), d, p) for o, d, p in rows]
    assert align(heard(late), with_bars(rows), AlignConfig(), "x").doubts == ()


def test_a_score_of_which_half_is_another_piece_is_refused(rows: list[Row]) -> None:
    rng = np.random.default_rng(5)
    other = [(o, d, p if o < 60 else int(rng.integers(55, 84))) for o, d, p in rows]
    found = align(heard(rows), with_bars(other), AlignConfig(), "x")
    assert not found.accepted
    assert re.match(
        "the recording has only (49|50) % of the score, needed 65 %; not heard: bars 1[56]-30", found.reason
    )


def test_doubts_are_named_as_the_score_numbers_its_bars() -> None:
    played = [PlayedBar(name, 4.0 * i, 4.0 * i + 4) for i, name in enumerate(["0", "1", "2", "2", "3"])]
    doubts = [
        Doubt("absent", 0.0, 7.0, 1, 2, 0.0, 4.0),
        Doubt("otherwise", 8.5, 9.0, 3, 3, 4.0, 6.0),
        Doubt("absent", 16.0, 16.0, 5, 5, 8.0, 9.0),
    ]
    assert describe_doubts(doubts, played) == "not heard: bars 0-1, 3; played otherwise: bar 2"
    assert describe_doubts(doubts) == "not heard: bars 1-2, 5; played otherwise: bar 3"
    assert describe_doubts([Doubt("more", 12.0, 15.0, 4, 4, 6.0, 8.0)], played) == "more is played before: bar 2"
    assert describe_doubts([], played) == ""


@pytest.mark.parametrize(("semitone", "direction"), [(3, "higher"), (-5, "lower")])
def test_a_score_in_another_key_is_refused_with_its_distance(rows: list[Row], semitone: int, direction: str) -> None:
    sounding = [(o, d, p + semitone) for o, d, p in rows]
    found = align(heard(sounding), with_bars(rows), AlignConfig(), "x")
    assert not found.accepted
    assert found.reason.endswith(f"; the recording sounds {abs(semitone)} semitones {direction} than the score")


def test_another_piece_is_refused_without_a_transposition(rows: list[Row]) -> None:
    rng = np.random.default_rng(3)
    other = [(o, d, int(rng.integers(55, 84))) for o, d, _ in rows]
    found = align(heard(other), with_bars(rows), AlignConfig(), "x")
    assert not found.accepted
    assert found.reason.startswith("the score does not fit the recording: fit 0.0")
    assert "semitones" not in found.reason


def test_a_border_is_found_to_the_event_whatever_surrounds_it() -> None:
    rng = np.random.default_rng(4)
    notes = notes_of([(float(i), 1.0, 60) for i in range(200)])
    likelihood = np.where(np.arange(200) < 130, rng.uniform(0.7, 1.0, 200), rng.uniform(0.0, 0.3, 200))
    found = find_heard_events(plan_score(notes), likelihood, np.ones(200))
    assert np.flatnonzero(~found.event).tolist() == list(range(130, 200))
    assert found.share == pytest.approx(130 / 200)


def test_a_cut_through_the_second_pass_of_a_repeat_leaves_out_no_repeat(rows: list[Row]) -> None:
    first = [row for row in rows if row[0] < 64]
    rest = [(o + 64, d, p) for o, d, p in rows if o >= 64]
    written = [*first, *((o + 64, d, p) for o, d, p in first), *rest]  # bars 1-16 twice, then 14 others
    found = align(
        heard(without_bars(written, 27, 36)),
        with_bars(written),
        AlignConfig(),
        "x",
        (Repeat(0.0, 0.0, 64.0, True, "1-16", True),),
    )
    assert found.accepted
    assert found.structure == ""
    assert len(bars(found, "absent") ^ set(range(27, 37))) <= 2
