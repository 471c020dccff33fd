"""Events by Viterbi, and events that are looked for again."""

import numpy as np
import pytest

from dp.align.coarse.features import BAND_COUNT, LOW_PITCH, Features, compute_event_bands
from dp.align.onsets.events import (
    SEARCH_PATCHES,
    SEARCH_PATCHES_PER_MIN,
    compute_gap_cost,
    find_best_events,
    gather_event_evidence,
    log_density,
    predict_frames,
)
from dp.align.onsets.listener import Listener
from dp.align.onsets.refine import refine_onsets
from dp.align.onsets.sustain import measure_sounding_gain
from dp.align.score_events import plan_score
from tests.align.played import listen, play
from tests.factories import notes_of


def test_densities_leave_room_for_not_here() -> None:
    density = log_density(np.array([[0.0, 0.0, 0.0], [-20.0, -20.0, -20.0], [30.0, 0.0, 0.0]], np.float32))
    np.testing.assert_allclose(np.exp(density).sum(axis=1), [0.75, 0.0, 1.0], atol=1e-6)


def test_the_notes_of_an_event_count_together() -> None:
    density = np.full((3, 21), -8.0, np.float32)
    density[0, 5] = density[1, 6] = density[2, 15] = 0.0
    evidence = gather_event_evidence([density[:1], density[1:]], np.array([0, 0, 1]), np.array([2, 1]))
    assert evidence.shape == (2, 21)
    assert evidence[0].argmax() in (5, 6)
    assert evidence[1].argmax() == 15


def test_gaps_follow_the_tempo_but_a_pause_has_its_price() -> None:
    cost = compute_gap_cost(np.array([100.0, 115.0, 500.0, 5000.0]), 100.0)
    assert cost.tolist() == pytest.approx([0.0, 1.0, 6.0, 6.0])
    evidence = np.zeros((3, 400))
    evidence[0, 10] = evidence[1, 110] = 20.0  # at 10 and 110: the third belongs to 210, unless it is heard elsewhere
    base = np.zeros(3, np.int64)
    expected = np.array([0.0, 100.0, 100.0])
    assert find_best_events(evidence, base, expected, 3).tolist() == [10, 110, 210]
    evidence[2, 390] = 10.0
    assert find_best_events(evidence, base, expected, 3).tolist() == [10, 110, 390]


def test_expected_frames_are_those_of_the_tempo() -> None:
    np.testing.assert_allclose(predict_frames(np.arange(0, 1000, 100), np.arange(10.0))[1:], 100.0)


@pytest.mark.parametrize("pause_sec", [1.2, 3.0])
def test_notes_after_a_pause_are_found_where_they_sound(pause_sec: float) -> None:
    pitches = [60, 64, 67, 72, 71, 67, 65, 62, 64, 60, 57, 59]
    plan = plan_score(notes_of([(i, 1, p) for i, p in enumerate(pitches)]))
    even_sec = 0.5 + 0.4 * plan.onset_quarter
    true_sec = even_sec + np.where(plan.onset_quarter >= 9, pause_sec, 0.0)
    rows = [(t, t + 0.35, int(p)) for t, p in zip(true_sec, plan.pitch, strict=True)]
    found = refine_onsets(listen(play(rows, 10.0), plan), even_sec)  # the coarse alignment missed the pause
    assert np.abs(found.onset_sec - true_sec).max() < 0.02


def test_what_sounds_at_an_event_is_its_notes_and_those_held() -> None:
    bands = compute_event_bands(plan_score(notes_of([(0, 3, 50), (1, 1, 57), (2, 0.5, 61), (3, 1, 64)])), 1)
    assert np.linalg.norm(bands, axis=1).tolist() == pytest.approx([1.0] * 4)
    sounding = [{p for p in (51, 58, 62, 65) if row[p - LOW_PITCH] > 0} for row in bands]
    assert sounding == [{51}, {51, 58}, {51, 62}, {65}]


