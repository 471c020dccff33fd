"""Where the parts of a score stand."""

from typing import Any

import numpy as np
import pytest

from dp.render.preparation import prepare
from dp.render_options import RenderOptions
from tests.render.test_players import parts_of
from tests.render.untrained_voices import ensemble


@pytest.mark.parametrize(
    ("programs", "options", "channel_count"),
    [
        ((0,), {}, 1),
        ((0, 0), {}, 1),
        ((46, 46), {}, 1),
        ((40, 40), {}, 2),
        ((0, 6), {}, 2),
        ((0, 0, 73), {}, 2),
        ((0, 0), {"pans": (("P1", -1.0),)}, 2),
        ((73,), {"pans": (("P1", 0.0),)}, 2),
    ],
)
def test_several_places_are_stereo(programs: tuple[int, ...], options: dict[str, Any], channel_count: int) -> None:
    prepared = prepare(parts_of(*programs), ensemble(), RenderOptions(**options))
    assert prepared.channel_count == channel_count
    assert next(prepared.sound(44100)).samples.ndim == channel_count


def test_two_hands_of_a_piano_stand_at_one_place() -> None:
    prepared = prepare(parts_of(0, 0, 73), ensemble(), RenderOptions(instruments=(("P3", "46"),), pans=(("P3", 1.0),)))
    samples = np.concatenate([block.samples for block in prepared.sound(44100)])
    alone = prepare(parts_of(0, 73), ensemble(), RenderOptions(instruments=(("P2", "46"),), pans=(("P2", 1.0),)))
    single = np.concatenate([block.samples for block in alone.sound(44100)])
    # The left has the hands alone, which play the same note: twice that of one, with the share of three parts.
    np.testing.assert_allclose(samples[:, 0], single[:, 0] * 2 * np.sqrt(2 / 3), atol=1e-5)
