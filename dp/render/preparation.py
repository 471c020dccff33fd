"""A score and who is to play it become a performance, ready to sound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from dp.config import MelConfig
from dp.errors import DataError
from dp.render.balance import balance_parts
from dp.render.ensemble import Ensemble
from dp.render.excerpt import cut_excerpt, find_part_indices
from dp.render.instruments import TWO_HANDED
from dp.render.mix import cast
from dp.render.mix_parts import Line, mix_parts, spread_pans
from dp.render.model_set import ModelSet
from dp.render.performance import Performance, plan, plan_as_written
from dp.render.players import PartPlayer, check_known, choose_players
from dp.render.provenance import describe_models
from dp.render.sound_files import sound
from dp.render.stream import Block
from dp.render_options import RenderOptions
from dp.score import read_score
from dp.types import Score
from dp.units import IntArray

SAMPLE_RATE_HZ = 44100  # of what voices and the soundfont play, unless asked otherwise
_NO_MEL = np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class Prepared:
    """A performance, ready to sound."""

    performance: Performance
    sample_rate_hz: int  # unless asked otherwise
    channel_count: int
    mel: MelConfig | None  # of the blocks' log-mels; None = they have none
    sound: Callable[[int], Iterator[Block]]  # at a sample rate
    models: dict[str, Any]  # for the provenance
    programs: dict[int, int]  # General MIDI, from 0, by part; of others nobody says


def prepare_file(path: Path, models: ModelSet | Ensemble, options: RenderOptions) -> tuple[Score, Prepared]:
    """Read a score, cut out what is asked for and prepare it; see `prepare`.

    Raises:
        DataError: the score cannot be used, or an option cannot be met.
    """
    score = read_score(path, options.movement)
    score = cut_excerpt(score, options.parts, options.start_bar, options.end_bar)
    return score, prepare(score, models, options)


def prepare(score: Score, models: ModelSet | Ensemble, options: RenderOptions) -> Prepared:
    """Decide what sounds when, and who plays it.

    Raises:
        DataError: the score has no notes, or an option cannot be met.
    """
    if isinstance(models, Ensemble):
        return _prepare_parts(score, models, options)
    check_options(models, options)
    models, _ = cast(models, options)
    performance = plan(score, models, options)
    return Prepared(
        performance,
        models.synthesis.mel.sample_rate_hz,
        1,
        models.synthesis.mel,
        lambda rate_hz: sound(performance, models, options, rate_hz),
        describe_models(models),
        {},
    )


def check_options(models: ModelSet | Ensemble, options: RenderOptions) -> None:
    """Refuse what these models can do for no score.

    Raises:
        DataError: none of them knows a performer or the room, or they know no rooms, instruments and places at all.
    """
    if isinstance(models, Ensemble):
        if options.performers or options.room is not None:
            check_known(options, list(models.list_voices().values()))
        return
    if options.instruments or options.pans or options.room is not None:
        advice = "leave them out, or take --model packaged, or voices"
        raise DataError(models.name or "the models", "know no instruments, pans and rooms", advice)
    cast(models, options)


def _prepare_parts(score: Score, ensemble: Ensemble, options: RenderOptions) -> Prepared:
    """Prepare a score whose parts are played one by one, on one timeline."""
    asked_pans = {index: pan for name, pan in options.pans for index in find_part_indices(score, name)}
    performance = plan_as_written(score, options)
    performed = performance.performed
    part = np.zeros(len(performed), np.int64) if performance.part is None else performance.part
    players, said = choose_players(score, performed, part, options, ensemble)
    places = _find_places(players)
    spread = spread_pans(places[-1] + 1)
    pans = [asked_pans.get(player.part, spread[place]) for player, place in zip(players, places, strict=True)]
    channel_count = 2 if len(spread) > 1 or asked_pans else 1

    def play(rate_hz: int) -> Iterator[Block]:
        lines = _play_parts(performance, part, players, pans, options.seed)
        return (Block(_NO_MEL, samples) for samples in mix_parts(lines, rate_hz, channel_count))

    return Prepared(
        replace(performance, warnings=(*performance.warnings, *said)),
        SAMPLE_RATE_HZ,
        channel_count,
        None,
        play,
        {"name": ensemble.name, "players": [player.describe() for player in players]},
        {player.part: player.program for player in players},
    )


def _find_places(players: Sequence[PartPlayer]) -> list[int]:
    """Find the place of each part, from 0; neighbours on the same keyboard or harp share one: they are two hands."""
    places = [0]
    for before, player in pairwise(players):
        is_same = player.program == before.program and player.program in TWO_HANDED
        places.append(places[-1] + (not is_same))
    return places


def _play_parts(
    performance: Performance, part: IntArray, players: Sequence[PartPlayer], pans: Sequence[float], seed: int
) -> list[Line]:
    """Have each part played, with a seed of its own."""
    gains = balance_parts(players, performance, part)
    lines = []
    for item, pan, gain in zip(players, pans, gains, strict=True):
        own = part == item.part
        blocks = item.player.play(performance.performed.take(own), performance.level_db[own], seed + item.part)
        lines.append(Line(blocks, item.player.sample_rate_hz, pan, gain))
    return lines
