"""Find the performer of a rendering: one that the models know, or a mix, which becomes one more."""

import copy
from dataclasses import replace
from typing import TypeVar

import torch
from torch import nn

from dp.models.checkpoint import Checkpoint, check_performers
from dp.models.layers import Conditions
from dp.models.score_timing import ScoreTiming
from dp.models.synthesis import SynthesisModel
from dp.models.timing import TimingModel
from dp.render.model_set import ModelSet
from dp.render_options import RenderOptions

M = TypeVar("M", TimingModel, SynthesisModel)


def cast(models: ModelSet, options: RenderOptions) -> tuple[ModelSet, str | None]:
    """Find the performer whom the options ask for.

    Models know a performer as a row of a table, so a mix is the weighted mean of rows. The timing and the synthesis
    model may know different performers: one whom a model does not know is its unknown performer. Casting models that
    come from here for the same options changes nothing.

    Args:
        models: as trained.
        options: of which the performers count; weights need not add up to 1.

    Returns:
        The models, knowing the mix where one is asked for, and the name to ask them for; None = no performer.

    Raises:
        DataError: neither model knows a performer (the error lists whom they know), or a weight is not above 0.
    """
    if not options.performers:
        return models, None
    name = options.performers[0][0] if len(options.performers) == 1 else mix_name(options.performers)
    if name in models.performer_names:
        return models, name
    check_performers(options.performers, models.performer_names, "the models")
    total = sum(weight for _, weight in options.performers)
    shares = tuple((performer, weight / total) for performer, weight in options.performers)
    timing, synthesis = _add_mix(models.timing, name, shares), _add_mix(models.synthesis, name, shares)
    return replace(models, timing=timing, synthesis=synthesis), name


def mix_name(performers: tuple[tuple[str, float], ...]) -> str:
    """Name a mix in the form that `dp render --performer` takes."""
    return "mix:" + ",".join(f"{performer}={weight:g}" for performer, weight in performers)


def _add_mix(checkpoint: Checkpoint[M], name: str, shares: tuple[tuple[str, float], ...]) -> Checkpoint[M]:
    """Copy a checkpoint and add the mix to its performers."""
    model = copy.deepcopy(checkpoint.model)
    owner = _find_performer_table(model)
    rows = owner.performer.weight.detach()
    # Models that were not to tell performers apart have the unknown one only.
    known = [rows[min(checkpoint.find_performer_index(performer), len(rows) - 1)] for performer, _ in shares]
    mixed = torch.stack([share * row for row, (_, share) in zip(known, shares, strict=True)]).sum(dim=0)
    owner.performer = nn.Embedding(len(rows) + 1, rows.shape[1], _weight=torch.cat([rows, mixed[None]]))
    return replace(checkpoint, model=model, performer_names=(*checkpoint.performer_names, name))


def _find_performer_table(model: TimingModel | SynthesisModel) -> Conditions | ScoreTiming:
    """Find the module that holds the table of performers."""
    if isinstance(model, SynthesisModel):
        return model.conditions
    return model.network if isinstance(model.network, ScoreTiming) else model.network.conditions
