from dataclasses import replace

import numpy as np
import pytest
import torch

from dp.config import MelConfig
from dp.data.arrays import Arrays, TimingClip, build_timing_arrays
from dp.data.clips import Clip
from dp.data.timing_pieces import Performance
from dp.evaluate.performers import evaluate_performers
from dp.evaluate.timing import (
    OtherPerformers,
    find_unheard_movements,
    measure_timing_baselines,
    measure_timing_models,
)
from dp.models.checkpoint import Checkpoint
from dp.models.timing import TimingDims, TimingModel
from dp.types import PerformedNotes
from dp.units import FloatArray
from tests.factories import notes_in_order

PITCHES = [60, 64, 67, 62, 65, 69, 71, 72, 59, 55, 57, 66, 68, 70, 61, 63, 73, 74, 56, 58]
STEP_QUARTER = 0.5


def performance(recording_id: str, step_sec: FloatArray, pitches: list[int] = PITCHES) -> Performance:
    """Eighths, each of which lasts until the next."""
    rows = [(STEP_QUARTER * i, STEP_QUARTER, pitch) for i, pitch in enumerate(pitches)]
    notes = notes_in_order(rows, measure=1 + np.arange(len(rows)) // 8)
    times = 0.1 + np.concatenate([[0.0], np.cumsum(step_sec)])
    performed = PerformedNotes(notes.pitch, notes.velocity, times[:-1], times[1:], np.ones(len(rows)))
    return Performance(recording_id, notes, performed)


def steps(slow: float) -> FloatArray:
    """Twenty intervals of .25 s on average, those of the even beats `slow` times as long as the others."""
    raw = np.where(np.arange(20) % 4 < 2, slow, 1.0)
    return np.asarray(0.25 * 19 * raw / raw[:19].sum())


ELSEWHERE = [pitch + 5 for pitch in reversed(PITCHES)]
PERFORMANCES = (
    performance("ann", steps(1.0)),
    performance("bo", steps(2.0)),
    performance("cy", steps(1.5)),
    performance("dee", steps(1.0), ELSEWHERE),
)
CLIPS = (
    Clip("ann/0", "ann", "violin", "ann", 0, 313, valid_by_clip=True),
    Clip("bo/0", "bo", "violin", "bo", 0, 313),
    Clip("cy/0", "cy", "violin", "cy", 0, 313, valid_by_recording=True),
    Clip("dee/0", "dee", "violin", "ann", 0, 313, valid_by_recording=True),
)


def arrays() -> Arrays[TimingClip]:
    return build_timing_arrays(PERFORMANCES, CLIPS, MelConfig())


def checkpoint(design: str = "ours") -> Checkpoint[TimingModel]:
    torch.manual_seed(0)
    dims = TimingDims(design=design, width=8, performer_count=2, dilations_event=(1,), encoder_layer_count=1)
    made = arrays()
    return Checkpoint(TimingModel(dims).eval(), made.mel, 1, ("ann", "bo"))


def test_others_are_the_mean_of_the_other_performers_alone() -> None:
    pieces = {item.piece.recording_id: item.piece for item in arrays().clips}
    others = OtherPerformers(pieces.values())
    expected = (steps(2.0)[:19] + steps(1.5)[:19]) / 2 / 0.25
    np.testing.assert_allclose(others.stretch(pieces["ann"])[:19], expected)
    assert np.isnan(others.stretch(pieces["dee"])).all()


def others_sec() -> FloatArray:
    return (steps(2.0) + steps(1.5)) / 2


def test_simple_baselines() -> None:
    rows = {row.clip_id: row for row in measure_timing_baselines(arrays())}
    assert {name: row.splits for name, row in rows.items()} == {
        "ann/0": ("clip",),
        "cy/0": ("recording",),
        "dee/0": ("recording", "movement"),
    }
    assert sorted(rows["dee/0"].metrics) == ["constant-tempo"]  # nobody else plays it
    scores = rows["ann/0"].metrics
    for value in scores["constant-tempo"].values():
        assert value == pytest.approx(0.0, abs=1e-6)  # Ann plays like a metronome
    late_sec = np.concatenate([[0.0], np.cumsum(others_sec() - steps(1.0))])[:20]
    expected = np.mean((62.5 * late_sec) ** 2), np.mean((62.5 * np.diff(late_sec)) ** 2)
    found = scores["other-performers"]
    assert (found["onset_mse_frame2"], found["interval_mse_frame2"]) == pytest.approx(expected, rel=1e-5)


def test_an_untrained_model_is_a_metronome_and_the_publications_knows_nothing() -> None:
    models = {"ours": checkpoint(), "publication": checkpoint("publication")}
    rows = {row.clip_id: row.metrics for row in measure_timing_models(models, arrays())}
    for value in rows["ann/0"]["ours"].values():
        assert value == pytest.approx(0.0, abs=1e-6)
    assert rows["ann/0"]["publication"]["onset_mse_frame2"] > 100.0
    # The first onset is given: from there on, Cy is late by turns.
    late_sec = np.concatenate([[0.0], np.cumsum(0.25 - steps(1.5))])[:20]
    assert rows["cy/0"]["ours"]["onset_mse_frame2"] == pytest.approx(np.mean((62.5 * late_sec) ** 2), rel=1e-4)


def test_a_movement_is_unheard_when_nothing_of_it_is_for_training() -> None:
    assert find_unheard_movements(arrays()) == {"dee"}


def test_comparing_performers_needs_two_performers_that_the_model_knows() -> None:
    assert evaluate_performers(checkpoint(), arrays()) == {}
    known = replace(checkpoint(), performer_names=("ann", "cy"))
    found = evaluate_performers(known, arrays())
    assert sorted(found) == ["articulation", "tempo"]
    own = found["tempo"]["own"]
    assert isinstance(own, dict) and own["n"] == 2
    assert found["tempo"]["p_value"] == 1.0  # a metronome plays as nobody
    assert evaluate_performers(checkpoint("publication"), arrays()) == {}
