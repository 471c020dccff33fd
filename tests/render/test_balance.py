"""Voices and the soundfont are brought to one level."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from dp.models.voices.play import VoiceOptions
from dp.render.balance import balance_parts, measure_lufs
from dp.render.mix_parts import Samples
from dp.render.performance import Performance, plan_as_written
from dp.render.players import PartPlayer, VoicesPlayer
from dp.render.soundfont_player import SoundfontPlayer
from dp.render_options import RenderOptions
from dp.types import PerformedNotes
from dp.units import FloatArray, IntArray
from tests.factories import notes_in_order, score_of
from tests.render.untrained_voices import voices


@dataclass(frozen=True)
class Sine:
    """Plays every note as the same tone."""

    amplitude: float
    name: str = "sine"
    sample_rate_hz: float = 16000

    def play(self, notes: PerformedNotes, level_db: FloatArray, seed: int) -> Iterator[Samples]:
        yield (self.amplitude * np.sin(np.arange(16000) * 2 * np.pi * 997 / 16000)).astype(np.float32)


def duo() -> tuple[Performance, IntArray]:
    notes = notes_in_order([(0.0, 1.0, 69), (0.0, 1.0, 76)], part=[0, 1])
    performance = plan_as_written(replace(score_of(notes), part_names=("A", "B")), RenderOptions())
    assert performance.part is not None
    return performance, performance.part


def test_the_loudness_of_a_note() -> None:
    assert measure_lufs(Sine(0.1), 60) == pytest.approx(-23.01, abs=0.1)
    assert measure_lufs(Sine(0.0), 60) == -math.inf


def test_voices_are_as_loud_as_the_soundfont_s_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    loud = {"violin": -40.0}

    def measure(player: object, pitch: int) -> float:
        assert pitch == 69
        return loud["violin"] if isinstance(player, VoicesPlayer) else -30.0

    monkeypatch.setattr("dp.render.balance.measure_lufs", measure)
    violin = PartPlayer(0, 40, VoicesPlayer("violin", voices(), VoiceOptions()))
    flute = PartPlayer(1, 73, SoundfontPlayer(73))
    assert balance_parts([violin, flute], *duo()) == pytest.approx([10 ** (10 / 20), 1.0])
    for other, gain in ((-math.inf, 1.0), (-90.0, 10 ** (24 / 20))):
        loud["violin"] = other
        assert balance_parts([violin, flute], *duo())[0] == pytest.approx(gain)


def test_one_who_plays_all_is_left_as_he_is() -> None:
    player = VoicesPlayer("violin", voices(), VoiceOptions())
    assert balance_parts([PartPlayer(0, 40, player), PartPlayer(1, 40, player)], *duo()) == [1.0, 1.0]
