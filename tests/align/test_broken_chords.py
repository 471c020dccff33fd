"""Slowly broken chords: their notes are placed one by one."""

import numpy as np
import pytest

from dp.align.onsets.broken import split_chords
from dp.align.onsets.refine import refine_onsets
from dp.align.quality import compute_note_confidence, gather_onset_evidence
from dp.align.score_events import plan_score
from tests.align.played import listen, play
from tests.factories import notes_of

CHORD = [43, 50, 55, 59, 62, 67, 71, 74]
MELODY = [67, 69, 71, 72, 74, 72, 69, 66]


@pytest.mark.parametrize("spread_sec", [0.5, 1.0])
@pytest.mark.parametrize("direction", [1, -1])
def test_the_notes_of_a_broken_chord_are_found_one_by_one(spread_sec: float, direction: int) -> None:
    rows = [(i, 1, p) for i, p in enumerate(MELODY)] + [(8, 1, p) for p in CHORD]
    rows += [(9 + i, 1, p) for i, p in enumerate(MELODY)]
    plan = plan_score(notes_of(rows))
    even_sec = 0.5 + 0.4 * plan.onset_quarter
    true_sec = even_sec + spread_sec * (plan.onset_quarter > 8)
    chord = np.flatnonzero(plan.onset_quarter == 8)
    true_sec[chord[np.argsort(direction * plan.pitch[chord])]] += np.linspace(0.0, spread_sec, len(CHORD))
    sound = play([(t, t + 0.38, int(p)) for t, p in zip(true_sec, plan.pitch, strict=True)], 10.0)
    event_sec = 0.5 + 0.4 * plan.event_quarter
    late_sec = event_sec + spread_sec * (plan.event_quarter > 8)  # the coarse alignment has the chord at its beginning
    found = refine_onsets(listen(sound, plan), late_sec)
    away_sec = np.abs(found.onset_sec - true_sec)
    assert np.delete(away_sec, chord).max() < 0.02
    assert (away_sec[chord] < 0.02).sum() >= len(CHORD) - 2  # an octave may be heard with the note below it
    assert found.event_sec[8] == pytest.approx(true_sec[chord].min(), abs=0.04)
    assert np.flatnonzero(found.broken).tolist() == chord.tolist()
    confidence = compute_note_confidence(
        gather_onset_evidence(plan, found, late_sec, 0.005), 1.0, np.ones(len(plan.pitch), bool)
    )
    assert confidence[chord].max() < 0.8 < np.median(np.delete(confidence, chord))


def test_events_as_played_keep_their_order() -> None:
    plan = plan_score(notes_of([(0, 1, 60), (1, 1, 60), (1, 1, 64), (1, 1, 67), (2, 1, 60)]))
    whole = split_chords(plan, np.array([0, 0, 0]))
    assert whole.plan.event.tolist() == [0, 1, 1, 1, 2]
    assert not whole.follows.any()
    downwards = split_chords(plan, np.array([0, -1, 0]))
    assert downwards.plan.event.tolist() == [0, 3, 2, 1, 4]
    assert downwards.origin.tolist() == [0, 1, 1, 1, 2]
    assert downwards.follows.tolist() == [False, False, True, True, False]
    assert (np.diff(downwards.plan.event_quarter) > 0).all()
    assert downwards.plan.event_size.tolist() == [1, 1, 1, 1, 1]
