"""The whole aligner on synthesized performances: what it finds, what it refuses."""

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.align.coarse.align import make_steady_timing
from dp.align.score_events import plan_score
from dp.align.spectrum import F32
from dp.audio.sample_file import SampleFile
from dp.config import AlignConfig
from dp.errors import DataError
from dp.types import Alignment, ScoreNotes
from tests.align.played import MELODY, melody_played, play, played_at
from tests.factories import notes_of

CONFIG = AlignConfig()


def check_sound(found: Alignment, notes: ScoreNotes, total_sec: float) -> None:
    """What holds for every alignment, right or wrong."""
    performed = found.performed
    assert len(performed) == len(notes)
    assert np.isfinite(performed.onset_sec).all()
    assert ((performed.onset_sec >= 0) & (performed.onset_sec < total_sec)).all()
    assert (performed.offset_sec > performed.onset_sec).all()
    assert ((performed.confidence >= 0) & (performed.confidence <= 1)).all()
    assert (np.diff(found.path.score_quarter) > 0).all()
    assert (np.diff(found.path.audio_sec) >= 0).all()
    assert 0.0 <= found.score_fit <= 1.0
    assert found.accepted == (found.score_fit >= CONFIG.min_score_fit) == (found.reason == "")


@pytest.fixture(scope="module")
def performance() -> F32:
    """The melody's sound, with a pause before and after."""
    rows = melody_played()
    return play(rows, rows[-1][1] + 1.5)


def test_a_performance_is_aligned(performance: F32) -> None:
    notes = notes_of(MELODY)
    found = align(performance, notes, CONFIG, "tune")
    check_sound(found, notes, len(performance) / ALIGN_SAMPLE_RATE_HZ)
    assert found.accepted
    assert found.score_fit > 0.6
    assert np.abs(found.performed.onset_sec - played_at(notes.onset_quarter)).max() < 0.015
    end_sec = played_at(notes.onset_quarter + 0.95 * notes.duration_quarter)
    assert np.median(np.abs(found.performed.offset_sec - end_sec)) < 0.02
    assert np.median(found.performed.confidence) > 0.8
    assert abs(found.tuning_cent) < 5
    np.testing.assert_allclose(found.path.audio_sec, played_at(found.path.score_quarter), atol=0.02)


def test_tones_without_overtones_are_aligned_and_believed() -> None:
    notes, rows = notes_of(MELODY), melody_played()
    whistled = play(rows, rows[-1][1] + 1.5, harmonic_count=1, click_level=0.0)
    found = align(whistled, notes, CONFIG, "tune")
    assert found.accepted
    assert found.doubts == ()
    assert np.abs(found.performed.onset_sec - played_at(notes.onset_quarter)).max() < 0.03
    assert np.median(found.performed.confidence) > 0.8
    backwards = notes_of([(18.0 - o - d, d, pitch) for o, d, pitch in MELODY])
    assert not align(whistled, backwards, CONFIG, "tune backwards").accepted


@pytest.mark.parametrize("cents", [-100, -80, 25, 100])
def test_tuning_and_transposition_by_a_semitone(cents: int) -> None:
    notes = notes_of(MELODY)
    rows = melody_played()
    found = align(play(rows, rows[-1][1] + 1.0, cents), notes, CONFIG, "tune")
    assert found.accepted
    assert found.tuning_cent == pytest.approx(cents, abs=6)
    strict = align(play(rows, rows[-1][1] + 1.0, cents), notes, AlignConfig(max_tuning_cent=50.0), "tune")
    assert strict.accepted == (abs(cents) < 50)
    if cents == 100:
        reason = "the recording sounds 1 semitone higher than the score, allowed are 50 cents from A = 440 Hz"
        assert strict.reason == reason
    assert np.abs(found.performed.onset_sec - played_at(notes.onset_quarter)).max() < 0.02


def test_loudness_does_not_matter(performance: F32) -> None:
    notes = notes_of(MELODY)
    loud, faint = (align(performance * np.float32(g), notes, CONFIG, "tune") for g in (1.0, 0.01))
    np.testing.assert_allclose(loud.performed.onset_sec, faint.performed.onset_sec, atol=1e-4)


def test_samples_out_of_memory_are_aligned_alike(performance: F32) -> None:
    notes = notes_of(MELODY)
    with SampleFile() as samples:
        samples.append(performance)
        found = align(samples, notes, CONFIG, "recording")
    expected = align(performance, notes, CONFIG, "recording")
    assert found.performed.onset_sec.tolist() == expected.performed.onset_sec.tolist()
    assert found.performed.offset_sec.tolist() == expected.performed.offset_sec.tolist()


def test_grace_notes_lie_before_their_main_note() -> None:
    tune = [(float(i), 1.0, p) for i, p in enumerate([60, 64, 62, 67, 65, 69, 67, 60])]
    notes = notes_of([*tune, (3.0, 0.0, 69), (6.0, 0.0, 65)])
    rows = [(0.5 + 0.6 * o, 0.5 + 0.6 * (o + 0.9), p) for o, _, p in tune]
    rows += [(0.5 + 1.8 - 0.09, 0.5 + 1.8, 69), (0.5 + 3.6 - 0.09, 0.5 + 3.6, 65)]
    found = align(play(rows, 6.5), notes, CONFIG, "tune")
    check_sound(found, notes, 6.5)
    assert found.accepted
    grace = notes.is_grace
    true_sec = 0.5 + 0.6 * notes.onset_quarter - 0.09 * grace
    assert np.abs(found.performed.onset_sec - true_sec)[~grace].max() < 0.02
    assert np.abs(found.performed.onset_sec - true_sec)[grace].max() < 0.05


