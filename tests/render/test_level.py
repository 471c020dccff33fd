"""Dynamics by rule, on the log-mel."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from dp.render.level import LevelCurve
from dp.types import PerformedNotes

RATE_HZ = 62.5


def played(*notes: tuple[float, float]) -> PerformedNotes:
    """(onset_sec, offset_sec) of each."""
    onset, offset = (np.array(column) for column in zip(*notes, strict=True))
    same = np.full(len(notes), 60)
    return PerformedNotes(same, same, onset, offset, np.ones(len(notes)))


def curve(notes: list[tuple[float, float]], level_db: npt.ArrayLike) -> LevelCurve:
    return LevelCurve(played(*notes), np.array(level_db), RATE_HZ)


def test_each_note_has_its_level_and_rests_keep_it() -> None:
    gain = curve([(1.0, 2.0), (3.0, 4.0)], [6.0, -12.0]).compute_gain_db(0, 400)
    assert gain[[0, 62, 100, 150, 180]] == pytest.approx([6.0] * 5)  # before the first note, in it, after it
    assert gain[[192, 230, 399]] == pytest.approx([-12.0] * 3)


def test_a_change_is_smooth_and_soon_over() -> None:
    gain = curve([(0.0, 2.0), (2.0, 4.0)], [0.0, -20.0]).compute_gain_db(0, 250)
    steps = np.diff(gain)
    assert steps.min() > -7.0 and steps.max() <= 1e-9
    changing = np.flatnonzero(np.abs(steps) > 1e-9)
    assert 0.05 <= len(changing) / RATE_HZ <= 0.12
    assert changing.mean() == pytest.approx(125, abs=1.0)


def test_chords_take_the_mean_power() -> None:
    gain = curve([(0.0, 2.0), (0.0, 1.0)], [0.0, 10.0]).compute_gain_db(0, 125)
    assert gain[30] == pytest.approx(10 * np.log10(5.5))
    assert gain[100] == pytest.approx(0.0)


def test_a_very_loud_note_leaves_nothing_behind() -> None:
    gain = curve([(0.0, 9.0), (0.0, 1.0)], [-60.0, 60.0]).compute_gain_db(0, 500)
    assert gain[400] == pytest.approx(-60.0, abs=0.1)


def test_slices_are_the_same_as_the_whole() -> None:
    rng = np.random.default_rng(0)
    onset = np.sort(rng.uniform(0.0, 20.0, 100))
    found = curve(list(zip(onset, onset + rng.uniform(0.0, 1.0, 100), strict=True)), rng.uniform(-20.0, 10.0, 100))
    whole = found.compute_gain_db(0, 1400)
    np.testing.assert_allclose(np.concatenate([found.compute_gain_db(0, 7), found.compute_gain_db(7, 1400)]), whole)


def test_on_the_log_mel() -> None:
    """Twice the amplitude is log 2 more; the floor stays."""
    made = curve([(0.0, 9.0)], [20.0 * np.log10(2.0)])
    log_mel = torch.tensor([[-3.0, -20.0]])
    torch.testing.assert_close(made.apply(log_mel, 10, 1e-5), torch.tensor([[-3.0, -20.0]]) + np.log(2.0))
    quieter = curve([(0.0, 9.0)], [-60.0])
    torch.testing.assert_close(
        quieter.apply(log_mel, 10, 1e-5), torch.tensor([[-3.0 - 3 * float(np.log(10.0)), -20.0]])
    )
    torch.testing.assert_close(quieter.apply(torch.tensor([[-8.0]]), 0, 1e-5), torch.tensor([[float(np.log(1e-5))]]))
    nothing = curve([(0.0, 9.0)], [0.0])
    assert torch.equal(nothing.apply(log_mel, 0, 1e-5), log_mel)
