"""Slowly broken chords: how right, and how sure, are their notes and those around them?

    python -m bench.align.broken --data DATA --out SCRATCH [--half tuning | final] [--seeds 1 2] [--only EXPRESSION]

The first minute of scores of asap/ at the beats of a human's performance, and of performances of vienna4x22/, played by
a soundfont in a room, by a piano and by a harp or a guitar. Of each, some chords are broken over 0.2 to 1.6 s, upwards
or downwards. Every other one is made a chord of eight, in the score too. What follows is delayed by as much, or stays
where it is if there is room. Pieces and pianists are halved: constants are chosen on `tuning`. Printed are, for each
spread, the errors of the notes of such chords, of those within NEAR_SEC of one, and of all others; of the notes that
are more than 50 ms off, how many have a confidence of 0.95 and more.
"""

import re
import sys
import zlib
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bench.align.performances import piano_performance
from bench.align.rendering import SAMPLE_RATE_HZ, play, record, write_recording
from bench.align.suites import CHAMBER, CHOPIN, SCHUBERT
from bench.align.wild import LEFT_OUT, choose_score, find_quarters, make_parser
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.score import read_score
from dp.types import ScoreNotes
from dp.units import FloatArray, IntArray

HALVES = "tuning", "final"
SPREADS_SEC = 0.2, 0.5, 1.0, 1.6
PROGRAMS = 0, (46, 24)  # piano, and harp or guitar
PIANISTS = {"tuning": (2, 10), "final": (12, 21)}  # of no other suite but M
LENGTH_SEC = 60.0
LEAST_NOTES, MANY_NOTES = 3, 8  # of a chord that is broken, and of one that is made larger
LEAST_EVENTS, LEAST_APART_SEC, MOST_CHORDS = 6, 5.0, 6
ROOM_SHARE = 0.9  # of the time to the next event that a chord may take where that stays
EVENT_SIGMA_SEC, NOTE_SIGMA_SEC = 0.008, 0.004
NEAR_SEC = 2.0
WRONG_SEC, SURE = 0.05, 0.95
BROKEN, NEAR, OTHER = "broken", "near one", "others"


@dataclass(frozen=True)
class Performance:
    """Notes as written and as played; N notes."""

    name: str
    notes: ScoreNotes
    onset_sec: FloatArray  # [N]
    offset_sec: FloatArray  # [N]
    velocity: IntArray  # [N]
    pedal: FloatArray  # [K, 2] time and value


@dataclass(frozen=True)
class Broken:
    """A performance some of whose chords are broken."""

    performance: Performance
    spread_sec: FloatArray  # [N] of the chord that a note belongs to or is near; 0 = far from all
    is_broken: np.ndarray  # [N] whether it is of that chord


def list_performances(given: Namespace, seed: int) -> Iterator[Performance]:
    """List the performances of one half, before chords are broken."""
    folders = sorted(folder for folder in (given.data / "asap").iterdir() if folder.is_dir())
    for folder in folders[HALVES.index(given.half) :: 2]:
        files = sorted(f for f in folder.glob("*.txt") if f.name != "sann.txt")
        rng = np.random.default_rng([seed, zlib.crc32(folder.name.encode())])
        if re.search(given.only, f"asap/{folder.name}"):
            yield play_at_beats(folder, files[seed % len(files)], rng)
    for piece in (CHOPIN, SCHUBERT):
        for pianist in PIANISTS[given.half]:
            if re.search(given.only, f"vienna/{piece}_{pianist}"):
                yield read_pianist(given.data / "vienna4x22", piece, pianist)


