"""Onsets to a few milliseconds, on tones whose onsets are known."""

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.net_weights import load_packaged_net
from dp.align.offsets.find import map_offsets
from dp.align.onsets.net import CONTEXT_FRAME, ONSET_NET, compute_onset_logits, convolve
from dp.align.onsets.patches import CHANNEL_COUNT, HOP_SAMPLE, OnsetQuery, iterate_onset_patches
from dp.align.onsets.refine import refine_onsets, space_frames
from dp.align.score_events import MAX_CONTEXT, NO_PITCH, NoteContext, plan_score
from dp.align.spectrum import bring_to_level
from dp.align.tempo import predict_gap_sec, smooth_event_sec
from tests.align.played import MELODY, listen, melody_played, play, played_at
from tests.factories import notes_of

FRAME_SEC = HOP_SAMPLE / ALIGN_SAMPLE_RATE_HZ


def before(*pitches: tuple[int, ...]) -> NoteContext:
    """A context in which only these pitches sound before each note."""
    none = np.full((len(pitches), MAX_CONTEXT), NO_PITCH)
    rows = none.copy()
    for row, found in zip(rows, pitches, strict=True):
        row[: len(found)] = found
    return NoteContext(rows, none, none)


def test_convolution_against_its_definition() -> None:
    rng = np.random.default_rng(1)
    signal, weight = rng.random((3, 12)).astype(np.float32), rng.random((4, 3, 3)).astype(np.float32)
    bias = rng.random(4).astype(np.float32)
    out = convolve(signal, weight, bias, 2)
    assert out.shape == (4, 8)
    expected = bias[1] + sum(signal[c, 5 + 2 * k] * weight[1, c, k] for c in range(3) for k in range(3))
    assert out[1, 5] == pytest.approx(expected, rel=1e-5)


def test_the_net_peaks_at_the_onset_of_its_pitch() -> None:
    sound = bring_to_level(play([(0.3, 1.5, 60), (0.75, 1.5, 67), (1.1, 1.6, 64)], 2.0))
    query = OnsetQuery(np.array([67, 64]), np.array([150, 210]), before((60,), (60, 67)))
    ((index, patches),) = iterate_onset_patches(sound, ALIGN_SAMPLE_RATE_HZ, query, 0.0, 40 + CONTEXT_FRAME)
    assert index.tolist() == [0, 1]
    assert patches.shape == (2, CHANNEL_COUNT, 2 * (40 + CONTEXT_FRAME) + 1)
    best = compute_onset_logits(load_packaged_net(ONSET_NET), patches).argmax(axis=1) - 40 + query.center_frame
    np.testing.assert_allclose(best * FRAME_SEC, [0.75, 1.1], atol=0.012)


def test_a_patch_does_not_depend_on_where_it_begins() -> None:
    sound = bring_to_level(play([(0.3, 1.5, 60), (0.75, 1.5, 67)], 2.0))
    shifted = [
        next(
            iter(
                iterate_onset_patches(
                    sound, ALIGN_SAMPLE_RATE_HZ, OnsetQuery(np.array([67]), np.array([c]), before((60,))), 0.0, 20
                )
            )
        )[1]
        for c in (150, 157)
    ]
    np.testing.assert_allclose(shifted[0][0, :, 7:], shifted[1][0, :, :-7], atol=1e-4)


@pytest.mark.parametrize("cents", [0, -35])
def test_refined_onsets_are_within_15_ms(cents: int) -> None:
    plan = plan_score(notes_of(MELODY))
    true_sec = played_at(plan.event_quarter)
    sound = play(melody_played(), float(true_sec[-1]) + 2.0, cents)
    guess = np.maximum.accumulate(true_sec + np.random.default_rng(2).uniform(-0.08, 0.08, len(true_sec)))
    found = refine_onsets(listen(sound, plan, cents), guess)
    assert np.abs(found.onset_sec - true_sec[plan.event]).max() < 0.015
    assert (np.diff(found.event_sec) > 0).all()


def test_notes_of_a_chord_are_found_apart() -> None:
    rows = [(i, 1.0, p) for i in range(6) for p in (48 + i, 64 + i, 71 + i)]
    plan = plan_score(notes_of(rows))
    late = np.where(plan.pitch >= 69, 0.03, 0.0)  # the top note of every chord comes 30 ms after the others
    true_sec = 0.5 + 0.6 * plan.onset_quarter + late
    sound = play([(t, t + 0.55, int(p)) for t, p in zip(true_sec, plan.pitch, strict=True)], 5.0)
    guess = 0.5 + 0.6 * plan.event_quarter
    found = refine_onsets(listen(sound, plan), guess)
    error = found.onset_sec - true_sec
    assert np.abs(np.median(error[late > 0])) < 0.01
    assert np.abs(error).max() < 0.025


def test_frames_are_spaced_and_inside() -> None:
    frame, gap = space_frames(np.array([5.0, 5.0, 5.2, 99.0]), 100)
    assert (frame.tolist(), gap) == ([5, 8, 11, 99], 3)
    frame, gap = space_frames(np.array([97.0, 98.0, 99.0, 400.0]), 100)
    assert (frame.tolist(), gap) == ([90, 93, 96, 99], 3)
    frame, gap = space_frames(np.zeros(60), 100)
    assert (frame.tolist(), gap) == (list(range(60)), 1)


def test_expected_gaps_follow_the_local_tempo() -> None:
    quarter = np.arange(40.0)
    sec = 0.5 * quarter
    sec[20] += 0.2  # one event out of place
    gap = predict_gap_sec(sec, quarter)
    assert gap[0] == 0.0
    assert gap[10] == pytest.approx(0.5, abs=1e-3)
    assert gap[20] == pytest.approx(0.5, abs=0.06)


def test_smoothing_moves_events_onto_the_local_line() -> None:
    quarter = np.arange(40.0)
    sec = 0.5 * quarter
    sec[20] += 0.2
    smooth = smooth_event_sec(sec, quarter, 1.5)
    assert abs(smooth[20] - 10.0) < 0.05
    assert (np.diff(smooth) >= 0).all()
    assert smooth_event_sec(np.array([1.0]), np.array([0.0]), 1.5).tolist() == [1.0]


def test_offsets_are_mapped_as_onsets_are() -> None:
    plan = plan_score(notes_of([(0, 1, 60), (1, 1.5, 62), (2, 1, 64)]))
    offset = map_offsets(plan, np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]), 5.0)
    assert offset.tolist() == [2.0, 4.5, 5.0]
