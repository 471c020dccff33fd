"""The picture of pitch curves: a coloured line a note, where the note is, and only of what is shown."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dp.report import pitch_plot
from dp.report.figure import open_figure
from dp.report.pitch_plot import plot_pitch
from dp.types import PitchCurve


def make_curve(first_frame: int, cent: float, confidence: float) -> PitchCurve:
    return PitchCurve(first_frame, np.full(50, cent, np.float32), np.full(50, confidence, np.float32))


def test_curves_stand_where_their_notes_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []

    @contextmanager
    def kept(path: Path, row_count: int, row_inch: float) -> Iterator[list[Any]]:
        with open_figure(path, row_count, row_inch) as axes:
            yield axes
            drawn.extend(axes)

    monkeypatch.setattr(pitch_plot, "open_figure", kept)
    tone = (0.5 * np.sin(np.arange(7 * 16000) * 2 * np.pi * 440 / 16000)).astype(np.float32)
    curves = [
        make_curve(0, 0.0, 1.0),
        make_curve(1250, 30.0, 0.25),
        make_curve(1500, -20.0, 0.75),
        make_curve(2300, 0, 1),
    ]
    plot_pitch(tmp_path / "pitch.png", tone, 16000, np.array([50, 69, 72, 90]), curves, "two of four", start_sec=10.0)
    assert (tmp_path / "pitch.png").read_bytes().startswith(b"\x89PNG")
    assert [axis.get_xlim() for axis in drawn] == [(10.0, 16.0), (16.0, 22.0)]
    assert all(axis.get_ylim() == (67.0, 74.0) for axis in drawn)
    first, second = drawn[0].collections
    assert np.ravel(first.get_segments()[0]) == pytest.approx([10.0, 69.3, 10.008, 69.3], abs=1e-4)
    assert second.get_segments()[-1][-1].tolist() == pytest.approx([12.0 + 49 / 125, 71.8], abs=1e-4)
    assert set(first.get_array()) == {0.25}
    assert set(second.get_array()) == {0.75}
    (image,) = drawn[0].images
    begin_sec, end_sec, low, high = image.get_extent()
    assert (begin_sec, end_sec) == pytest.approx((10.0, 17.0), abs=0.02)
    loudest = image.get_array().mean(axis=1).argmax()
    assert low + (high - low) * (loudest + 0.5) / len(image.get_array()) == pytest.approx(69.0, abs=0.11)
