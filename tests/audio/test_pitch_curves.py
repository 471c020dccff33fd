"""Pitch curves of tones whose pitch is known: alone, in chords, in noise, repeated, very short."""

from dataclasses import dataclass

import numpy as np
import pytest

from dp.audio import pitch_curves
from dp.audio.pitch_curves import track_pitch
from dp.audio.sample_file import SampleFile
from dp.types import PITCH_FRAME_RATE_HZ, PitchCurve
from dp.units import FloatArray, pitch_to_hz

RATE_HZ = 16000
ONSET_SEC, OFFSET_SEC, END_SEC = 0.2, 1.7, 2.0
DEPTH_CENT = 25.0


@dataclass(frozen=True)
class Tone:
    """A note with vibrato that begins a quarter of a second after it."""

    pitch: int
    tuning_cent: float = 0.0
    depth_cent: float = 0.0
    onset_sec: float = ONSET_SEC
    offset_sec: float = OFFSET_SEC

    def cent(self, time_sec: FloatArray) -> FloatArray:
        since_sec = time_sec - self.onset_sec
        growth = np.clip(since_sec / 0.25, 0.0, 1.0)
        return self.tuning_cent + self.depth_cent * growth * np.sin(2 * np.pi * 5.7 * since_sec)

    def play(self, end_sec: float = END_SEC) -> FloatArray:
        time_sec = np.arange(round(end_sec * RATE_HZ)) / RATE_HZ
        hz = pitch_to_hz(self.pitch + self.cent(time_sec) / 100.0)
        phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
        partials = [0.8**h * np.sin(h * phase + h * h) for h in range(1, 30) if h * hz.max() < 7800]
        rise, fall = (time_sec - self.onset_sec) / 0.03, (self.offset_sec - time_sec) / 0.05
        return np.sum(partials, axis=0) * np.clip(np.minimum(rise, fall), 0.0, 1.0)


def mix(*tones: Tone, noise: float = 0.01, end_sec: float = END_SEC) -> np.ndarray:
    sound = np.sum([tone.play(end_sec) for tone in tones], axis=0)
    hiss = np.random.default_rng(1).standard_normal(len(sound))
    return (sound / np.abs(sound).max() + noise * hiss).astype(np.float32)


def track(samples: np.ndarray | SampleFile, *tones: Tone, tuning_cent: float = 0.0) -> tuple[PitchCurve, ...]:
    pitch = np.array([tone.pitch for tone in tones], np.int64)
    onset, offset = (np.array([getattr(tone, name) for tone in tones]) for name in ("onset_sec", "offset_sec"))
    return track_pitch(samples, pitch, onset, offset, tuning_cent)


def times_sec(curve: PitchCurve) -> FloatArray:
    return (curve.first_frame + np.arange(len(curve.cent))) / PITCH_FRAME_RATE_HZ


def errors_cent(curve: PitchCurve, tone: Tone) -> FloatArray:
    """Errors without the first 40 ms and the last 60, in which the tone comes and goes."""
    return np.abs(curve.cent - tone.cent(times_sec(curve)))[5:-8]


ALONE = [(pitch,) for pitch in (40, 55, 67, 76, 88, 100)]
CHORDS = [(64, 68), (69, 72), (62, 71), (67, 75), (62, 69), (60, 72), (55, 62, 71)]


@pytest.mark.parametrize("pitches", [*ALONE, *CHORDS], ids=str)
@pytest.mark.parametrize("depth_cent", [0.0, DEPTH_CENT])
def test_curves_are_found_alone_and_in_chords(pitches: tuple[int, ...], depth_cent: float) -> None:
    tones = [Tone(p, tuning_cent=9.0 - 11.0 * i, depth_cent=depth_cent) for i, p in enumerate(pitches)]
    for tone, curve in zip(tones, track(mix(*tones), *tones), strict=True):
        assert curve.first_frame == 25
        assert len(curve.cent) == len(curve.confidence) == 188
        assert np.median(errors_cent(curve, tone)) <= 5.0
        assert np.mean(curve.confidence[5:-8]) > (0.9 if len(tones) < 3 else 0.4)


@pytest.mark.parametrize("pitches", [(55,), (67,), (88,), (64, 68), (62, 71)], ids=str)
def test_vibrato_keeps_its_depth(pitches: tuple[int, ...]) -> None:
    tones = [Tone(p, depth_cent=DEPTH_CENT) for p in pitches]
    for tone, curve in zip(tones, track(mix(*tones, noise=0.05), *tones), strict=True):
        settled = slice(35, -10)
        true = tone.cent(times_sec(curve))[settled]
        assert np.std(curve.cent[settled]) == pytest.approx(np.std(true), rel=0.15)


def test_the_recordings_tuning_is_found_about_the_one_that_is_told() -> None:
    true_cent = (-101.0, -147.0, -99.0)
    spans_sec = ((0.2, 0.7), (0.75, 1.2), (1.25, 1.8))
    tones = [Tone(69 - i, cent, 0.0, *span) for i, (cent, span) in enumerate(zip(true_cent, spans_sec, strict=True))]
    curves = track(mix(*tones), *tones, tuning_cent=-60.0)
    assert [np.median(curve.cent) for curve in curves] == pytest.approx(true_cent, abs=0.5)


