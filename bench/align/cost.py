"""What the worst pairs cost: long, dense, repetitive, surrounded by noise, and wrong ones.

    python -m bench.align.cost --data DATA --out SCRATCH [--only EXPRESSION]

DATA holds asap/. Every pair is aligned by a process of its own on one thread; the table says how many minutes it lasts,
CPU seconds per minute of audio (reading included, imports not), its peak MB and that of the imports alone, and of right
pairs how far beats or notes are off. Pairs are made once, in SCRATCH/cost, in processes of their own too: a process
counts as its peak what its parent held. `bench.align.cost_of_one` aligns one, from its file as `dp align` does.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bench.align.compare import REPOSITORY, one_thread_environment
from bench.align.rendering import play
from bench.align.sounds import noise
from bench.align.wild import find_quarters, join, make_parser, render, reverse
from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.score import read_score
from dp.types import ScoreNotes
from dp.units import FloatArray

MAX_SEC_PER_MIN, MAX_MB = 1.0, 500.0  # what is asked for
_LIMIT_SEC = 600  # of a pair; what takes longer is ended
_GAP_QUARTER = 4.0  # between the pieces of a long score
_QUIET = 0.02  # level of the noise before the music against the music's


@dataclass(frozen=True)
class Truth:
    """When B places of a score sound; B = 0 where the score is wrong."""

    quarter: FloatArray  # [B]
    sec: FloatArray  # [B]


NOTHING = Truth(np.zeros(0), np.zeros(0))
Made = tuple[np.ndarray, ScoreNotes, Truth]  # samples [L], the score, what is known


@dataclass(frozen=True)
class Maker:
    """Where pairs are made from."""

    data: Path
    out: Path
    soundfont: Path

    def piece(self, folder: Path, performance: Path) -> Made:
        """Make a pair of one performance."""
        audio = render(performance, self.out / "wild" / f"{folder.name}@{performance.stem}.wav", self.soundfont)
        samples, _ = soundfile.read(audio, dtype="float32")
        sec = np.loadtxt(performance.with_suffix(".txt"), usecols=0, ndmin=1)
        quarter = find_quarters(folder / "score.mid", np.loadtxt(folder / "sann.txt", usecols=0, ndmin=1))
        count = min(len(sec), len(quarter))
        return samples, read_score(folder / "score.mid").notes, Truth(quarter[:count], sec[:count])

    def named(self, folder: str) -> Made:
        """Make a pair of a piece's first performance."""
        found = self.data / "asap" / folder
        return self.piece(found, next(p for p in sorted(found.glob("*.mid")) if p.stem != "score"))

    def long(self, minutes: float, seed: int) -> Made:
        """Join performances of different pieces until they last so long; only the last one is cut off."""
        chosen = [p for p in sorted((self.data / "asap").glob("*/*.mid")) if p.stem != "score"]
        np.random.default_rng(seed).shuffle(chosen)
        sounds: list[np.ndarray] = []
        scores: list[ScoreNotes] = []
        quarters: list[FloatArray] = []
        secs: list[FloatArray] = []
        length, used = 0, set[Path]()
        for performance in chosen:
            if performance.parent in used or length >= 60 * minutes * ALIGN_SAMPLE_RATE_HZ:
                continue
            used.add(performance.parent)
            samples, notes, truth = self.piece(performance.parent, performance)
            begin = max((float(end_of(part)) for part in scores), default=-_GAP_QUARTER) + _GAP_QUARTER
            scores.append(replace(notes, onset_quarter=notes.onset_quarter + begin))
            sounds.append(samples)
            quarters.append(truth.quarter + begin)
            secs.append(truth.sec + length / ALIGN_SAMPLE_RATE_HZ)
            length += len(samples)
        return np.concatenate(sounds), join(scores), Truth(np.concatenate(quarters), np.concatenate(secs))

    def figure(self, chords: Sequence[tuple[int, ...]], gap_sec: float, minutes: float, seed: int) -> Made:
        """Repeat chords, one a quarter, at a wandering tempo as of a human."""
        import pretty_midi

        rng = np.random.default_rng(seed)
        count = int(60 * minutes / gap_sec)
        tempo = np.exp(0.15 * np.sin(np.arange(count) / 40.0) + np.cumsum(rng.normal(0.0, 0.004, count)))
        onset_sec = 0.5 + np.cumsum(gap_sec * tempo * (1.0 + rng.normal(0.0, 0.03, count)))
        piano = pretty_midi.Instrument(program=0)
        rows = [(i, pitch) for i in range(count) for pitch in chords[i % len(chords)]]
        for i, pitch in rows:
            begin = float(onset_sec[i] + rng.normal(0.0, 0.004))
            velocity = int(np.clip(rng.normal(66, 9), 20, 110))
            piano.notes.append(pretty_midi.Note(velocity, pitch, begin, begin + 0.9 * gap_sec))
        midi = pretty_midi.PrettyMIDI()
        midi.instruments.append(piano)
        quarter, ones = np.array([float(i) for i, _ in rows]), np.ones(len(rows), np.int64)
        score = ScoreNotes(quarter, np.ones(len(rows)), np.array([p for _, p in rows]), 0 * ones, ones, ones, 0 * ones)
        return play(midi, self.soundfont, ALIGN_SAMPLE_RATE_HZ), score, Truth(np.arange(float(count)), onset_sec)


