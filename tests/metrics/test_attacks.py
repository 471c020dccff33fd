import numpy as np
import pytest

from dp.metrics.attacks import ATTACK_BANDS_HZ, measure_rises
from tests.metrics.sounds import RATE_HZ, play_notes

ONSETS_SEC = (0.2, 0.6, 1.0, 1.4)


def rise(rise_db: float, band: str, gain: float = 1.0) -> float:
    sound = gain * play_notes((67, 69, 71, 72), ONSETS_SEC, (0, 0, 0, 0), 0.35, rise_db)
    return float(measure_rises(sound, RATE_HZ, ONSETS_SEC, ATTACK_BANDS_HZ[band]).mean())


@pytest.mark.parametrize("band", ["low", "high"])
@pytest.mark.parametrize("rise_db", [12.0, 20.0])
def test_a_level_that_rises_evenly_rises_by_what_it_rises_in_10_ms(band: str, rise_db: float) -> None:
    assert rise(rise_db, band) == pytest.approx(rise_db, rel=0.1)


def test_a_gain_changes_nothing() -> None:
    assert rise(20.0, "low", 0.01) == pytest.approx(rise(20.0, "low"), rel=1e-6)


def test_each_band_has_its_own_rise() -> None:
    time_sec = np.arange(RATE_HZ) / RATE_HZ
    sound = np.sin(2 * np.pi * 500 * time_sec) + (time_sec > 0.5) * np.sin(2 * np.pi * 4000 * time_sec)
    low, high = (measure_rises(sound, RATE_HZ, [0.5], ATTACK_BANDS_HZ[band]) for band in ("low", "high"))
    assert low == pytest.approx([0.0], abs=0.5)
    assert high > 15.0


def test_an_onset_40_ms_off_is_found_and_one_80_ms_off_is_not() -> None:
    sound = play_notes((67,), (0.5,), (0,), 0.35, 30.0)
    found = measure_rises(sound, RATE_HZ, [0.46, 0.42], ATTACK_BANDS_HZ["low"])
    assert found[0] > 10.0
    assert found[1] < 6.0


def test_silence_has_no_say_and_onsets_at_the_edge_are_left_out() -> None:
    sound = np.concatenate([np.zeros(RATE_HZ), np.random.default_rng(0).normal(size=RATE_HZ)])
    # From nothing to noise is as from 60 dB below it.
    assert measure_rises(sound, RATE_HZ, [1.0], ATTACK_BANDS_HZ["low"])[0] <= 60.0
    assert measure_rises(0 * sound, RATE_HZ, [1.0], ATTACK_BANDS_HZ["low"]) == pytest.approx([0.0])
    assert len(measure_rises(sound, RATE_HZ, [0.0, 0.03, 1.0, 1.98], ATTACK_BANDS_HZ["low"])) == 1