def test_noise_and_silence_are_not_believed() -> None:
    hiss = np.random.default_rng(2).standard_normal(2 * RATE_HZ).astype(np.float32)
    for pitch in (50, 67, 88):
        (curve,) = track(0.1 * hiss, Tone(pitch))
        assert np.mean(curve.confidence) < 0.15
        (curve,) = track(np.zeros(2 * RATE_HZ, np.float32), Tone(pitch))
        assert curve.confidence.max() == 0.0
        assert np.all(curve.cent == 0.0)
    for curve in track(0.1 * hiss, Tone(60), Tone(64)):  # which YIN is not asked about
        assert np.mean(curve.confidence) < 0.2


def test_a_note_that_stops_sounding_is_believed_until_then() -> None:
    (curve,) = track(mix(Tone(67, offset_sec=1.0)), Tone(67, offset_sec=1.8))
    time_sec = times_sec(curve)
    assert np.mean(curve.confidence[time_sec < 0.9]) > 0.95
    assert np.mean(curve.confidence[time_sec > 1.1]) < 0.15


def test_at_the_edge_of_the_range_nothing_is_believed() -> None:
    anchor = Tone(60, onset_sec=2.2, offset_sec=4.4)
    far = Tone(67, tuning_cent=85.0)
    curves = track(mix(far, anchor, end_sec=4.5), Tone(67), anchor, Tone(60, onset_sec=2.2, offset_sec=4.4))
    assert np.mean(curves[0].confidence) < 0.2
    assert np.mean(curves[1].confidence) > 0.9


def test_where_two_trackers_disagree_confidence_is_low(monkeypatch: pytest.MonkeyPatch) -> None:
    tones = (Tone(60), Tone(64, onset_sec=1.0))
    lone, chord = slice(10, 90), slice(110, -10)
    (before, _) = track(mix(*tones), *tones)
    monkeypatch.setattr(pitch_curves, "_run_yin", lambda samples, hz, first, count: np.full(count, 60.0))
    (after, _) = track(mix(*tones), *tones)
    assert np.all(before.cent == after.cent)
    assert np.mean(before.confidence[lone]) > 0.95
    assert np.all(after.confidence[lone] == 0.0)
    assert np.all(before.confidence[chord] == after.confidence[chord])


def test_a_repeated_note_ends_before_it_is_struck_again() -> None:
    first = Tone(67, tuning_cent=-15.0, offset_sec=0.9)
    again = Tone(67, tuning_cent=15.0, onset_sec=1.0)
    ringing_on = Tone(67, offset_sec=1.4)
    one, two = track(mix(first, again), ringing_on, again)
    assert (one.first_frame, len(one.cent)) == (25, 100)  # to 1 s
    assert np.median(one.cent) == pytest.approx(-15.0, abs=2.0)
    assert np.median(two.cent) == pytest.approx(15.0, abs=2.0)


def test_unisons_are_no_repetitions() -> None:
    tone, slightly_later = Tone(67, tuning_cent=4.0), Tone(67, onset_sec=0.23)
    for curve in track(mix(tone), tone, slightly_later):
        assert len(curve.cent) > 180
        assert np.median(curve.cent) == pytest.approx(4.0, abs=1.0)


def test_a_grace_note_has_one_pitch_that_is_hardly_believed() -> None:
    grace, main = Tone(69, 12.0, onset_sec=0.3, offset_sec=0.34), Tone(67, 12.0, onset_sec=0.34)
    curve, _ = track(mix(grace, main), grace, main)
    assert len(curve.cent) == 6
    assert len(set(curve.cent.tolist())) == 1
    assert curve.confidence.max() <= 0.2


def test_notes_outside_the_recording_and_no_notes_at_all() -> None:
    assert track(np.zeros(RATE_HZ, np.float32)) == ()
    (of_nothing,) = track(np.zeros(0, np.float32), Tone(67))
    (behind,) = track(np.zeros(RATE_HZ, np.float32), Tone(67, onset_sec=5.0, offset_sec=6.0))
    assert (of_nothing.first_frame, len(of_nothing.cent)) == (0, 1)
    assert (behind.first_frame, len(behind.cent)) == (125, 1)
    (too_high,) = track(mix(Tone(67)), Tone(127))
    assert too_high.confidence.max() == 0.0


def test_blocks_and_files_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tones = (Tone(55, depth_cent=10.0), Tone(71, onset_sec=0.5), Tone(88, onset_sec=1.0))
    samples = mix(*tones)
    whole = track(samples, *tones)
    monkeypatch.setattr(pitch_curves, "_BLOCK_FRAME", 17)
    with SampleFile() as file:
        file.append(samples)
        pieces = track(file, *tones)
    for a, b in zip(whole, pieces, strict=True):
        assert a.first_frame == b.first_frame
        assert a.cent == pytest.approx(b.cent, abs=1e-3)
        assert a.confidence == pytest.approx(b.confidence, abs=1e-3)
