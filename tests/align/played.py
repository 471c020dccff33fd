"""Scores and sounds built in numpy: what is played, and when, is known exactly."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.coarse.features import compute_audio_features
from dp.align.net_weights import load_packaged_net
from dp.align.onsets.listener import Listener
from dp.align.onsets.net import ONSET_NET
from dp.align.score_events import ScorePlan
from dp.align.spectrum import F32, bring_to_level
from dp.units import FloatArray

_PITCHES = "60 64 67 67 72 71 69 65 62 62 59 67 64 60 55 57 60 65 69 74 72 68 64 66 67 59 62 65 64 60"
_LENGTHS_QUARTER = (1.0, 0.5, 0.5, 1.0, 0.5, 0.25, 0.25, 1.0, 0.5, 0.5) * 3
# A made-up tune, (onset_quarter, duration_quarter, pitch): leaps, repeated notes and different lengths.
MELODY = [(sum(_LENGTHS_QUARTER[:i]), _LENGTHS_QUARTER[i], pitch) for i, pitch in enumerate(map(int, _PITCHES.split()))]


def played_at(quarter: npt.ArrayLike) -> FloatArray:
    """Quarters to seconds: 0.7 s of silence, then a tempo that swings by a fifth around half a second per quarter."""
    at = np.asarray(quarter, dtype=np.float64)
    return 0.7 + 0.5 * at + 0.06 * np.sin(at * 0.9)


def melody_played() -> list[tuple[float, float, int]]:
    """(onset_sec, offset_sec, pitch) of the tune, a little detached."""
    return [(float(played_at(o)), float(played_at(o + 0.95 * d)), pitch) for o, d, pitch in MELODY]


def play(
    rows: Sequence[tuple[float, float, float]],
    total_sec: float,
    cents: float = 0.0,
    harmonic_count: int = 8,
    click_level: float = 0.03,
) -> F32:
    """Plucked tones with harmonics and a click at their onset, over faint noise; rows of onset, offset, pitch."""
    rng = np.random.default_rng(0)
    out = 1e-4 * rng.standard_normal(round(total_sec * ALIGN_SAMPLE_RATE_HZ))
    for onset, offset, pitch in rows:
        begin, end = round(onset * ALIGN_SAMPLE_RATE_HZ), round((offset + 0.02) * ALIGN_SAMPLE_RATE_HZ)
        time = np.arange(min(end, len(out)) - begin) / ALIGN_SAMPLE_RATE_HZ
        hz = 440.0 * 2.0 ** ((pitch - 69 + cents / 100) / 12)
        tone = sum(np.sin(2 * np.pi * hz * h * time) / h for h in range(1, harmonic_count + 1) if hz * h < 10000)
        click = rng.standard_normal(len(time)) * np.exp(-time / 0.003)
        release = np.clip((offset + 0.02 - onset - time) / 0.02, 0.0, 1.0)
        envelope = np.exp(-2.5 * time) * np.minimum(time / 0.005, 1.0) * release
        out[begin : begin + len(time)] += 0.1 * tone * envelope + click_level * click
    return out.astype(np.float32)


def listen(sound: F32, plan: ScorePlan, cents: float = 0.0) -> Listener:
    """The packaged onset net on a sound with a plan; the sound's tuning in cents."""
    samples = bring_to_level(sound)
    features = compute_audio_features(samples, ALIGN_SAMPLE_RATE_HZ, cents / 100).plain
    return Listener(samples, ALIGN_SAMPLE_RATE_HZ, plan, cents / 100, 0, load_packaged_net(ONSET_NET), features)