def end_of(notes: ScoreNotes) -> float:
    """Find where a score ends, at a whole quarter."""
    return float(np.ceil((notes.onset_quarter + notes.duration_quarter).max()))


def after_noise(made: Made, minutes: float) -> Made:
    """Put quiet noise before a recording."""
    samples, notes, truth = made
    rng = np.random.default_rng(0)
    quiet = _QUIET * np.sqrt((samples**2).mean()) / 0.1 * noise(60 * minutes, rng)
    return (
        np.concatenate([quiet, samples]).astype(np.float32),
        notes,
        replace(truth, sec=truth.sec + len(quiet) / ALIGN_SAMPLE_RATE_HZ),
    )


def with_score(made: Made, notes: ScoreNotes) -> Made:
    """Give a recording another score, which is wrong."""
    return made[0], notes, NOTHING


def turn_score(made: Made) -> Made:
    """Give a recording its own score backwards."""
    return with_score(made, reverse(made[1]))


def again(notes: ScoreNotes, count: int) -> ScoreNotes:
    """Write a score out several times."""
    length = end_of(notes)
    return join([replace(notes, onset_quarter=notes.onset_quarter + i * length) for i in range(count)])


def head(made: Made, sec: float) -> Made:
    """Keep the beginning of a recording and of its score."""
    samples, notes, truth = made
    last = float(np.interp(sec, truth.sec, truth.quarter))
    kept = notes.take(notes.onset_quarter < last)
    inside = truth.quarter < last
    return samples[: round(sec * ALIGN_SAMPLE_RATE_HZ)], kept, Truth(truth.quarter[inside], truth.sec[inside])


