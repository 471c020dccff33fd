"""Mixes of performers."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dp.errors import DataError
from dp.models.checkpoint import Checkpoint
from dp.models.score_timing import ScoreTiming
from dp.models.timing import TimingModel
from dp.render import RenderOptions, plan, render
from dp.render.mix import cast
from tests.factories import score_of
from tests.render.untrained import model_set
from tests.train import tiny

SCORE = score_of(tiny.scale(6))


def by(*performers: tuple[str, float]) -> RenderOptions:
    return RenderOptions(performers=performers)


def rows(checkpoint: Checkpoint[Any]) -> Tensor:
    """The table of performers of a timing or synthesis model: [performers, width]."""
    model = checkpoint.model
    owner = model.network if isinstance(model, TimingModel) else model
    table = owner.performer if isinstance(owner, ScoreTiming) else owner.conditions.performer
    assert isinstance(table, nn.Embedding)
    return table.weight.detach()


def test_nobody_and_one_leave_the_models_alone() -> None:
    models = model_set()
    assert cast(models, by()) == (models, None)
    assert cast(models, by(("bo", 1.0))) == (models, "bo")


@pytest.mark.parametrize("design", ["ours", "publication"])
def test_a_mix_is_the_weighted_mean(design: str) -> None:
    models = model_set(design=design)
    mixed, name = cast(models, by(("ann", 3.0), ("bo", 1.0)))
    assert name == "mix:ann=3,bo=1"
    table = rows(models.synthesis)
    torch.testing.assert_close(rows(mixed.synthesis)[3], 0.75 * table[1] + 0.25 * table[2])
    for checkpoint in (mixed.timing, mixed.synthesis):
        assert checkpoint.find_performer_index(name) == 3
    assert len(table) == 3 and models.performer_names == ("ann", "bo")  # what was given is as it was
    assert cast(mixed, by(("ann", 3.0), ("bo", 1.0))) == (mixed, name)


@pytest.mark.parametrize("design", ["ours", "publication"])
def test_a_mix_of_one_sounds_like_this_one_and_others_lie_between(design: str) -> None:
    models = model_set(design=design)
    ann, same = (render(SCORE, models, by(*who)) for who in ([("ann", 1.0)], [("ann", 0.5), ("ann", 0.5)]))
    np.testing.assert_allclose(ann.performed.onset_sec, same.performed.onset_sec, atol=1e-6)
    np.testing.assert_allclose(ann.log_mel, same.log_mel, atol=1e-5)
    mixed = render(SCORE, models, by(("ann", 0.5), ("bo", 0.5)))
    assert np.abs(mixed.log_mel[:100] - ann.log_mel[:100]).max() > 1e-3


def test_whom_a_model_does_not_know_is_its_unknown_performer() -> None:
    models = model_set(timing_performers=("ann",), synthesis_performers=("bo", "cy"))
    mixed, name = cast(models, by(("ann", 1.0), ("cy", 1.0)))
    table = rows(models.timing)
    torch.testing.assert_close(rows(mixed.timing)[2], 0.5 * table[1] + 0.5 * table[0])
    table = rows(models.synthesis)
    torch.testing.assert_close(rows(mixed.synthesis)[3], 0.5 * table[0] + 0.5 * table[2])
    assert plan(SCORE, mixed, by(("ann", 1.0), ("cy", 1.0))).performer == name


@pytest.mark.parametrize(
    ("performers", "said"),
    [
        ([("zoe", 1.0)], "performer 'zoe': is unknown to the models; known: ann, bo"),
        ([("ann", 1.0), ("zoe", 1.0)], "performer 'zoe': is unknown"),
        ([("ann", 1.0), ("bo", 0.0)], "performer 'bo': has the weight 0"),
        ([("ann", float("nan")), ("bo", 1.0)], "performer 'ann': has the weight nan"),
    ],
)
def test_who_cannot_be_cast(performers: list[tuple[str, float]], said: str) -> None:
    with pytest.raises(DataError) as caught:
        cast(model_set(), by(*performers))
    assert said in str(caught.value)
