import numpy as np
import pytest

from dp.metrics.clicks import measure_click_excess_db
from dp.units import FloatArray
from tests.metrics.sounds import RATE_HZ, play_notes, sum_partials

TIMES_SEC = np.array([0.3, 0.8, 1.3])
TIME_SEC = np.arange(2 * RATE_HZ) / RATE_HZ


def tone() -> FloatArray:
    return 0.2 * sum_partials(440.0, TIME_SEC) + 1e-3 * np.random.default_rng(0).normal(size=len(TIME_SEC))


def test_a_steady_tone_has_no_clicks() -> None:
    assert np.abs(measure_click_excess_db(tone(), RATE_HZ, TIMES_SEC)).max() < 2.0


@pytest.mark.parametrize("what", ["jump", "missing sample", "phase"])
def test_a_seam_stands_out(what: str) -> None:
    sound = tone()
    for time_sec in TIMES_SEC:
        place = round(time_sec * RATE_HZ)
        if what == "jump":
            sound[place:] += 0.05  # a seventh of the peak
        elif what == "missing sample":
            sound[place] = 0.0
        else:
            sound[place:] = -sound[place:]
    assert measure_click_excess_db(sound, RATE_HZ, TIMES_SEC).min() > 12.0
    assert np.abs(measure_click_excess_db(sound, RATE_HZ, [0.55, 1.05])).max() < 2.0


def test_a_note_that_fades_in_has_no_click_and_one_that_is_cut_in_has() -> None:
    onsets_sec = (0.4, 0.9, 1.4)
    faded = play_notes((69, 71, 72), onsets_sec, (0, 0, 0), 0.55, 20.0)
    cut = faded.copy()
    for onset_sec in onsets_sec:
        cut[round(onset_sec * RATE_HZ)] += 0.2
    assert (
        measure_click_excess_db(cut, RATE_HZ, onsets_sec).min()
        > measure_click_excess_db(faded, RATE_HZ, onsets_sec).max() + 6.0
    )


def test_times_at_the_edge_are_left_out_and_silence_has_none() -> None:
    assert len(measure_click_excess_db(tone(), RATE_HZ, [0.0, 0.1, 1.0, 1.9])) == 1
    assert measure_click_excess_db(0 * tone(), RATE_HZ, [1.0]) == pytest.approx([0.0])
