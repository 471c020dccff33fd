"""Parts played by the bundled General MIDI soundfont."""

import numpy as np
import pytest

from dp.audio.soundfont import load_program
from dp.audio.soundfont_voice import Voice
from dp.audio.synth import find_bundled_soundfont
from dp.errors import DataError
from dp.render.soundfont_player import SoundfontPlayer
from dp.types import PerformedNotes

RATE_HZ = 44100
FLUTE, VIOLIN, PIANO = 73, 40, 0
SCALE = (72, 74, 76, 77, 79, 81, 83, 84)


def make_notes(
    pitches: tuple[int, ...], apart_sec: float = 0.5, velocity: int = 80, start_sec: float = 0.0
) -> PerformedNotes:
    onset = start_sec + apart_sec * np.arange(len(pitches), dtype=np.float64)
    count = len(pitches)
    return PerformedNotes(np.array(pitches), np.full(count, velocity), onset, onset + 0.9 * apart_sec, np.ones(count))


def play(player: SoundfontPlayer, notes: PerformedNotes, level_db: float = 0.0) -> np.ndarray:
    return np.concatenate(list(player.play(notes, np.full(len(notes), level_db), seed=0)))


def find_onset_sec(samples: np.ndarray) -> float:
    return float(np.flatnonzero(np.abs(samples) > 1e-6)[0] / RATE_HZ)


@pytest.mark.parametrize("program", [FLUTE, VIOLIN, PIANO])
def test_scale_sounds_at_its_pitches(program: int) -> None:
    samples = play(SoundfontPlayer(program), make_notes(SCALE))
    for index, pitch in enumerate(SCALE):
        start = round((0.5 * index + 0.15) * RATE_HZ)
        clip = samples[start : start + RATE_HZ // 4]
        power = np.abs(np.fft.rfft(clip * np.hanning(len(clip)), 1 << 17))
        hz = np.arange(len(power)) * RATE_HZ / (1 << 17)
        expected_hz = 440 * 2 ** ((pitch - 69) / 12)
        near = np.abs(1200 * np.log2(np.maximum(hz, 1.0) / expected_hz)) < 300
        assert 1200 * np.log2(hz[near][np.argmax(power[near])] / expected_hz) == pytest.approx(0, abs=20)
        assert power[near].max() > 0.1 * power.max()


@pytest.mark.parametrize("program", [FLUTE, VIOLIN, PIANO])
def test_onsets_fall_on_their_samples(program: int) -> None:
    loaded = load_program(find_bundled_soundfont(), program)
    alone = np.zeros(RATE_HZ // 10, np.float32)
    for zone in loaded.find_zones(72, 80):
        Voice(loaded, zone, 72, 80.0, round(0.45 * RATE_HZ), RATE_HZ).add_to(alone)
    assert find_onset_sec(alone) < 0.002  # as soon does the sample speak
    for onset_sec in (0.0, 0.1234, 1.0, 32768 / RATE_HZ, 2.71828):
        samples = play(SoundfontPlayer(program), make_notes((72,), start_sec=onset_sec))
        first = round(onset_sec * RATE_HZ)
        assert not samples[:first].any()
        np.testing.assert_array_equal(samples[first : first + len(alone)], alone)


def test_blocks_make_the_same_sound_as_the_whole() -> None:
    notes = make_notes((*SCALE, 60, 64), apart_sec=0.21)
    whole = play(SoundfontPlayer(VIOLIN, block_sample=4_000_000), notes)
    for block_sample in (777, 32768):
        pieces = play(SoundfontPlayer(VIOLIN, block_sample=block_sample), notes)
        np.testing.assert_array_equal(pieces, whole[: len(pieces)])
        assert not whole[len(pieces) :].any()


def test_last_note_rings_out_and_rests_are_silent() -> None:
    notes = make_notes((72, 74), apart_sec=20.0)
    samples = play(SoundfontPlayer(FLUTE), notes)
    assert 38.0 < len(samples) / RATE_HZ < 41.0
    assert not samples[round(19.5 * RATE_HZ) : 20 * RATE_HZ].any()
    assert np.abs(samples[-100:]).max() < 1e-5


def test_velocities_count_as_they_are_and_levels_where_they_are_unknown() -> None:
    known, unknown = make_notes((72,), velocity=90), make_notes((72,), velocity=0)
    player = SoundfontPlayer(FLUTE)
    np.testing.assert_array_equal(play(player, known, level_db=0.0), play(player, known, level_db=-12.0))
    np.testing.assert_array_equal(play(player, unknown), play(player, make_notes((72,), velocity=64)))
    ratio = np.abs(play(player, unknown, level_db=-12.0)).max() / np.abs(play(player, unknown)).max()
    assert 20 * np.log10(ratio) == pytest.approx(-12.0, abs=0.01)


def test_all_programs_sound_at_every_pitch_of_their_range() -> None:
    for program in range(0, 104, 4):
        for pitch in (36, 60, 84):
            assert np.abs(play(SoundfontPlayer(program), make_notes((pitch,)))).max() > 1e-4, (program, pitch)


def test_player_is_named_after_its_program() -> None:
    assert SoundfontPlayer(FLUTE).name == "General MIDI: Flute"


def test_programs_that_are_none_are_told() -> None:
    with pytest.raises(DataError, match="has no program 128"):
        play(SoundfontPlayer(128), make_notes((60,)))