def test_an_event_fits_best_where_its_notes_take_over() -> None:
    bands = compute_event_bands(plan_score(notes_of([(0, 1, 60), (1, 1, 64), (2, 1, 67)])), 0)
    heard = bands[np.repeat([0, 1, 2], 25)]  # half a second each
    audio = Features(heard, np.zeros((75, BAND_COUNT), np.float32), np.ones(75, np.float32))
    gain = measure_sounding_gain(audio, bands, 1, 3, np.arange(20, 280))
    second, third = 20 + gain.argmax(axis=1)
    assert abs(second - 100) <= 3  # frames of 5 ms; features before their frame's middle belong to what was
    assert abs(third - 200) <= 3
    early = gain[1, second - 20] - gain[1, third - 20]
    alike = float(bands[1] @ bands[2])
    assert early == pytest.approx(-25 * (1.0 - alike), rel=0.05)  # 25 frames of the second heard as the third
    assert measure_sounding_gain(audio, bands, 0, 1, np.arange(0, 40))[0].argmax() == 0


def test_a_last_note_after_a_hold_stays_where_it_sounds() -> None:
    pitches = [60, 64, 67, 72, 71, 67, 65, 62, 64, 60, 57, 52]
    plan = plan_score(notes_of([(i, 1, p) for i, p in enumerate(pitches)]))
    true_sec = 0.5 + 0.4 * plan.onset_quarter
    true_sec[-1] += 4.0  # the note before is held
    off_sec = np.append(true_sec[1:], true_sec[-1] + 1.0) - 0.05
    rows = [(t, o, int(p)) for t, o, p in zip(true_sec, off_sec, plan.pitch, strict=True)]
    touched = (true_sec[-2] + 0.4, true_sec[-2] + 0.5, pitches[-1])  # in time, but not the last note
    found = refine_onsets(listen(play([*rows, touched], 11.0), plan), true_sec)
    assert np.abs(found.onset_sec - true_sec).max() < 0.02


def test_a_slip_in_a_repeated_figure_is_undone() -> None:
    chord = (49, 52, 58, 76)
    line = [60, 62, 64, 65, 67, 69, *[0] * 8, 72, 71, 69, 67, 65, 64]
    score = [(i, 1, p) for i, top in enumerate(line) for p in ((top,) if top else chord)]
    plan = plan_score(notes_of(score))
    true_sec = 0.5 + 0.4 * plan.event_quarter
    rows = [(true_sec[e], true_sec[e] + 0.35, int(p)) for e, p in zip(plan.event, plan.pitch, strict=True)]
    guess = true_sec.copy()
    guess[7:9] = true_sec[6] + 0.01  # two chords at the place of the one before, two at the places of those
    guess[9:11] = true_sec[7:9]
    found = refine_onsets(listen(play(rows, 9.5), plan), guess)
    assert np.abs(found.onset_sec - true_sec[plan.event]).max() < 0.03


def test_the_best_events_are_those_of_all_ways_tried() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        evidence, base = rng.normal(0.0, 4.0, (3, 30)), np.cumsum(rng.integers(0, 20, 3))
        expected = rng.uniform(0.0, 30.0, 3)
        frame = base[:, None] + np.arange(30)
        value = evidence[0][:, None, None] + evidence[1][:, None] + evidence[2]
        for before, axes in ((0, (slice(None), slice(None), None)), (1, (None, slice(None), slice(None)))):
            gap = frame[before + 1] - frame[before][:, None]
            value = value - np.where(gap < 3, 1e9, compute_gap_cost(gap, expected[before + 1]))[axes]
        best = np.unravel_index(value.argmax(), value.shape)
        assert find_best_events(evidence, base, expected, 3).tolist() == [int(c) for c in best]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_hopeless_pair_is_heard_in_a_bounded_number_of_patches(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    minutes, note_count = 1.5, 400
    plan = plan_score(notes_of([(i // 2, 1, int(p)) for i, p in enumerate(rng.integers(40, 90, note_count))]))
    onset_sec = np.cumsum(rng.exponential(0.4, 200))
    rows = [(t, t + 0.3, int(p)) for t, p in zip(onset_sec, rng.integers(40, 90, 200), strict=True) if t < 60 * minutes]
    heard: list[float] = []
    hear = Listener.logits

    def count(listener: Listener, note: np.ndarray, center: np.ndarray, reach: int) -> np.ndarray:
        heard.append(len(note))
        return hear(listener, note, center, reach)

    monkeypatch.setattr(Listener, "logits", count)
    guess_sec = np.sort(rng.uniform(0.0, 60 * minutes, len(plan.event_quarter)))
    refine_onsets(listen(play(rows, 60 * minutes), plan), guess_sec)
    first, *again = heard
    assert first == note_count
    assert sum(again) <= note_count + 1.01 * (SEARCH_PATCHES_PER_MIN * minutes + SEARCH_PATCHES)
