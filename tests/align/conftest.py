"""Scores and sounds built in numpy: what is played, and when, is known exactly."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.coarse.features import audio_features
from dp.align.onsets.listener import Listener
from dp.align.onsets.net import packaged_net
from dp.align.score_events import ScorePlan
from dp.align.spectrum import at_level
from dp.types import ScoreNotes

Play = Callable[..., np.ndarray]
Notes = Callable[[Sequence[tuple[float, float, int]]], ScoreNotes]


@pytest.fixture(scope="session")
def make_notes() -> Notes:
    """(onset, duration in quarters, pitch) to a score."""

    def make(rows: Sequence[tuple[float, float, int]]) -> ScoreNotes:
        ordered = sorted(rows, key=lambda r: (r[0], r[2]))
        whole = np.ones(len(ordered), np.int64)
        onset, duration, pitch = (np.array(column) for column in zip(*ordered, strict=True))
        return ScoreNotes(
            onset.astype(np.float64),
            duration.astype(np.float64),
            pitch.astype(np.int64),
            0 * whole,
            whole,
            whole,
            0 * whole,
        )

    return make


@pytest.fixture(scope="session")
def play() -> Play:
    """Plucked tones of eight harmonics with a click at their onset, over faint noise; rows of onset, offset, pitch."""

    def make(rows: Sequence[tuple[float, float, int]], total_sec: float, cents: float = 0.0) -> np.ndarray:
        rng = np.random.default_rng(0)
        out = 1e-4 * rng.standard_normal(round(total_sec * ALIGN_SAMPLE_RATE_HZ))
        for onset, offset, pitch in rows:
            begin, end = round(onset * ALIGN_SAMPLE_RATE_HZ), round((offset + 0.02) * ALIGN_SAMPLE_RATE_HZ)
            time = np.arange(min(end, len(out)) - begin) / ALIGN_SAMPLE_RATE_HZ
            hz = 440.0 * 2.0 ** ((pitch - 69 + cents / 100) / 12)
            tone = sum(np.sin(2 * np.pi * hz * h * time) / h for h in range(1, 9) if hz * h < 10000)
            click = rng.standard_normal(len(time)) * np.exp(-time / 0.003)
            release = np.clip((offset + 0.02 - onset - time) / 0.02, 0.0, 1.0)
            envelope = np.exp(-2.5 * time) * np.minimum(time / 0.005, 1.0) * release
            out[begin : begin + len(time)] += 0.1 * tone * envelope + 0.03 * click
        return out.astype(np.float32)

    return make


@pytest.fixture(scope="session")
def listen() -> Callable[..., Listener]:
    """The packaged onset filter on a sound with a plan; the sound's tuning in cents."""

    def make(sound: np.ndarray, plan: ScorePlan, cents: float = 0.0) -> Listener:
        samples = at_level(sound)
        features = audio_features(samples, ALIGN_SAMPLE_RATE_HZ, cents / 100)
        return Listener(samples, ALIGN_SAMPLE_RATE_HZ, plan, cents / 100, 0, packaged_net(), features)

    return make


@pytest.fixture(scope="session")
def melody() -> list[tuple[float, float, int]]:
    """Thirty notes of a made-up tune, in quarters, with leaps, repeated notes and different lengths."""
    pitches = [
        60,
        64,
        67,
        67,
        72,
        71,
        69,
        65,
        62,
        62,
        59,
        67,
        64,
        60,
        55,
        57,
        60,
        65,
        69,
        74,
        72,
        68,
        64,
        66,
        67,
        59,
        62,
        65,
        64,
        60,
    ]
    lengths = [1, 0.5, 0.5, 1, 0.5, 0.25, 0.25, 1, 0.5, 0.5] * 3
    onsets = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
    return [(float(o), float(d), p) for o, d, p in zip(onsets, lengths, pitches, strict=True)]


@pytest.fixture(scope="session")
def played_at() -> Callable[[np.ndarray], np.ndarray]:
    """Quarters to seconds: 0.7 s of silence, then a tempo that swings by a fifth around half a second per quarter."""

    def at(quarter: np.ndarray) -> np.ndarray:
        return 0.7 + 0.5 * quarter + 0.06 * np.sin(np.asarray(quarter) * 0.9)

    return at