_CHORD = (48, 55, 60, 64)
_TOCCATA = [(60,), (72,), (64,), (72,), (67,), (72,), (64,), (72,)]
_DENSE, _SLOW = "Chopin_Sonata_2_4th", "Schubert_Piano_Sonatas_894-2_no_repeat"
CASES: dict[str, Callable[[Maker], Made]] = {
    "right, 37 min": lambda m: m.long(35, 0),
    "right, 48 min": lambda m: m.long(46, 1),
    "right, 60 min": lambda m: m.long(58, 2),
    "repeated chords": lambda m: m.figure([_CHORD], 0.3, 10, 0),
    "repeated chords of ten": lambda m: m.figure([(36, 43, 48, 52, 55, 60, 64, 67, 72, 76)], 0.3, 10, 2),
    "toccata": lambda m: m.figure(_TOCCATA, 0.085, 10, 1),
    "music after 20 min of noise": lambda m: after_noise(head(m.named("Haydn_Keyboard_Sonatas_32-1"), 28.0), 20),
    "wrong: another piece": lambda m: with_score(m.named(_SLOW), m.named("Haydn_Keyboard_Sonatas_49-1")[1]),
    "wrong: dense for slow": lambda m: with_score(m.named(_SLOW), again(m.named(_DENSE)[1], 5)),
    "wrong: slow for dense": lambda m: with_score(m.named(_DENSE), m.named(_SLOW)[1]),
    "wrong: noise": lambda m: (noise(600.0, np.random.default_rng(1)), m.named(_SLOW)[1], NOTHING),
    "wrong: 60 min backwards": lambda m: turn_score(m.long(58, 2)),
}


def store(made: Made, stem: Path) -> None:
    """Write a pair as stem.wav and stem.npz."""
    samples, notes, truth = made
    level = samples / max(1.0, 1.01 * float(np.abs(samples).max()))
    soundfile.write(stem.with_suffix(".wav"), level, ALIGN_SAMPLE_RATE_HZ, subtype="PCM_16")
    arrays: dict[str, Any] = {f.name: getattr(notes, f.name) for f in fields(notes)}
    np.savez(stem.with_suffix(".npz"), truth_quarter=truth.quarter, truth_sec=truth.sec, **arrays)


def measure(name: str, command: list[str]) -> str:
    """Align a stored pair by a command, in a process of its own: a row of the table."""
    try:
        ended = subprocess.run(
            command, env=one_thread_environment(), cwd=REPOSITORY, capture_output=True, text=True, timeout=_LIMIT_SEC
        )
    except subprocess.TimeoutExpired:
        return f"| {name} | not done after {_LIMIT_SEC} s |"
    if ended.returncode:
        return f"| {name} | {(ended.stderr.strip().splitlines() or ['failed'])[-1][:120]} |"
    r = json.loads(ended.stdout)
    right = f"{r['median']:.1f} ms, {r['far']:.1f} %" if "median" in r else "-"
    met = "" if r["cpu"] <= MAX_SEC_PER_MIN and r["peak"] <= MAX_MB else " (over)"
    judged = "accepted" if r["accepted"] else "refused"
    return (
        f"| {name} | {r['minutes']:.1f} | {r['notes']:.0f} | {r['cpu']:.2f} | {r['peak']:.0f} "
        f"({r['imported']:.0f}) | {right} | {judged}{met} |"
    )


def main() -> None:
    """Run the command line."""
    parser = make_parser("cost", __doc__)
    parser.add_argument("--make", help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = given.out / "cost"
    if given.make:
        store(CASES[given.make](Maker(given.data, given.out, given.soundfont)), stem_of(folder, given.make))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        measure_all(given, folder)


def stem_of(folder: Path, name: str) -> Path:
    """Find where a pair is stored, without suffix."""
    return folder / re.sub(r"\W+", "_", name)


def measure_all(given: argparse.Namespace, folder: Path) -> None:
    """Print the table, row by row."""
    print("| pair | min | notes/min | CPU s/min | peak MB (imports) | median error, > 1 s | judged |")
    print("|---|---|---|---|---|---|---|")
    options = [f"--{key}={Path(getattr(given, key)).resolve()}" for key in ("data", "soundfont", "out")]
    command, one = ([sys.executable, "-m", f"bench.align.{name}"] for name in ("cost", "cost_of_one"))
    command += options
    for name in CASES:
        if re.search(given.only, name):
            if not stem_of(folder, name).with_suffix(".npz").is_file():
                subprocess.run([*command, "--make", name], env=one_thread_environment(), cwd=REPOSITORY, check=True)
            print(measure(name, [*one, str(stem_of(folder, name).resolve())]), flush=True)


if __name__ == "__main__":
    main()