def play_at_beats(folder: Path, beats: Path, rng: np.random.Generator) -> Performance:
    """Play a score of asap/ at the beats of a performance, as long as their tempo is one."""
    quarter = find_quarters(folder / "score.mid", np.loadtxt(folder / "sann.txt", usecols=0, ndmin=1))
    sec = np.loadtxt(beats, usecols=0, ndmin=1)
    count = min(len(quarter), len(sec))
    quarter, sec = quarter[:count], sec[:count] - sec[0] + 1.0
    step = np.diff(sec) / np.diff(quarter)
    odd = np.flatnonzero((step < LEFT_OUT * np.median(step)) | (sec[1:] > LENGTH_SEC))
    last = int(odd[0]) if len(odd) else count - 1
    notes = read_score(choose_score(folder)).notes
    inside = (notes.onset_quarter >= quarter[0]) & (notes.onset_quarter < quarter[last]) & ~notes.is_grace
    notes = notes.take(inside)
    event_quarter, event = np.unique(np.round(notes.onset_quarter, 6), return_inverse=True)
    event_sec = np.interp(event_quarter, quarter, sec) + np.clip(
        rng.normal(0.0, EVENT_SIGMA_SEC, len(event_quarter)), -0.02, 0.02
    )
    event_sec = np.maximum.accumulate(event_sec)
    onset_sec = event_sec[event] + np.abs(rng.normal(0.0, NOTE_SIGMA_SEC, len(notes)))
    written_sec = np.interp(notes.onset_quarter + notes.duration_quarter, quarter, sec)
    offset_sec = np.maximum(onset_sec + 0.9 * (written_sec - event_sec[event]), onset_sec + 0.06)
    velocity = np.clip(rng.normal(70.0, 12.0, len(notes)), 30, 110).astype(np.int64)
    return Performance(folder.name, notes, onset_sec, offset_sec, velocity, np.zeros((0, 2)))


def read_pianist(vienna: Path, piece: str, pianist: int) -> Performance:
    """Read a performance of vienna4x22/: the notes of the score that were played, and the pedal."""
    midi, truth = piano_performance(vienna, piece, pianist, 0, 1.0)
    notes = read_score(vienna / "musicxml" / f"{piece}.musicxml").notes
    chosen = np.flatnonzero(truth.played & (truth.onset_sec < LENGTH_SEC) & ~notes.is_grace)
    struck = {(n.pitch, round(n.start, 2)): n.velocity for part in midi.instruments for n in part.notes}
    velocity = np.array([struck.get((int(truth.pitch[i]), round(truth.onset_sec[i], 2)), 64) for i in chosen])
    controls = [(c.time, c.value) for part in midi.instruments for c in part.control_changes if c.number == 64]
    pedal = np.array(controls, dtype=np.float64).reshape(-1, 2)
    times = truth.onset_sec[chosen], truth.offset_sec[chosen]
    return Performance(f"{piece}_p{pianist:02d}", notes.take(chosen), *times, velocity, pedal)


def break_chords(performance: Performance, rng: np.random.Generator) -> Broken:
    """Break some chords of a performance, each over one of SPREADS_SEC in turn."""
    broken = Broken(performance, np.zeros(len(performance.notes)), np.zeros(len(performance.notes), bool))
    spreads = rng.permutation(np.tile(SPREADS_SEC, 2))
    chords = choose_chords(performance, rng)
    for number, quarter in enumerate(sorted(chords, reverse=True)):  # what follows is delayed: the last one first
        broken = break_chord(broken, quarter, float(spreads[number]), number % 2 == 1, rng)
    return broken


def choose_chords(performance: Performance, rng: np.random.Generator) -> list[float]:
    """Choose chords, in quarters, that are far enough from each other and from either end."""
    event_quarter, first, size = np.unique(performance.notes.onset_quarter, return_index=True, return_counts=True)
    candidates = LEAST_EVENTS + np.flatnonzero(size[LEAST_EVENTS:-LEAST_EVENTS] >= LEAST_NOTES)
    chosen: list[int] = []
    for i in rng.permutation(candidates):
        apart_sec = np.abs(performance.onset_sec[first[chosen]] - performance.onset_sec[first[i]])
        if (apart_sec > LEAST_APART_SEC).all() and (np.abs(np.array(chosen, int) - i) > 2 * LEAST_EVENTS).all():
            chosen.append(int(i))
    return event_quarter[chosen[:MOST_CHORDS]].tolist()


