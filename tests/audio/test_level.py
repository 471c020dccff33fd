import numpy as np

from dp.audio import limit_softly


def test_what_is_not_loud_stays() -> None:
    samples = np.linspace(-0.8, 0.8, 101).astype(np.float32)
    np.testing.assert_array_equal(limit_softly(samples), samples)


def test_what_is_too_loud_bends_and_never_clips() -> None:
    samples = np.linspace(-4.0, 4.0, 80_001).astype(np.float32)
    limited = limit_softly(samples)
    assert limited.dtype == np.float32
    assert np.abs(limited).max() <= 1.0
    steps = np.diff(limited)
    assert steps.min() >= 0.0  # keeps order
    assert steps.max() < 1.02e-4  # nowhere steeper than before, so no corner clicks
    np.testing.assert_array_equal(limited, -limited[::-1])
