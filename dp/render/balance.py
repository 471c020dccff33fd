"""Bring voices and the soundfont to one level, so that they can play together."""

import math
from collections.abc import Sequence

import numpy as np

from dp.audio.loudness import LoudnessMeter
from dp.render.performance import Performance
from dp.render.players import PartPlayer, Player, VoicesPlayer
from dp.render.soundfont_player import SoundfontPlayer
from dp.types import UNKNOWN_VELOCITY, PerformedNotes
from dp.units import IntArray

PROBE_SEC = 1.0
MAX_GAIN_DB = 24.0  # what differs more is not a matter of balance


def balance_parts(players: Sequence[PartPlayer], performance: Performance, part: IntArray) -> list[float]:
    """Compute a gain for each player, a factor.

    Where different ones play, voices are brought to the loudness of the soundfont's instrument of the same program, by
    a note of a second in the middle of the part: so the instruments keep General MIDI's balance. One who plays alone,
    all the parts perhaps, is left as loud as he is.
    """
    if len({item.player.name for item in players}) == 1:
        return [1.0] * len(players)
    gains = []
    for item in players:
        if not isinstance(item.player, VoicesPlayer):
            gains.append(1.0)
            continue
        pitch = int(np.median(performance.performed.pitch[part == item.part]))
        wanted, own = (measure_lufs(player, pitch) for player in (SoundfontPlayer(item.program), item.player))
        heard = math.isfinite(wanted) and math.isfinite(own)
        gains.append(10.0 ** (float(np.clip(wanted - own, -MAX_GAIN_DB, MAX_GAIN_DB)) / 20.0) if heard else 1.0)
    return gains


def measure_lufs(player: Player, pitch: int) -> float:
    """Measure how loud a player's note is; -inf where nothing is heard."""
    note = PerformedNotes(
        np.array([pitch]),
        np.array([UNKNOWN_VELOCITY]),
        np.array([0.0]),
        np.array([PROBE_SEC]),
        np.ones(1),
    )
    meter = LoudnessMeter(round(player.sample_rate_hz))
    for block in player.play(note, np.zeros(1), 1):
        meter.add(block)
    return meter.integrated_lufs()
