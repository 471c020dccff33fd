"""Parts are added up: at their times, at one rate, each at its place from left to right."""

import tracemalloc
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from dp.render.mix_parts import Line, Samples, mix_parts, spread_pans


def blocks(samples: Samples, *lengths: int) -> Iterator[Samples]:
    """The samples in blocks of these lengths, and the rest."""
    yield from np.split(samples, np.cumsum(lengths))


def whole(lines: Sequence[Line], rate_hz: int = 8000, channels: int = 1) -> Samples:
    return np.concatenate(list(mix_parts(lines, rate_hz, channels)))


def noise(count: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).standard_normal(count, dtype=np.float32)


def test_however_the_blocks_are_cut_each_part_keeps_its_time() -> None:
    one, two = noise(1000), noise(400, 1)
    made = whole([Line(blocks(one, 1, 99, 0, 500), 8000), Line(blocks(two, 7, 250), 8000)])
    expected = one.copy()
    expected[:400] += two
    np.testing.assert_allclose(made, expected / np.sqrt(2), atol=1e-6)


def test_one_part_is_itself() -> None:
    one = noise(300)
    np.testing.assert_array_equal(whole([Line(blocks(one, 50), 8000)]), one)


@pytest.mark.parametrize(
    ("pan", "left", "right"), [(-1.0, 1.0, 0.0), (0.0, 0.7071, 0.7071), (1.0, 0.0, 1.0), (0.5, 0.3827, 0.9239)]
)
def test_a_pan_keeps_the_power(pan: float, left: float, right: float) -> None:
    one = noise(300)
    made = whole([Line(blocks(one), 8000, pan)], channels=2)
    assert made.shape == (300, 2)
    np.testing.assert_allclose(made, np.stack([left * one, right * one], axis=1), atol=1e-3)
    assert left**2 + right**2 == pytest.approx(1.0, abs=1e-3)


def test_parts_are_spread_in_their_order() -> None:
    assert spread_pans(0) == () and spread_pans(1) == (0.0,)
    assert spread_pans(2) == (-0.5, 0.5)
    assert spread_pans(5) == (-0.5, -0.25, 0.0, 0.25, 0.5)


def test_another_rate_sounds_at_the_same_time() -> None:
    """A tone of 500 Hz that begins after half a second, at 4 kHz, comes out at 8 kHz."""
    time_sec = np.arange(4000) / 4000
    tone = np.where(time_sec < 0.5, 0, np.sin(2 * np.pi * 500 * time_sec)).astype(np.float32)
    made = whole([Line(blocks(tone, 700, 1700), 4000), Line(blocks(np.zeros(100, np.float32)), 8000)])
    assert len(made) == 8000
    later = np.arange(8000) / 8000
    expected = np.where(later < 0.5, 0, np.sin(2 * np.pi * 500 * later)) / np.sqrt(2)
    np.testing.assert_allclose(made[:3500], 0, atol=0.01)
    np.testing.assert_allclose(made[4500:7500], expected[4500:7500], atol=0.01)


def test_a_part_may_be_louder() -> None:
    one = noise(10)
    np.testing.assert_allclose(whole([Line(blocks(one), 8000, gain=2.0)]), 2 * one)


def test_length_costs_no_memory() -> None:
    def hours(block: Samples, count: int) -> Iterator[Samples]:
        for _ in range(count):
            yield block.copy()

    tracemalloc.start()
    lines = [Line(hours(noise(8000), 4000), 8000), Line(hours(noise(4410, 1), 4000), 4410)]
    count = sum(len(block) for block in mix_parts(lines, 8000, 2))
    _, peak_byte = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 32_000_000
    assert peak_byte < 2e6
