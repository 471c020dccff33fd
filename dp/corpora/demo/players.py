"""Play scores as the demo's performers: simple rules of tempo, rubato, articulation and dynamics, each player's own."""

from dataclasses import dataclass

import numpy as np

from dp.types import PerformedNotes, Score, ScoreNotes
from dp.units import FloatArray, qpm_to_sec_per_quarter

LEAD_IN_SEC = 0.6  # before the first note
_GRID_PER_QUARTER = 8  # points of the time map; rubato is slow against them
_RITARDANDO_QUARTER = 4.0  # at the very end; own choice, as the players are
_GRACE_SEC = 0.09  # of a grace note; own choice
_SHORTEST_SEC = 0.05  # of a note; own choice
_PLAIN_TEMPO_QPM = 90.0  # where the score has no tempo mark


@dataclass(frozen=True)
class Player:
    """How somebody plays."""

    name: str
    pace: float  # times the written tempo
    rubato: float  # how much slower the ends of a phrase are than its middle, as a fraction
    phrase_quarter: float
    ritardando: float  # how much slower the very end is, as a fraction
    unevenness_sec: float  # standard deviation of single onsets
    roll_sec: float  # from note to note of a chord, upwards
    articulation: float  # sounding part of a written duration
    loudness: float  # mean MIDI velocity
    swell: float  # MIDI velocity gained in the middle of a phrase


PLAYERS = (
    Player("ada", 1.0, 0.12, 16.0, 0.35, 0.006, 0.015, 0.97, 78, 24),
    Player("bruno", 1.12, 0.04, 8.0, 0.15, 0.003, 0.0, 0.7, 92, 10),
    Player("clara", 0.88, 0.22, 12.0, 0.6, 0.012, 0.035, 0.9, 66, 34),
)


def perform(score: Score, player: Player, rng: np.random.Generator) -> PerformedNotes:
    """Perform a score as one player; a grace note comes `_GRACE_SEC` before the note it adorns."""
    notes = score.notes
    written_qpm = float(score.tempo_qpm[0]) if len(score.tempo_qpm) else _PLAIN_TEMPO_QPM
    quarter, sec = _make_time_map(notes, written_qpm * player.pace, player, rng)
    event_quarter, event = np.unique(notes.onset_quarter, return_inverse=True)
    event_sec = _shift_onsets(np.interp(event_quarter, quarter, sec), player, rng)
    beat_sec = event_sec[event]
    release_sec = np.interp(notes.onset_quarter + notes.duration_quarter, quarter, sec)
    before_sec = np.diff(event_sec, prepend=0.0)[event]
    onset_sec = np.where(
        notes.is_grace,
        beat_sec - np.minimum(_GRACE_SEC, before_sec / 2),
        beat_sec + player.roll_sec * _find_places_in_chords(notes),
    )
    held = player.articulation * rng.uniform(0.95, 1.0, len(notes))
    offset_sec = np.where(notes.is_grace, beat_sec, onset_sec + held * (release_sec - beat_sec))
    offset_sec = np.maximum(offset_sec, onset_sec + _SHORTEST_SEC)
    return PerformedNotes(
        notes.pitch, _choose_velocities(notes, player, rng), onset_sec, offset_sec, np.ones(len(notes))
    )


def _make_time_map(
    notes: ScoreNotes, tempo_qpm: float, player: Player, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Make the points (quarter, second) between which time runs evenly."""
    end_quarter = float((notes.onset_quarter + notes.duration_quarter).max())
    count = int(np.ceil(end_quarter * _GRID_PER_QUARTER)) + 1
    quarter = np.arange(count + 1) / _GRID_PER_QUARTER
    arch = (2.0 * (quarter / player.phrase_quarter % 1.0) - 1.0) ** 2  # 1 at the ends of a phrase, 0 in its middle
    slowing = np.clip((quarter - end_quarter + _RITARDANDO_QUARTER) / _RITARDANDO_QUARTER, 0.0, 1.0)
    drift = np.convolve(rng.standard_normal(len(quarter) + 31), np.hanning(33)[1:-1] / 16, mode="same")[: len(quarter)]
    slowness = 1.0 + player.rubato * (arch + 0.3 * drift) + player.ritardando * slowing**2
    sec_per_point = qpm_to_sec_per_quarter(tempo_qpm) * np.maximum(slowness, 0.5) / _GRID_PER_QUARTER
    return quarter, LEAD_IN_SEC + np.concatenate([[0.0], np.cumsum(sec_per_point[:-1])])


def _shift_onsets(event_sec: FloatArray, player: Player, rng: np.random.Generator) -> FloatArray:
    """Shift onsets [E] in seconds as an imperfect hand plays them, still in order."""
    gap_sec = np.diff(event_sec, prepend=0.0)
    room_sec = 0.25 * np.minimum(gap_sec, np.append(gap_sec[1:], np.inf))
    return event_sec + np.clip(player.unevenness_sec * rng.standard_normal(len(event_sec)), -room_sec, room_sec)


def _find_places_in_chords(notes: ScoreNotes) -> FloatArray:
    """Find each note's place in its chord [N]: 0 for the lowest, 1 for the next; grace notes do not count."""
    place = np.zeros(len(notes))
    for index in range(1, len(notes)):  # notes are sorted by onset, then pitch
        same = notes.onset_quarter[index] == notes.onset_quarter[index - 1]
        place[index] = place[index - 1] + (not notes.is_grace[index - 1]) if same else 0.0
    return place


def _choose_velocities(notes: ScoreNotes, player: Player, rng: np.random.Generator) -> np.ndarray:
    swell = np.sin(np.pi * (notes.onset_quarter / player.phrase_quarter % 1.0)) - 0.5
    accent = np.where(notes.onset_quarter % 1.0 == 0.0, 5.0, 0.0)
    velocity = player.loudness + player.swell * swell + accent + rng.normal(0.0, 2.0, len(notes))
    return np.clip(np.rint(velocity), 20, 120).astype(np.int64)
