import numpy as np

from bench.align.real import BINS_PER_SEMITONE, FRAME_RATE_HZ, regions, rise_db, rises

LOW_PITCH = 53


def test_the_rise_is_found_where_the_harmonics_of_a_note_begin() -> None:
    levels = np.full((120, 400), -70.0)
    for harmonic in (1, 2, 3):
        levels[round((60 - LOW_PITCH + 12 * np.log2(harmonic)) * BINS_PER_SEMITONE), 200:] = -10.0
    shifts_sec = np.array([-0.1, 0.0, 0.1])
    at = np.array([200 / FRAME_RATE_HZ])
    found = rises(rise_db(levels), LOW_PITCH, np.array([60]), at, shifts_sec)
    assert found[0, 1] > 5.0
    assert found[0, 0] < 0.0 and found[0, 2] < 0.0
    assert abs(rises(rise_db(levels), LOW_PITCH, np.array([64]), at, shifts_sec)[0, 1]) < 1e-6


def test_a_falling_level_is_no_rise() -> None:
    assert rise_db(np.linspace(0.0, -70.0, 50)[None]).max() == 0.0


def test_disagreements_close_in_time_share_a_picture() -> None:
    first = np.array([50.0, 1.0, 3.0, 9.0])
    groups = regions(first, first + 0.2)
    assert [group.tolist() for group in groups] == [[1, 2], [3], [0]]
