"""Where music is missing, the score is laid out at the tempo of the rest; without a usual tempo it stays as it is."""

import numpy as np

from dp.align.coarse.align import Timing, _lay_out_again
from dp.align.score_events import plan_score
from tests.factories import notes_of

PLAN = plan_score(notes_of([(float(i), 1.0, 60) for i in range(200)]))
STEADY = Timing(np.linspace(0.0, 99.5, 200), 100.0)  # 120 quarters a minute


def test_music_that_is_missing_makes_the_score_longer() -> None:
    # 160 quarters at 100 a minute; 40 are squeezed into 4 s in the middle
    event_sec = np.concatenate([0.6 * np.arange(80), 48.0 + 0.1 * np.arange(40), 52.0 + 0.6 * np.arange(80)])
    layout = _lay_out_again(Timing(event_sec, 100.0), STEADY, PLAN)
    assert layout is not None
    np.testing.assert_allclose(layout.event_sec, 0.6 * np.arange(200), rtol=0.02)


def test_one_tempo_and_two_tempos_leave_it_as_it_is() -> None:
    assert _lay_out_again(STEADY, STEADY, PLAN) is None
    two_tempos_sec = np.concatenate([0.8 * np.arange(80), 64.0 + 0.3 * np.arange(120)])
    assert _lay_out_again(Timing(two_tempos_sec, 100.0), STEADY, PLAN) is None
