"""When each note sounds, by timing models of either design; nothing is trained."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from dp.data.clips import compute_nominal_times_sec
from dp.data.tempo_map import build_written_tempo_map
from dp.models.checkpoint import Checkpoint
from dp.models.timing import TimingModel
from dp.render import perform
from dp.types import Score
from tests.factories import notes_of, score_of
from tests.train import tiny


def played_by(model: TimingModel) -> Checkpoint[TimingModel]:
    return Checkpoint(model, tiny.MEL, 1, ("ann", "bo"))


MIXED: list[tuple[float, float, int]] = [
    (0, 4, 48),
    (0, 1, 60),
    (1, 0, 66),
    (1, 1.5, 62),
    (3, 60, 64),
    (70, 1, 65),
    (71, 0.01, 67),
]


def wild(design: str) -> TimingModel:
    """A timing model that departs wildly from the score."""
    torch.manual_seed(0)
    model = TimingModel(replace(tiny.TIMING_DIMS, design=design)).eval()
    for name, value in model.named_parameters():
        if name in ("network.stretch.weight", "network.note.weight", "network.frames.weight"):
            torch.nn.init.normal_(value, std=20.0)
    return model


def test_a_metronome_plays_exactly() -> None:
    """Our untrained timing model departs from nothing."""
    timing = played_by(TimingModel(replace(tiny.TIMING_DIMS, design="ours")).eval())
    notes = notes_of(MIXED)
    performed = perform(score_of(notes), timing, None, None)
    onset_sec, duration_sec = compute_nominal_times_sec(notes, build_written_tempo_map(score_of(notes), None))
    np.testing.assert_allclose(performed.onset_sec, onset_sec)
    np.testing.assert_allclose(performed.offset_sec - onset_sec, np.maximum(duration_sec, 0.016))
    assert performed.onset_sec[notes.is_grace].tolist() == pytest.approx([0.42])


@pytest.mark.parametrize("design", ["ours", "publication"])
def test_no_expression_is_as_written_and_half_of_it_lies_between(design: str) -> None:
    timing = played_by(wild(design))
    notes = notes_of(MIXED)
    onset_sec, duration_sec = compute_nominal_times_sec(notes, build_written_tempo_map(score_of(notes), None))
    written, half, whole = (perform(score_of(notes), timing, None, None, expression) for expression in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(written.onset_sec, onset_sec)
    np.testing.assert_allclose(written.offset_sec - onset_sec, np.maximum(duration_sec, 0.016))
    departs = [np.abs(performed.onset_sec - onset_sec).sum() for performed in (half, whole)]
    assert 0.0 < departs[0] < departs[1]


def test_ours_keeps_the_tempo_marks_of_the_score() -> None:
    """Twice as fast from the fifth quarter on."""
    score = Score("piece", tiny.scale(9), np.array([0.0, 4.0]), np.array([60.0, 120.0]), ("Violin",))
    timing = played_by(TimingModel(replace(tiny.TIMING_DIMS, design="ours")).eval())
    onset_sec = perform(score, timing, None, None).onset_sec
    np.testing.assert_allclose(np.diff(onset_sec), [1.0] * 4 + [0.5] * 4)


@pytest.mark.parametrize("design", ["ours", "publication"])
def test_even_a_wild_model_keeps_the_notes_in_order(design: str) -> None:
    timing = played_by(wild(design))
    rows = [(quarter / 2, 0.5, 60 + k) for quarter in range(40) for k in range(quarter % 3 + 1)]
    notes = notes_of([*rows, (3.5, 0, 70), (3.5, 0, 50)])
    performed = perform(score_of(notes), timing, None, None)
    nominal = compute_nominal_times_sec(notes, build_written_tempo_map(score_of(notes), None))[0]
    assert np.abs(performed.onset_sec - nominal).max() > 0.5  # it is wild
    quarters = np.unique(notes.onset_quarter)
    spans = [performed.onset_sec[notes.onset_quarter == quarter] for quarter in quarters]
    for earlier, later in itertools.pairwise(spans):
        assert earlier.max() <= later.min()
    assert performed.onset_sec.min() >= 0
    assert (performed.offset_sec > performed.onset_sec).all()
    at_grace = notes.onset_quarter == 3.5
    assert performed.onset_sec[at_grace & notes.is_grace].max() <= performed.onset_sec[at_grace & ~notes.is_grace].min()