def test_confidence_falls_where_a_note_is_missing() -> None:
    silent = 12
    rows = [row for i, row in enumerate(melody_played()) if i != silent]
    found = align(play(rows, rows[-1][1] + 1.0), notes_of(MELODY), CONFIG, "tune")
    others = np.delete(found.performed.confidence, silent)
    assert found.accepted
    assert found.performed.confidence[silent] < np.percentile(others, 10)


def test_another_piece_is_rejected(performance: F32) -> None:
    rng = np.random.default_rng(5)
    other = notes_of([(0.5 * i, 0.5, int(p)) for i, p in enumerate(rng.integers(53, 77, 45))])
    found = align(performance, other, CONFIG, "tune")
    check_sound(found, other, len(performance) / ALIGN_SAMPLE_RATE_HZ)
    assert not found.accepted
    assert found.reason == f"the score does not fit the recording: fit {found.score_fit:.2f}, needed 0.55"


@pytest.mark.parametrize("kind", ["white", "modulated", "hum"])
def test_noise_is_rejected(kind: str) -> None:
    rng = np.random.default_rng(6)
    noise = rng.standard_normal(12 * ALIGN_SAMPLE_RATE_HZ).astype(np.float32) * np.float32(0.1)
    if kind == "modulated":  # bursts, as of speech
        noise *= np.repeat(rng.random(60) ** 3, len(noise) // 60).astype(np.float32)
    if kind == "hum":
        noise = noise * np.float32(0.01) + np.sin(np.arange(len(noise)) * 0.03).astype(np.float32)
    notes = notes_of(MELODY)
    found = align(noise, notes, CONFIG, "noise")
    check_sound(found, notes, 12.0)
    assert not found.accepted


def test_one_note() -> None:
    notes = notes_of([(0, 4, 69)])
    found = align(play([(1.0, 2.5, 69)], 4.0), notes, CONFIG, "note")
    check_sound(found, notes, 4.0)
    assert found.accepted
    assert found.performed.onset_sec[0] == pytest.approx(1.0, abs=0.015)


def test_a_score_of_grace_notes_alone() -> None:
    notes = notes_of([(0, 0, 69), (1, 0, 71), (1, 0, 72)])
    sound = play([(0.5, 1.0, 69), (1.2, 1.8, 71)], 2.5)
    check_sound(align(sound, notes, CONFIG, "grace"), notes, 2.5)


def test_a_long_score_against_a_short_sound() -> None:
    sound = play([(0.1, 0.8, 69)], 1.0)
    crowded = notes_of([(float(i), 1.0, 60 + i % 12) for i in range(95)])
    check_sound(align(sound, crowded, CONFIG, "crowded"), crowded, 1.0)
    with pytest.raises(
        DataError, match=r"long: the recording lasts 1.00 s, but the score has 20000 onsets, which need"
    ):
        align(sound, notes_of([(float(i), 1.0, 60 + i % 12) for i in range(20000)]), CONFIG, "long")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(0), "the recording has 0 samples"),
        (np.zeros(22050), "the recording is silent: peak 0.0e"),
        (np.full(22050, 1e-6), "the recording is silent"),
        (np.array([0.1, np.nan] * 11025), "11025 samples are not finite"),
        (np.array([0.1, np.inf] * 11025), "11025 samples are not finite"),
    ],
)
def test_unusable_samples_are_refused(samples: np.ndarray, reason: str) -> None:
    with pytest.raises(DataError, match=f"bad: {reason}"):
        align(samples.astype(np.float32), notes_of([(0, 1, 60)]), CONFIG, "bad")


def test_a_score_without_notes_is_refused() -> None:
    none = np.zeros(0)
    empty = ScoreNotes(none, none, *(none.astype(np.int64),) * 5)
    with pytest.raises(DataError, match="empty: the score has 0 notes"):
        align(np.ones(22050, np.float32), empty, CONFIG, "empty")


def test_music_that_is_a_small_part_of_a_recording_is_what_is_loud() -> None:
    rng = np.random.default_rng(0)
    quiet = 0.004 * rng.standard_normal(400 * ALIGN_SAMPLE_RATE_HZ)
    loud = 0.1 * rng.standard_normal(12 * ALIGN_SAMPLE_RATE_HZ)
    plan = plan_score(notes_of([(i, 1, 60 + i) for i in range(12)]))
    steady = make_steady_timing(np.concatenate([quiet, loud]).astype(np.float32), ALIGN_SAMPLE_RATE_HZ, plan)
    assert steady.event_sec[0] == pytest.approx(400.0, abs=0.1)
    assert steady.end_sec == pytest.approx(412.0, abs=0.1)