def break_chord(broken: Broken, quarter: float, spread_sec: float, larger: bool, rng: np.random.Generator) -> Broken:
    """Break the chord at one place of the score, and mark its notes and those near it."""
    if larger:
        broken = enlarge_chord(broken, quarter)
    p = broken.performance
    chord = np.flatnonzero(p.notes.onset_quarter == quarter)
    later = p.notes.onset_quarter > quarter
    begin_sec = float(p.onset_sec[chord].min())
    room_sec = ROOM_SHARE * float(p.onset_sec[later].min() - begin_sec)
    delay_sec = 0.0 if spread_sec <= room_sec else spread_sec
    # [n] the notes of the chord, upwards or downwards, at uneven steps
    order = np.argsort(p.notes.pitch[chord] * (1 if rng.random() < 0.75 else -1), kind="stable")
    step = rng.uniform(0.6, 1.4, len(chord) - 1)
    onset_sec = p.onset_sec + delay_sec * later
    onset_sec[chord[order]] = begin_sec + spread_sec * np.concatenate([[0.0], np.cumsum(step) / step.sum()])
    held = p.offset_sec > begin_sec
    offset_sec = np.maximum(p.offset_sec + delay_sec * held, onset_sec + 0.06)
    pedal = p.pedal + np.column_stack([delay_sec * (p.pedal[:, 0] > begin_sec + 0.1), np.zeros(len(p.pedal))])
    moved = replace(p, onset_sec=onset_sec, offset_sec=offset_sec, pedal=pedal)
    # [N] what it may take along
    end_sec = begin_sec + spread_sec
    near = (onset_sec > begin_sec - NEAR_SEC) & (onset_sec < end_sec + NEAR_SEC)
    is_broken = broken.is_broken.copy()
    is_broken[chord] = True
    return Broken(moved, np.where(near & ~broken.is_broken, spread_sec, broken.spread_sec), is_broken)


def enlarge_chord(broken: Broken, quarter: float) -> Broken:
    """Add octaves to a chord until it has MANY_NOTES, as far as the keyboard goes."""
    p = broken.performance
    chord = np.flatnonzero(p.notes.onset_quarter == quarter)
    pitches = set(p.notes.pitch[chord].tolist())
    new = [(i, int(p.notes.pitch[i]) + away) for away in (-12, 12, -24, 24) for i in chord]
    source, pitch = [], []
    for i, value in new:
        if value not in pitches and 33 <= value <= 96 and len(pitches) < MANY_NOTES:
            pitches.add(value)
            source.append(int(i))
            pitch.append(value)
    index = np.concatenate([np.arange(len(p.notes)), np.array(source, int)])
    notes = p.notes.take(index)
    notes = replace(notes, pitch=np.concatenate([p.notes.pitch, np.array(pitch, int)]))
    order = np.lexsort((notes.pitch, notes.onset_quarter))
    index = index[order]
    grown = Performance(p.name, notes.take(order), p.onset_sec[index], p.offset_sec[index], p.velocity[index], p.pedal)
    return Broken(grown, broken.spread_sec[index], broken.is_broken[index])


def make_midi(performance: Performance, program: int) -> Any:
    """Make a pretty_midi.PrettyMIDI; a key that is struck again is released before."""
    import pretty_midi

    p = performance
    midi = pretty_midi.PrettyMIDI(resolution=4800, initial_tempo=120.0)
    instrument = pretty_midi.Instrument(program)
    struck: dict[int, float] = {}
    for i in np.argsort(-p.onset_sec, kind="stable"):
        pitch, onset_sec = int(p.notes.pitch[i]), float(p.onset_sec[i])
        end_sec = min(float(p.offset_sec[i]), struck.get(pitch, np.inf) - 0.01)
        if end_sec > onset_sec:
            instrument.notes.append(pretty_midi.Note(int(p.velocity[i]), pitch, onset_sec, end_sec))
        struck[pitch] = onset_sec
    instrument.control_changes = [pretty_midi.ControlChange(64, int(value), float(t)) for t, value in p.pedal]
    midi.instruments.append(instrument)
    return midi


