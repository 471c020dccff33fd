"""Pitch and timing of rendered notes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from dp.audio import add_noise, add_room, render_notes
from dp.errors import DataError
from dp.types import PerformedNotes

RATE_HZ = 22050


def notes(*rows: tuple[int, int, float, float]) -> PerformedNotes:
    """Rows of pitch, velocity, onset, offset."""
    pitch, velocity, onset_sec, offset_sec = zip(*rows, strict=True)
    return PerformedNotes(
        np.array(pitch), np.array(velocity), np.array(onset_sec, float), np.array(offset_sec, float), np.ones(len(rows))
    )


def strongest_hz(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 18))
    hz = np.arange(len(spectrum)) * RATE_HZ / (1 << 18)
    band = (hz > low_hz) & (hz < high_hz)
    return float(hz[band][spectrum[band].argmax()])


@pytest.mark.parametrize(("pitch", "hz"), [(57, 220.0), (69, 440.0), (88, 1318.51)])
@pytest.mark.parametrize("program", [0, 40])
def test_pitch(pitch: int, hz: float, program: int) -> None:
    samples = render_notes(notes((pitch, 90, 0.1, 1.1)), RATE_HZ, program)
    assert len(samples) == round(2.1 * RATE_HZ) and samples.dtype == np.float32
    found = strongest_hz(samples[RATE_HZ // 4 : RATE_HZ], hz * 0.95, hz * 1.05)
    assert abs(1200 * np.log2(found / hz)) < 10


def test_nothing_sounds_before_the_onset_and_soon_after_it_does() -> None:
    samples = render_notes(notes((69, 100, 0.5, 1.0)), RATE_HZ)
    onset = round(0.5 * RATE_HZ)
    assert np.abs(samples[:onset]).max() == 0.0
    loud = np.flatnonzero(np.abs(samples) > 0.1 * np.abs(samples).max())[0]
    assert 0 <= (loud - onset) / RATE_HZ < 0.015
    assert np.abs(samples[onset + RATE_HZ :]).max() < 0.01 * np.abs(samples).max()  # half a second after its end


def test_onsets_are_exact_to_the_sample() -> None:
    first = render_notes(notes((69, 100, 1000 / RATE_HZ, 0.5)), RATE_HZ)
    later = render_notes(notes((69, 100, 1037 / RATE_HZ, 0.5 + 37 / RATE_HZ)), RATE_HZ)
    np.testing.assert_array_equal(later[37 : len(first)], first[: len(first) - 37])


def test_a_repeated_note_is_not_cut_by_the_first_ones_release() -> None:
    samples = render_notes(notes((69, 100, 0.0, 0.52), (69, 100, 0.5, 1.5)), RATE_HZ)
    assert np.abs(samples[int(1.2 * RATE_HZ) : int(1.4 * RATE_HZ)]).max() > 0.05


def test_louder_notes_are_louder_and_unknown_velocity_is_64() -> None:
    soft, plain, unknown = (render_notes(notes((69, v, 0.0, 0.5)), RATE_HZ) for v in (30, 64, 0))
    assert np.abs(soft).max() < 0.6 * np.abs(plain).max()
    np.testing.assert_array_equal(plain, unknown)


@pytest.mark.parametrize("row", [(69, 64, -0.1, 1.0), (69, 64, 1.0, 0.5), (128, 64, 0.0, 1.0), (69, 64, 0.0, np.nan)])
def test_notes_that_cannot_be_played(row: tuple[int, int, float, float]) -> None:
    with pytest.raises(DataError, match="note 1: cannot be played"):
        render_notes(notes((69, 64, 0.0, 1.0), row), RATE_HZ)


def test_no_notes() -> None:
    empty = np.zeros(0)
    with pytest.raises(DataError, match="there are none to play"):
        render_notes(PerformedNotes(empty.astype(int), empty.astype(int), empty, empty, empty), RATE_HZ)


def test_bad_soundfonts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        render_notes(notes((69, 64, 0.0, 1.0)), RATE_HZ, soundfont=tmp_path / "no.sf2")
    (tmp_path / "bad.sf2").write_bytes(b"no soundfont")
    with pytest.raises(DataError, match="cannot play program 40"):
        render_notes(notes((69, 64, 0.0, 1.0)), RATE_HZ, soundfont=tmp_path / "bad.sf2")


def test_without_tinysoundfont(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    with pytest.raises(DataError, match="pip install --no-deps tinysoundfont"):
        render_notes(notes((69, 64, 0.0, 1.0)), RATE_HZ)


def test_room_keeps_the_direct_sound_and_rings_on() -> None:
    click = np.zeros(RATE_HZ, np.float32)
    click[1000] = 1.0
    room = add_room(click, RATE_HZ, np.random.default_rng(1), reverberation_sec=0.5, direct_to_reverberant_db=6.0)
    assert len(room) == RATE_HZ and room.dtype == np.float32
    assert room[1000] == pytest.approx(1.0, abs=1e-4) and np.abs(room[:1000]).max() < 1e-6
    tail = room[1001:].astype(float)
    assert np.sum(tail**2) == pytest.approx(10 ** (-6 / 10), rel=0.02)  # 6 dB below the click's energy of 1
    early, late = np.sum(tail[:2756] ** 2), np.sum(tail[5512:8268] ** 2)  # an eighth of a second, a quarter apart
    assert 10 * np.log10(early / late) == pytest.approx(30.0, abs=4.0)  # 60 dB in half a second


def test_noise_has_the_level_asked_for_and_falls_with_frequency() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE_HZ * 4) / RATE_HZ).astype(np.float32)
    noise = add_noise(tone, np.random.default_rng(1), signal_to_noise_db=30.0) - tone
    assert 20 * np.log10(np.sqrt(0.5) / noise.std()) == pytest.approx(30.0, abs=0.1)
    power = np.abs(np.fft.rfft(noise)) ** 2
    assert 10 * np.log10(power[1000:2000].mean() / power[8000:16000].mean()) == pytest.approx(9.0, abs=1.0)


def test_same_seed_same_sound() -> None:
    tone = np.ones(1000, np.float32)
    first, second = (add_noise(add_room(tone, RATE_HZ, rng), rng) for rng in map(np.random.default_rng, (5, 5)))
    np.testing.assert_array_equal(first, second)
