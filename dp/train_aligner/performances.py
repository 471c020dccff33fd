"""Make performances with known onsets for the onset net to learn from: invented ones, and human ones if there are any.

- invented: melodies, broken chords, chorales and repeated notes, played with drifting tempo and uneven chords;
- human violin timing: the published note times of the Bach Violin Dataset (`notes/`, `alignments/`);
- human piano playing: the MIDI files of Vienna 4x22.

The performances that the alignment benchmark measures on are left out.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dp.errors import DataError
from dp.score.midi_tracks import PEDAL_CONTROLLER
from dp.units import FloatArray, IntArray

# performances that bench/align measures with: never trained on
BENCH_VIOLIN = frozenset(
    [
        "ray-chen_bwv1004_mov5",
        "iris-kengen_bwv1001_mov2",
        "minji-kim_bwv1003_mov3",
        "oliver-colbentson_bwv1006_mov1",
        "john-garner_bwv1002_mov4",
        "dario-hulsing_bwv1004_mov4",
        "luna-van-leeuwen_bwv1006_mov2",
        "karen-gomyo_bwv1006_mov6",
        "john-garner_bwv1002_mov6",
        "john-garner_bwv1002_mov7",
        "oliver-colbentson_bwv1006_mov4",
        "oliver-colbentson_bwv1006_mov5",
        "oliver-colbentson_bwv1006_mov6",
    ]
)
BENCH_PIANO = frozenset(
    [
        "Chopin_op10_no3_p03",
        "Chopin_op10_no3_p14",
        "Chopin_op10_no3_p06",
        "Chopin_op10_no3_p19",
        "Schubert_D783_no15_p05",
        "Schubert_D783_no15_p20",
        "Schubert_D783_no15_p11",
        "Schubert_D783_no15_p17",
    ]
)
PIANO_PROGRAMS = (0, 0, 0, 1, 2, 3)  # General MIDI programs from 0; the more often, the likelier
BOWED_PROGRAMS = (40, 40, 40, 40, 41, 42, 48)
OTHER_PROGRAMS = (0, 1, 4, 6, 11, 19, 24, 25, 46, 40, 42, 56, 68, 71, 73, 52)
_DOWN_SEMITONE = {41: 7, 42: 12}  # by program: violas and cellos play a violin's notes so much lower
_PUBLISHED_GRID_SEC = 0.032  # of the dataset's alignments
_CHORD_SEC = 0.035  # piano notes this close belong together
_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_MINOR = (0, 2, 3, 5, 7, 8, 11)


@dataclass(frozen=True)
class Performance:
    """Notes as played on one instrument; N notes in order of onset."""

    name: str
    program: int  # General MIDI, counted from 0
    pitch: IntArray  # [N]
    velocity: IntArray  # [N]
    onset_sec: FloatArray  # [N]
    offset_sec: FloatArray  # [N]
    event: IntArray  # [N] notes of one chord share it
    pedal: tuple[tuple[float, int], ...] = ()  # (time in seconds, controller value)

    def __len__(self) -> int:
        return len(self.pitch)


def invent_performance(number: int, rng: np.random.Generator, length_sec: float = 40.0) -> Performance:
    """Invent a piece, played by rules."""
    # What is written: onset and length in beats, pitch
    texture = ("melody", "broken", "chorale", "double")[number % 4]
    root, scale = int(rng.integers(48, 60)), _MAJOR if rng.random() < 0.5 else _MINOR
    beat_sec = 60.0 / rng.uniform(50, 130)
    rows: list[tuple[float, float, int]] = []  # onset and length in beats, pitch
    beat, degree = 0.0, int(rng.integers(7, 15))
    while beat * beat_sec < length_sec:
        step = float(rng.choice([0.25, 0.25, 0.5, 0.5, 1.0, 1.5, 1 / 3]))
        if rng.random() > 0.2:  # else the same note is struck again
            degree = int(np.clip(degree + rng.integers(-4, 5), 0, 24))
        rows.append((beat, step * rng.uniform(0.5, 1.0), _find_degree_pitch(root, scale, degree)))
        if texture == "chorale" or (texture == "double" and rng.random() < 0.3):
            below = {degree - int(d) for d in rng.choice([2, 4, 5, 7, 9, 11], rng.integers(1, 4), replace=False)}
            rows += [(beat, step * rng.uniform(0.6, 1.0), _find_degree_pitch(root, scale, d)) for d in below if d >= 0]
        beat += step
    if texture == "broken":
        beats = np.arange(0.0, beat, 0.25 if rng.random() < 0.5 else 0.5)
        chord = rng.integers(-7, 3, len(beats) // 8 + 1)
        rows += [
            (b, 0.8, _find_degree_pitch(root, scale, int(chord[i // 8] + (0, 2, 4, 2)[i % 4])))
            for i, b in enumerate(beats)
        ]
    rows = sorted({(round(b, 6), p): (b, d, p) for b, d, p in rows}.values())
    # [N] when it is played
    onset_beat, length_beat, pitch = (np.array(column) for column in zip(*rows, strict=True))
    event_beat, event = np.unique(np.round(onset_beat, 6), return_inverse=True)
    event_sec = np.maximum.accumulate(_draw_played_time(event_beat, beat_sec, rng))
    onset = np.maximum(event_sec[event] + _draw_chord_spread(event, pitch, rng), 0.0) + rng.uniform(0.2, 1.0)
    duration = length_beat * beat_sec * rng.uniform(0.6, 1.1)
    program = int(OTHER_PROGRAMS[number % len(OTHER_PROGRAMS)])
    return _make_performance(f"invented-{number}", program, pitch, onset, duration, event, rng)


def read_violin_performance(
    root: Path, name: str, collection: str, rng: np.random.Generator, length_sec: float
) -> Performance:
    """Read a stretch of a movement at the published times, moved within their 32 ms grid."""
    notes = np.loadtxt(root / "notes" / collection / f"{name}.csv", delimiter=",", skiprows=1, ndmin=2)
    times = np.loadtxt(root / "alignments" / collection / f"{name}.csv", delimiter=",", skiprows=1, ndmin=2)
    if len(notes) != len(times):
        raise DataError(root / "alignments" / collection / f"{name}.csv", f"{len(times)} rows, but {len(notes)} notes")
    # [E] when events begin
    event = np.unique(notes[:, 0], return_inverse=True)[1]
    starts = np.array([times[event == e, 0].min() for e in range(event.max() + 1)])
    starts += rng.uniform(-0.5, 0.5, len(starts)) * _PUBLISHED_GRID_SEC
    for e in range(1, len(starts)):  # the published path has steps of length zero
        starts[e] = max(starts[e], starts[e - 1] + 0.04)
    # [N] notes of the stretch: onsets, half the time with chords that come apart, and durations
    begin = rng.uniform(starts[0], max(starts[-1] - length_sec, starts[0] + 0.01))
    keep = (starts[event] >= begin) & (starts[event] < begin + length_sec)
    first = starts[event][keep].min() - rng.uniform(0.2, 1.0)
    onset = starts[event][keep] - first
    if rng.random() < 0.5:
        onset = onset + _draw_chord_spread(np.unique(event[keep], return_inverse=True)[1], notes[keep, 2], rng)
    moved = rng.uniform(-0.5, 0.5, keep.sum()) * _PUBLISHED_GRID_SEC
    duration = np.maximum(times[keep, 1] - times[keep, 0] + moved, 0.06)
    # [N] the instrument
    program = int(rng.choice(BOWED_PROGRAMS))
    pitch = notes[keep, 2].astype(int) - _DOWN_SEMITONE.get(program, 0)
    return _make_performance(name, program, pitch, onset, duration, event[keep], rng)


def read_piano_performance(path: Path, rng: np.random.Generator, length_sec: float) -> Performance:
    """Read the first `length_sec` of a MIDI file, with its pedal."""
    import pretty_midi

    instruments = pretty_midi.PrettyMIDI(str(path)).instruments
    played = sorted((n.start, n.pitch, n.end, n.velocity) for i in instruments for n in i.notes)
    rows = np.array([r for r in played if r[0] < played[0][0] + length_sec])
    shift = rng.uniform(0.2, 1.0) - rows[0, 0]
    onset = rows[:, 0] + shift
    event = np.cumsum(np.diff(onset, prepend=onset[0]) > _CHORD_SEC)
    controls = [c for i in instruments for c in i.control_changes if c.number == PEDAL_CONTROLLER]
    return Performance(
        name=path.stem,
        program=int(rng.choice(PIANO_PROGRAMS)),
        pitch=rows[:, 1].astype(np.int64),
        velocity=rows[:, 3].astype(np.int64),
        onset_sec=onset,
        offset_sec=rows[:, 2] + shift,
        event=event.astype(np.int64),
        pedal=tuple((max(c.time + shift, 0.0), c.value) for c in controls if c.time + shift < onset[-1] + 2.0),
    )


def list_violin_names(root: Path) -> list[tuple[str, str]]:
    """List (name, collection) of every movement that has published times and is not measured on.

    Raises:
        DataError: `root` is not the Bach Violin Dataset.
    """
    try:
        with (root / "info.csv").open(encoding="utf-8", newline="") as file:
            rows = [(r["filename"], r["collection"]) for r in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise DataError(
            root, f"is not the Bach Violin Dataset ({error})", "give the folder with its info.csv"
        ) from error
    return [r for r in rows if r[0] not in BENCH_VIOLIN and (root / "alignments" / r[1] / f"{r[0]}.csv").is_file()]


def list_piano_files(root: Path) -> list[Path]:
    """List the MIDI files of Vienna 4x22 that are not measured on.

    Raises:
        DataError: there are none below `root`.
    """
    files = [p for p in sorted((root / "midi").glob("*.mid")) if p.stem not in BENCH_PIANO]
    if not files:
        raise DataError(root, "holds no midi/*.mid", "give the folder of Vienna 4x22")
    return files


def _make_performance(
    name: str,
    program: int,
    pitch: IntArray,
    onset: FloatArray,
    duration: FloatArray,
    event: IntArray,
    rng: np.random.Generator,
) -> Performance:
    """Order the notes, give them loudness, and stop a note before its pitch is struck again."""
    order = np.argsort(onset, kind="stable")
    pitch, onset, event = pitch[order].astype(np.int64), onset[order], event[order].astype(np.int64)
    offset = onset + np.maximum(duration[order], 0.04)
    following: dict[int, float] = {}
    for i in range(len(pitch) - 1, -1, -1):
        offset[i] = max(min(offset[i], following.get(int(pitch[i]), np.inf) - 0.005), onset[i] + 0.02)
        following[int(pitch[i])] = onset[i]
    swell = np.interp(onset, np.linspace(0, onset[-1] + 1, 12), rng.uniform(45, 100, 12))
    velocity = np.clip(swell + rng.normal(0, 9, len(pitch)), 25, 120).astype(np.int64)
    return Performance(name, program, pitch, velocity, onset, offset, event)


def _draw_played_time(onset_beat: FloatArray, beat_sec: float, rng: np.random.Generator) -> FloatArray:
    """Draw when beats are played, in seconds: the tempo drifts by about 15 %, notes waver by about 10 ms."""
    grid = np.arange(0.0, onset_beat.max() + 5.0, 0.25)
    knots = np.arange(0.0, grid[-1] + 4.0, 3.0)
    tempo = np.exp(np.interp(grid, knots, rng.normal(0, 0.15, len(knots))))
    time = np.concatenate([[0.0], np.cumsum(tempo[:-1] * 0.25 * beat_sec)])
    return np.interp(onset_beat, grid, time) + np.clip(rng.normal(0, 0.01, len(onset_beat)), -0.02, 0.02)


def _draw_chord_spread(event: IntArray, pitch: IntArray, rng: np.random.Generator) -> FloatArray:
    """Draw the seconds by which each note of a chord comes apart from the others; single notes stay.

    A quarter of the performances roll their chords from the lowest note upwards, or break them in two as violins do.
    """
    size = np.bincount(event)[event]
    spread = rng.choice([0.003, 0.008, 0.015, 0.03])
    apart = np.clip(rng.normal(0.0, spread, len(event)), -0.06, 0.06)
    if rng.random() < 0.25:
        order = np.lexsort((pitch, event))
        rank = np.empty(len(event), np.int64)
        rank[order] = np.arange(len(event)) - np.searchsorted(event[order], event[order])
        if rng.random() < 0.5:
            rank = (2 * rank >= size).astype(np.int64)  # the lower half, then the upper one
        apart = 0.3 * apart + rank * rng.uniform(0.02, 0.1)
    return np.where(size > 1, apart, 0.0)


def _find_degree_pitch(root: int, scale: tuple[int, ...], degree: int) -> int:
    octave, step = divmod(degree, 7)
    return root + 12 * octave + scale[step]
