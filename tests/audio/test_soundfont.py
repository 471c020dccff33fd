"""Soundfonts: zones and the voices that play them."""

from pathlib import Path

import numpy as np
import pytest

from dp.audio import soundfont as sf
from dp.audio.soundfont import load_program
from dp.audio.soundfont_voice import Voice
from dp.errors import DataError
from tests.audio import soundfonts

RATE_HZ = soundfonts.RATE_HZ
LOOPED = {sf.LOOP_MODE: 1}


def play(
    path: Path, pitch: int = 69, velocity: float = 127.0, length_sec: float = 1.0, total_sec: float = 2.0
) -> np.ndarray:
    program = load_program(path, 0)
    block = np.zeros(int(total_sec * RATE_HZ), np.float32)
    for zone in program.find_zones(pitch, round(velocity)):
        Voice(program, zone, pitch, velocity, int(length_sec * RATE_HZ), RATE_HZ).add_to(block)
    return block


def level_db(block: np.ndarray, at_sec: float) -> float:
    """Level of ten periods against full scale."""
    start = int(at_sec * RATE_HZ)
    return float(20 * np.log10(np.abs(block[start : start + 10 * soundfonts.PERIOD_SAMPLE]).max() + 1e-9))


def find_peak_hz(block: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(block * np.hanning(len(block)), 8 * len(block)))
    return float(np.argmax(power) * RATE_HZ / (8 * len(block)))


def test_loop_goes_on_without_a_seam(tmp_path: Path) -> None:
    wave = soundfonts.make_wave(period_count=20)  # 45 ms, of which the last period but one goes round
    block = play(soundfonts.write(tmp_path / "a.sf2", LOOPED, wave=wave), length_sec=2.1)
    expected = 0.5 * np.sin(2 * np.pi * np.arange(len(block)) / soundfonts.PERIOD_SAMPLE)
    np.testing.assert_allclose(block, expected, atol=1e-4)


def test_without_a_loop_a_sample_ends(tmp_path: Path) -> None:
    block = play(soundfonts.write(tmp_path / "a.sf2", {}, wave=soundfonts.make_wave(period_count=20)))
    assert np.abs(block[1900:1990]).max() > 0.4
    assert not block[2000:].any()


@pytest.mark.parametrize("pitch", [57, 69, 76, 93])
def test_pitch_of_a_key(tmp_path: Path, pitch: int) -> None:
    block = play(soundfonts.write(tmp_path / "a.sf2", LOOPED), pitch)
    assert find_peak_hz(block[: RATE_HZ // 2]) == pytest.approx(441 * 2 ** ((pitch - 69) / 12), rel=5e-4)


def test_generators_of_presets_are_added(tmp_path: Path) -> None:
    path = soundfonts.write(
        tmp_path / "a.sf2", LOOPED | {sf.FINE_TUNE: 30, sf.ATTENUATION: 60}, {sf.COARSE_TUNE: 1, sf.ATTENUATION: 40}
    )
    block = play(path)
    assert find_peak_hz(block[: RATE_HZ // 2]) == pytest.approx(441 * 2 ** (130 / 1200), rel=5e-4)
    assert level_db(block, 0.5) == pytest.approx(-6.0 - 10.0, abs=0.1)


def test_amplitude_goes_like_the_square_of_the_velocity(tmp_path: Path) -> None:
    path = soundfonts.write(tmp_path / "a.sf2", LOOPED)
    assert level_db(play(path, velocity=40.0), 0.5) - level_db(play(path, velocity=80.0), 0.5) == pytest.approx(
        -12.04, abs=0.05
    )


def test_volume_rises_falls_to_its_sustain_and_is_released(tmp_path: Path) -> None:
    timing = {sf.VOLUME + 1: -2400, sf.VOLUME + 3: 1200, sf.VOLUME + 4: 300, sf.VOLUME + 5: 0}  # .25 s, 2 s, 30 dB, 1 s
    block = play(soundfonts.write(tmp_path / "a.sf2", LOOPED | timing), length_sec=2.0, total_sec=4.0)
    full_db = -6.02
    assert level_db(block, 0.125) == pytest.approx(full_db - 6.0, abs=1.6)  # it rises within the ten periods
    assert level_db(block, 0.25) == pytest.approx(full_db, abs=0.1)
    assert level_db(block, 0.25 + 0.3) == pytest.approx(full_db - 15.0, abs=0.2)
    assert level_db(block, 1.9) == pytest.approx(full_db - 30.0, abs=0.1)
    assert level_db(block, 2.4) == pytest.approx(full_db - 30.0 - 40.0, abs=0.5)
    assert not block[int(3.0 * RATE_HZ) :].any()


def test_low_pass_takes_6_db_at_twice_its_cutoff_and_more_above(tmp_path: Path) -> None:
    low = {sf.CUTOFF: 6900 - 1200, sf.ENVELOPE_CUTOFF: 0}  # 220 Hz
    block = play(soundfonts.write(tmp_path / "a.sf2", LOOPED | low))
    assert level_db(block, 0.5) == pytest.approx(-6.0 - 12.3, abs=0.5)  # of second order: 12 dB an octave
    opened = play(soundfonts.write(tmp_path / "b.sf2", LOOPED | low | {sf.ENVELOPE_CUTOFF: 4800}))
    assert level_db(opened, 0.5) == pytest.approx(-6.0, abs=0.5)


def test_vibrato_moves_the_pitch_after_its_delay(tmp_path: Path) -> None:
    slow = {sf.VIBRATO_PITCH: 100, sf.VIBRATO_RATE: -4800, sf.VIBRATO_DELAY: -1200}  # .51 Hz after .5 s
    block = play(soundfonts.write(tmp_path / "a.sf2", LOOPED | slow), length_sec=3.0, total_sec=3.0)
    assert find_peak_hz(block[: RATE_HZ // 2]) == pytest.approx(441.0, rel=5e-4)
    top = round((0.5 + 0.25 / 0.511) * RATE_HZ)
    assert find_peak_hz(block[top - 4410 : top + 4410]) == pytest.approx(441 * 2 ** (90 / 1200), rel=5e-3)


def test_beyond_all_keys_the_nearest_zone_plays(tmp_path: Path) -> None:
    path = soundfonts.write(tmp_path / "a.sf2", {sf.KEYS: 60 | (72 << 8), **LOOPED})
    assert level_db(play(path, 90), 0.5) == pytest.approx(-6.0, abs=0.1)


@pytest.mark.parametrize("length", [0, 11, 100, -60])
def test_damaged_files_are_told(tmp_path: Path, length: int) -> None:
    path = soundfonts.write(tmp_path / "a.sf2", LOOPED)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match="damaged soundfont"):
        load_program(path, 0)


def test_missing_files_and_programs_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_program(tmp_path / "none.sf2", 0)
    with pytest.raises(DataError, match="has no program 1"):
        load_program(soundfonts.write(tmp_path / "a.sf2", LOOPED), 1)