def render(broken: Broken, program: int, audio: Path, soundfont: Path, rng: np.random.Generator) -> None:
    """Play and record it, once."""
    if audio.is_file():
        return
    audio.parent.mkdir(parents=True, exist_ok=True)
    dry = play(make_midi(broken.performance, program), soundfont)
    write_recording(audio, record(dry, CHAMBER, rng))


@dataclass(frozen=True)
class Found:
    """What came of the notes of one recording; N notes."""

    kind: np.ndarray  # [N] BROKEN, NEAR or OTHER
    spread_sec: FloatArray  # [N]
    error_sec: FloatArray  # [N]
    confidence: FloatArray  # [N]


def measure(broken: Broken, audio: Path) -> Found:
    """Align one recording."""
    p = broken.performance
    found = align(read_audio(audio, ALIGN_SAMPLE_RATE_HZ), p.notes, AlignConfig(min_score_fit=0.0), p.name)
    index = found.score_index
    error_sec = np.abs(found.performed.onset_sec - p.onset_sec[index])
    kind = np.where(broken.is_broken, BROKEN, np.where(broken.spread_sec > 0.0, NEAR, OTHER))
    return Found(kind[index], broken.spread_sec[index], error_sec, found.performed.confidence)


def summarize(found: Found) -> list[str]:
    """Make a line for each kind of note and spread."""
    lines = [
        f"{'notes':10s}{'spread s':>9s}{'count':>7s}{'median ms':>10s}{'mean ms':>9s}{'<50 ms':>8s}{'<100 ms':>9s}"
        f"{'wrong':>7s}{'sure':>6s}{'of sure wrong, %':>18s}"
    ]
    for kind in (BROKEN, NEAR, OTHER):
        for spread_sec in np.unique(found.spread_sec[found.kind == kind]):
            mine = (found.kind == kind) & (found.spread_sec == spread_sec)
            error_ms = 1000.0 * found.error_sec[mine]
            wrong, sure = error_ms > 1000.0 * WRONG_SEC, found.confidence[mine] >= SURE
            lines.append(
                f"{kind:10s}{spread_sec:9.1f}{mine.sum():7d}{np.median(error_ms):10.1f}{error_ms.mean():9.1f}"
                f"{100 * (error_ms < 50).mean():8.1f}{100 * (error_ms < 100).mean():9.1f}{wrong.sum():7d}"
                f"{(wrong & sure).sum():6d}{100 * (wrong & sure).sum() / max(sure.sum(), 1):18.2f}"
            )
    return lines


def main() -> None:
    """Command line."""
    parser = make_parser("broken", __doc__)
    parser.add_argument("--half", default="final", choices=HALVES, help="of the pieces")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], help="of chords, spreads and timing")
    given = parser.parse_args()
    parts = []
    for seed in given.seeds:
        for performance in list_performances(given, seed):
            for program in (PROGRAMS[0], PROGRAMS[1][seed % 2]):
                rng = np.random.default_rng([seed, program, zlib.crc32(performance.name.encode())])
                broken = break_chords(performance, rng)
                audio = given.out / "broken" / f"{performance.name}_{seed}_{program}.wav"
                render(broken, program, audio, given.soundfont, rng)
                part = measure(broken, audio)
                parts.append(part)
                wrong = part.error_sec > WRONG_SEC
                print(
                    f"{performance.name} {program}: {soundfile.info(audio).frames / SAMPLE_RATE_HZ:.0f} s, "
                    f"{broken.is_broken.sum()} notes of broken chords, wrong {wrong[part.kind == BROKEN].sum()}, "
                    f"near {wrong[part.kind == NEAR].sum()}, others {wrong[part.kind == OTHER].sum()}",
                    file=sys.stderr,
                    flush=True,
                )
    fields = "kind", "spread_sec", "error_sec", "confidence"
    print(*summarize(Found(*(np.concatenate([getattr(p, f) for p in parts]) for f in fields))), sep="\n")


if __name__ == "__main__":
    main()
