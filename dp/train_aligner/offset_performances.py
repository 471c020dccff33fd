"""Make performances for the offset net to learn notes' ends from: what the score says, what is played, when sound ends.

They are those of `dp.train_aligner.performances`, with three things added:

- pieces for keyboard, invented too: a melody, voices within, and an accompaniment that breaks chords;
- articulation: on instruments without a pedal some phrases are played shorter or longer than written;
- pedalling: pieces that no human pianist played get a pedal when they are played on a piano.

The sound of a piano note ends where its key is released or, if the pedal is down then, where the pedal is lifted, and
in any case where its pitch is struck again.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dp.align.offsets.curves import find_next_same
from dp.align.score_events import MIN_NOTE_SEC
from dp.errors import DataError
from dp.score.midi import PEDAL_DOWN
from dp.train_aligner.performances import (
    OTHER_PROGRAMS,
    PIANO_PROGRAMS,
    Performance,
    invent_performance,
    list_piano_files,
    list_violin_names,
    read_piano_performance,
    read_violin_performance,
)
from dp.units import FloatArray

# kept out of training to choose the net by
VALIDATION = frozenset(
    [
        "Chopin_op10_no3_p01",
        "Chopin_op10_no3_p10",
        "Chopin_op10_no3_p21",
        "Schubert_D783_no15_p03",
        "Schubert_D783_no15_p10",
        "Schubert_D783_no15_p21",
        "dominique-seelen_bwv1003_mov4",
        "emil-telmanyi_bwv1001_mov2",
        "john-garner_bwv1002_mov1",
        "karen-gomyo_bwv1006_mov1",
        "ko-donghwi_bwv1001_mov1",
        "minji-kim_bwv1003_mov1",
        "sedna-heitzman_bwv1002_mov1",
        "shunske-sato_bwv1001_mov1",
    ]
)
_SNAP_SEC = 0.08  # an end so close to an onset is written there
_STRUCK_AGAIN_SEC = 0.005  # a key is up that long before it is struck again
_SAME_SEC = 1e-4  # onsets so near each other are one
_SAME_ONSET_SEC = 0.01  # a note of a match file is one of the MIDI file that begins so near
_LONGEST_SEC = 200.0  # of a human performance; own choice
_KEYBOARD_SEC = 40.0  # of an invented piece; own choice
_MATCHED = re.compile(
    r"^snote\([^,]+,\[[^]]*\],[^,]*,[^,]*,[^,]*,[^,]*,(-?[\d.]+),(-?[\d.]+),.*-note\([^,]+,(\d+),(\d+),"
)
_MATCH_TICKS_PER_SEC = 960.0  # of Vienna 4x22's match files


@dataclass(frozen=True)
class Played:
    """A performance, what its score says, and when its notes stop sounding; N notes."""

    performance: Performance
    written_sec: FloatArray  # [N] the score's offset at the performance's tempo; NaN: not in the score
    sound_end_sec: FloatArray  # [N]


def invent_played(number: int, rng: np.random.Generator) -> Played:
    """Invent a piece; on keyboards often with a pedal."""
    made = invent_performance(number, rng)
    if rng.random() < 0.4:
        made = replace(made, program=int(rng.choice(PIANO_PROGRAMS)))
    return _interpret(made, made.offset_sec, rng)


def play_keyboard(number: int, rng: np.random.Generator) -> Played:
    """Invent a melody over broken or repeated chords, mostly on a piano and with its pedal."""
    beat_sec, unit = 60.0 / rng.uniform(45, 140), float(rng.choice([0.25, 1 / 3, 0.5]))
    rows: list[tuple[float, float, int]] = []  # onset and length in beats, pitch
    root, melody = int(rng.integers(38, 56)), int(rng.integers(67, 80))
    figure = [int(i) for i in rng.permutation([0, 1, 2, 3, 2, 1])[: int(rng.integers(2, 7))]]
    inner, at_once, held = rng.random() < 0.4, rng.random() < 0.25, float(rng.choice([1.0, 1.0, 2.0, 6.0]))
    bar, bars = float(rng.choice([1.0, 2.0, 3.0, 4.0])), 0.0
    while bars * beat_sec < _KEYBOARD_SEC:
        bass = root + int(rng.choice([0, 0, 2, 3, 5, 7, 9, -2]))
        chord = [bass, *(bass + np.sort(rng.choice([3, 4, 7, 8, 12, 15, 16, 19], 3, replace=False))).tolist()]
        for i in range(round(bar / unit)):
            sounding = chord[1:] if at_once and i else [chord[figure[i % len(figure)] if i else 0]]
            rows += [(bars + i * unit, unit * held, int(p)) for p in sounding]
        beat = 0.0
        while beat < bar - 1e-6:
            length = min(float(rng.choice([unit, 2 * unit, 1.0, 1.0, 2.0])), bar - beat)
            melody = int(np.clip(melody + rng.choice([-5, -2, -2, -1, 0, 1, 2, 2, 4]), 62, 92))
            rows.append((bars + beat, length, melody))
            if inner:
                rows += [(bars + beat, length, melody - int(rng.choice([3, 4, 5, 8, 9])))]
            beat += length
        bars += bar
    return _interpret(*_play_keyboard(f"keyboard-{number}", rows, beat_sec, rng), rng)


def play_violin(root: Path, name: str, collection: str, rng: np.random.Generator, length_sec: float) -> Played:
    """Play a stretch of a movement for violin; a quarter of the time a pianist plays it."""
    made = read_violin_performance(root, name, collection, rng, length_sec)
    if rng.random() < 0.25:
        made = replace(made, program=int(rng.choice(PIANO_PROGRAMS)))
    elif rng.random() < 0.5:  # as published: every note ends one frame of 32 ms before the next begins
        return Played(made, _make_written(made, made.offset_sec), sound_ends(made))
    return _interpret(made, made.offset_sec, rng)


def play_piano(path: Path, rng: np.random.Generator) -> Played:
    """Read a human pianist's performance, with what its match file says of the score.

    Raises:
        DataError: there is no match file, or it is of another performance.
    """
    made = read_piano_performance(path, rng, _LONGEST_SEC)
    match = path.parent.parent / "match" / f"{path.stem}.match"
    if not match.is_file():
        raise DataError(match, "there is no such match file", "give the whole of Vienna 4x22")
    # Rows of the match file: onset and offset in beats, pitch, onset in ticks
    found = [_MATCHED.match(line) for line in match.read_text(encoding="utf-8").splitlines()]
    rows = np.array([[float(g) for g in m.groups()] for m in found if m is not None])
    if len(rows) == 0:
        raise DataError(match, "holds no matched notes")
    # When beats are played: the mean of what begins on them, and at a steady tempo after the last one
    onset = rows[:, 3] / _MATCH_TICKS_PER_SEC
    onset += made.onset_sec[0] - onset.min()
    beat, event = np.unique(rows[:, 0], return_inverse=True)
    beat_sec = np.maximum.accumulate(np.bincount(event, onset) / np.bincount(event))
    steady = float(np.median(np.diff(beat_sec) / np.diff(beat)))
    beat, beat_sec = np.append(beat, beat[-1] + 8.0), np.append(beat_sec, beat_sec[-1] + 8.0 * steady)
    # [N] the score's offsets
    written = np.full(len(made), np.nan)
    for (_, end_beat, pitch, _), sec in zip(rows, onset, strict=True):
        near = np.flatnonzero((made.pitch == pitch) & (np.abs(made.onset_sec - sec) < _SAME_ONSET_SEC))
        written[near[:1]] = np.interp(end_beat, beat, beat_sec)
    if np.isnan(written).mean() > 0.5:
        raise DataError(match, f"only {np.isfinite(written).sum()} of {len(made)} notes are those of {path.name}")
    return Played(made, written, sound_ends(made))


def sound_ends(performance: Performance) -> FloatArray:
    """Find when the sound of every note ends, [N] in seconds."""
    end = performance.offset_sec.copy()
    if performance.pedal:
        time, value = (np.array(column) for column in zip(*sorted(performance.pedal), strict=True))
        down = value >= PEDAL_DOWN
        place = np.searchsorted(time, end, side="right") - 1
        held = (place >= 0) & down[np.maximum(place, 0)]
        lifted = np.append(time[~down], np.inf)
        lift = lifted[np.searchsorted(time[~down], end, side="right")]
        end = np.where(held, np.minimum(lift, performance.offset_sec.max() + 1.0), end)
    again = find_next_same(performance.pitch, performance.onset_sec, _SAME_SEC)
    return np.asarray(np.maximum(np.minimum(end, again), performance.onset_sec + MIN_NOTE_SEC))


def _make_written(performance: Performance, offset_sec: FloatArray) -> FloatArray:
    """Make the ends that a score would have, [N] in seconds.

    An end is at the next event where one is near, and never before the next event.
    """
    event_sec = _draw_event_sec(performance)
    after = np.append(event_sec, np.inf)[np.searchsorted(event_sec, performance.onset_sec + 0.04)]
    nearest = event_sec[np.abs(event_sec[None, :] - offset_sec[:, None]).argmin(axis=1)]
    snapped = np.where(np.abs(nearest - offset_sec) < _SNAP_SEC, nearest, offset_sec)
    return np.asarray(np.where(np.isfinite(after), np.maximum(snapped, np.minimum(after, offset_sec + 1.0)), snapped))


def _draw_event_sec(performance: Performance) -> FloatArray:
    """Compute the mean onsets of the events, [E] in seconds, in order; events without notes are left out."""
    _, event = np.unique(performance.event, return_inverse=True)
    return np.sort(np.bincount(event, performance.onset_sec) / np.bincount(event))


def _interpret(performance: Performance, offset_sec: FloatArray, rng: np.random.Generator) -> Played:
    """Articulate what is written and, on a piano, pedal it."""
    written = _make_written(performance, offset_sec)
    length = np.maximum(written - performance.onset_sec, 0.05)
    end = performance.onset_sec + np.maximum(length * _draw_shares(len(length), rng), 0.05)
    again = find_next_same(performance.pitch, performance.onset_sec, _SAME_SEC) - _STRUCK_AGAIN_SEC
    played = replace(performance, offset_sec=np.maximum(np.minimum(end, again), performance.onset_sec + 0.02))
    if performance.program < 4 and rng.random() < 0.75:
        played = replace(played, pedal=_draw_pedal(_draw_event_sec(performance), rng))
    return Played(played, written, sound_ends(played))


def _draw_shares(count: int, rng: np.random.Generator) -> FloatArray:
    """Draw how much of its written length each note is held, [N]: phrases of one articulation, notes that differ."""
    shares = np.empty(count)
    at = 0
    while at < count:
        phrase = int(rng.integers(4, 40))
        mean, spread = ((1.0, 0.04), (0.92, 0.05), (0.75, 0.1), (0.5, 0.12), (0.3, 0.08), (0.7, 0.3))[
            int(rng.choice(6, p=(0.25, 0.25, 0.2, 0.12, 0.08, 0.1)))
        ]
        shares[at : at + phrase] = rng.normal(mean, spread, min(phrase, count - at))
        at += phrase
    return np.clip(shares, 0.1, 1.15)


def _play_keyboard(
    name: str, rows: list[tuple[float, float, int]], beat_sec: float, rng: np.random.Generator
) -> tuple[Performance, FloatArray]:
    """Play notes (onset and length in beats, pitch) at a tempo that drifts; return also their ends as written."""
    rows = sorted({(round(o, 4), p): (o, d, p) for o, d, p in rows}.values())
    onset_beat, length_beat, pitch = (np.array(column) for column in zip(*rows, strict=True))
    grid = np.arange(0.0, onset_beat[-1] + 16.0, 0.25)
    drift = np.interp(grid, grid[::8], np.exp(rng.normal(0.0, 0.15, len(grid[::8]))))
    grid_sec = np.cumsum(drift) * 0.25 * beat_sec
    event_beat, event = np.unique(np.round(onset_beat, 4), return_inverse=True)
    event_sec = np.interp(event_beat, grid, grid_sec) + np.clip(rng.normal(0.0, 0.01, len(event_beat)), -0.02, 0.02)
    onset = event_sec[event] + np.clip(rng.normal(0.0, rng.choice([0.003, 0.01, 0.02]), len(rows)), -0.04, 0.04)
    onset += 0.3 - onset.min() + rng.uniform(0.0, 0.5)
    end = onset + np.interp(onset_beat + length_beat, grid, grid_sec) - np.interp(onset_beat, grid, grid_sec)
    swell = np.interp(onset, np.linspace(0.0, onset.max() + 1.0, 12), rng.uniform(35, 90, 12)) + 12 * (pitch > 61)
    velocity = np.clip(swell + rng.normal(0.0, 8.0, len(rows)), 15, 120).astype(np.int64)
    program = int(rng.choice(PIANO_PROGRAMS)) if rng.random() < 0.85 else int(rng.choice(OTHER_PROGRAMS))
    order = np.argsort(onset, kind="stable")
    made = Performance(name, program, pitch[order], velocity[order], onset[order], end[order], event[order])
    return made, made.offset_sec


def _draw_pedal(event_sec: FloatArray, rng: np.random.Generator) -> tuple[tuple[float, int], ...]:
    """Draw a pedal that is lifted at or just after events and put down again soon, now and then left up for a while."""
    period = float(rng.uniform(0.3, 3.0))
    moves: list[tuple[float, int]] = [(max(event_sec[0] + rng.uniform(-0.2, 0.3), 0.0), 100)]
    changed = float(event_sec[0])
    for sec in event_sec[1:]:
        if sec - changed < period * rng.uniform(0.6, 1.3):
            continue
        lift = float(sec) + rng.uniform(-0.05, 0.18)
        pause = rng.uniform(0.08, 0.3) if rng.random() < 0.85 else rng.uniform(0.5, 4.0)
        if lift > moves[-1][0] + 0.05:
            moves += [(lift, 0), (lift + pause, 100)]
            changed = lift + pause
    moves.append((moves[-1][0] + rng.uniform(1.0, 3.0), 0))
    return tuple(moves)


def choose_violins(root: Path) -> list[tuple[str, str]]:
    """Choose the movements to learn from, as (name, collection)."""
    return [n for n in list_violin_names(root) if n[0] not in VALIDATION]


def choose_pianos(root: Path) -> list[Path]:
    """Choose the piano performances to learn from."""
    return [p for p in list_piano_files(root) if p.stem not in VALIDATION]
