"""Pairs as people bring them: human piano performances, rendered, and real recordings; right pairs and wrong ones.

    python -m bench.align.wild --data DATA --out SCRATCH [--wrong] [--only EXPRESSION] [--program NUMBER]

DATA holds asap/ (performances from https://github.com/fosfrancesco/asap-dataset with their beats), vienna4x22/ (of
https://github.com/CPJKU/vienna4x22, with all notes), ishizaka/, violin-more/ and bach-violin/. Of every right pair: the
fit, whether it was accepted, how far the beats of a performance are from where they were played, and the CPU seconds
that a minute of the recording takes. With --wrong, every recording is also judged with scores that are wrong for it:
the next piece, itself a semitone off (at a tuning that is known to be near 440 Hz), backwards, half of it replaced.
Everything goes to SCRATCH/wild.csv. --program plays the performances with another General MIDI program than a piano's.
"""

import argparse
import csv
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from bench.align.performances import piano_performance
from bench.align.rendering import play
from bench.align.suites import SOUNDFONT
from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio.reading import read_audio
from dp.config import AlignConfig
from dp.corpora import list_recordings
from dp.errors import DataError
from dp.score import read_score
from dp.types import Alignment, Score, ScoreNotes
from dp.units import FloatArray

RIGHT = "right"
WRONG = "another piece", "a semitone off", "backwards", "half replaced"
MAX_TUNING_CENT = 50.0
GAIN = "0.5"  # as the data's README says
SAME_QUARTER = 0.05
SAME_BEAT_QUARTER = 0.02
BEGUN_SEC = 0.05  # from a beat at which a note begins
LEFT_OUT = 0.2  # of the usual time from beat to beat: less is no tempo
COLLAPSED_SEC = 1.0  # a median error beyond it: most of the score is elsewhere


@dataclass(frozen=True)
class Pair:
    """A recording and the score that is right for it."""

    kind: str  # of recording
    name: str
    audio: Path
    start_sec: float
    end_sec: float | None
    score: Path
    beat_quarter: FloatArray | None = None  # [B] of the score as played; None = no truth
    beat_sec: FloatArray | None = None  # [B] in the recording
    performance: Path | None = None  # MIDI of what was played, where beats were marked by hand


@dataclass(frozen=True)
class Row:
    """What came of one pair."""

    kind: str
    name: str
    pairing: str
    fit: float
    accepted: int
    minutes: float
    notes_per_sec: float
    cpu_sec_per_min: float
    beat_median_ms: float
    beat_within_50: float
    beat_confidence: float  # mean of the notes' at the beats
    reason: str


def make_parser(command: str, doc: str | None) -> argparse.ArgumentParser:
    """Make the parser of a command that renders performances."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.align.{command}", description=(doc or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of asap, ishizaka and others")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT, help="FluidR3_GM.sf2")
    parser.add_argument("--out", type=Path, required=True, help="scratch folder")
    parser.add_argument("--only", default="", help="what matches this expression: of a recording, its kind/name")
    return parser


def make_pairs_parser(command: str, doc: str | None) -> argparse.ArgumentParser:
    """Make the parser of a command that takes the pairs of `list_pairs`."""
    parser = make_parser(command, doc)
    parser.add_argument("--program", type=int, default=0, help="General MIDI program, from 0, that plays performances")
    return parser


def list_pairs(given: argparse.Namespace) -> Iterator[Pair]:
    """List the right pairs that a command line of `make_pairs_parser` wants; performances are rendered once."""
    for performance in sorted((given.data / "asap").glob("*/*.mid")):
        folder = performance.parent
        name = f"{folder.name}/{performance.stem}"
        if performance.stem != "score" and re.search(given.only, f"asap/{name}"):
            beats = np.loadtxt(performance.with_suffix(".txt"), usecols=0, ndmin=1)
            written = np.loadtxt(folder / "sann.txt", usecols=0, ndmin=1)
            quarter = find_quarters(folder / "score.mid", written)
            audio = given.out / "wild" / f"{name_audio(name, given.program)}.wav"
            render(performance, audio, given.soundfont, given.program)
            yield Pair("asap", name, audio, 0.0, None, choose_score(folder), quarter, beats, performance)
    for performance in sorted((given.data / "vienna4x22" / "midi").glob("*.mid")):
        if re.search(given.only, f"vienna4x22/{performance.stem}"):
            yield make_vienna_pair(given, *performance.stem.rsplit("_p", 1))
    for corpus, kind in (("ishizaka", "folder"), ("violin-more", "folder"), ("bach-violin", "bach-violin")):
        for r in list_recordings(kind, given.data / corpus).recordings:
            if re.search(given.only, f"{corpus}/{r.recording_id}"):
                yield Pair(corpus, r.recording_id, r.audio_path, r.start_sec, r.end_sec, r.score_path)


def name_audio(name: str, program: int) -> str:
    """Name the file of a performance that is rendered."""
    return name.replace("/", "@") + (f"@{program}" if program else "")


def make_vienna_pair(given: argparse.Namespace, piece: str, pianist: str) -> Pair:
    """Make a pair of Vienna 4x22, whose events take the place of beats."""
    name, root = f"{piece}_p{pianist}", given.data / "vienna4x22"
    midi, truth = piano_performance(root, piece, int(pianist), given.program, 0.5)
    audio = given.out / "wild" / f"vienna4x22@{name_audio(name, given.program)}.wav"
    if not audio.is_file():
        audio.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(
            audio, play(midi, given.soundfont, ALIGN_SAMPLE_RATE_HZ), ALIGN_SAMPLE_RATE_HZ, subtype="PCM_16"
        )
    score = root / "musicxml" / f"{piece}.musicxml"
    written_quarter = truth.onset_quarter - truth.onset_quarter[0] + read_score(score).notes.onset_quarter[0]
    event_quarter, event = np.unique(written_quarter[truth.played], return_inverse=True)
    onset_sec = truth.onset_sec[truth.played]
    event_sec = np.array([np.median(onset_sec[event == e]) for e in range(len(event_quarter))])
    return Pair("vienna4x22", name, audio, 0.0, None, score, event_quarter, event_sec)


@cache
def choose_score(folder: Path) -> Path:
    """Choose the MusicXML of a piece, or where its bars are of another length the MIDI file whose beats are known."""
    files = folder / "score.musicxml", folder / "score.mid"
    ends = [float((s.onset_quarter + s.duration_quarter).max()) for s in (read_score(file).notes for file in files)]
    return files[int(abs(ends[0] - ends[1]) > SAME_QUARTER)]


def render(performance: Path, audio: Path, soundfont: Path, program: int = 0) -> Path:
    """Play a MIDI file by fluidsynth, mono; as it says, or all of it with another General MIDI program than 0."""
    if not audio.is_file():
        audio.parent.mkdir(parents=True, exist_ok=True)
        if program:
            import pretty_midi

            midi = pretty_midi.PrettyMIDI(str(performance))
            for instrument in midi.instruments:
                instrument.program = program
            performance = audio.with_suffix(".mid")
            midi.write(str(performance))
        stereo = audio.with_suffix(".stereo.wav")
        rate = str(ALIGN_SAMPLE_RATE_HZ)
        command = ["fluidsynth", "-ni", "-g", GAIN, "-r", rate, "-F", str(stereo), str(soundfont), str(performance)]
        subprocess.run(command, check=True, capture_output=True)
        samples, _ = soundfile.read(stereo, dtype="float32")
        soundfile.write(audio, samples.mean(axis=1), ALIGN_SAMPLE_RATE_HZ, subtype="PCM_16")
        stereo.unlink()
    return audio


def find_quarters(score: Path, sec: FloatArray) -> FloatArray:
    """Where in a MIDI file moments of its own playing time are, in quarters."""
    read = read_score(score)
    mark_quarter = np.concatenate([[0.0], read.tempo_quarter])
    mark_qpm = np.concatenate([[120.0], read.tempo_qpm])
    first = np.searchsorted(mark_quarter, 0.0, side="right") - 1
    mark_quarter, mark_qpm = mark_quarter[first:], mark_qpm[first:]
    mark_sec = np.concatenate([[0.0], np.cumsum(np.diff(mark_quarter) * 60.0 / mark_qpm[:-1])])
    at = np.searchsorted(mark_sec, sec, side="right") - 1
    return np.asarray(mark_quarter[at] + (sec - mark_sec[at]) * mark_qpm[at] / 60.0)


def judge(pair: Pair, pairing: str, samples: np.ndarray, score: Score) -> Row:
    """Align one pair; bad input is a refusal too. A score is a semitone off only at a tuning that is known."""
    config = AlignConfig(max_tuning_cent=MAX_TUNING_CENT) if pairing == "a semitone off" else AlignConfig()
    begun = time.process_time()
    minutes = len(samples) / ALIGN_SAMPLE_RATE_HZ / 60.0
    try:
        found = align(samples, score.notes, config, pair.name, score.repeats)
    except DataError as error:
        spent = (time.process_time() - begun) / minutes
        return Row(pair.kind, pair.name, pairing, 0.0, 0, minutes, 0.0, spent, np.nan, np.nan, np.nan, str(error))
    spent = (time.process_time() - begun) / minutes
    beats = measure_beats(pair, score, found) if pairing == RIGHT else (np.nan, np.nan, np.nan)
    density = len(found.notes) / (60.0 * minutes)
    accepted, reason = int(found.accepted), found.reason or found.structure
    return Row(pair.kind, pair.name, pairing, found.score_fit, accepted, minutes, density, spent, *beats, reason)


def measure_beats(pair: Pair, score: Score, found: Alignment) -> tuple[float, float, float]:
    """Measure the beats where a note begins: median error in ms, share within 50 ms, mean confidence of their notes."""
    if pair.beat_quarter is None:
        return np.nan, np.nan, np.nan
    written = score.notes.onset_quarter[found.score_index]
    errors_ms, confidences = [], []
    for q, t in zip(*list_beats(pair, score), strict=True):
        here = np.abs(written - q) < SAME_BEAT_QUARTER
        if here.any():
            errors_ms.append(1000.0 * abs(float(np.median(found.performed.onset_sec[here])) - t))
            confidences.append(float(found.performed.confidence[here].mean()))
    error_ms = np.array(errors_ms)
    return float(np.median(error_ms)), float((error_ms < 50.0).mean()), float(np.mean(confidences))


def list_beats(pair: Pair, score: Score) -> tuple[FloatArray, FloatArray]:
    """List the beats of a performance: [B] quarters and [B] seconds.

    Beats of a repeat that was left out are no beats: the data put all of them at one moment. Nor are those where notes
    are written, but none of their pitches begins in the performance: they were guessed from the beats around.
    """
    assert pair.beat_quarter is not None and pair.beat_sec is not None
    count = min(len(pair.beat_quarter), len(pair.beat_sec))
    quarter, sec = pair.beat_quarter[:count], pair.beat_sec[:count]
    tempo = np.gradient(sec) / np.gradient(quarter)
    played = tempo > LEFT_OUT * np.median(tempo)
    if pair.performance is not None:
        import pretty_midi

        parts = pretty_midi.PrettyMIDI(str(pair.performance)).instruments
        begun = np.array([(note.pitch, note.start) for part in parts for note in part.notes])
        for i in np.flatnonzero(played):
            written = score.notes.pitch[np.abs(score.notes.onset_quarter - quarter[i]) < SAME_BEAT_QUARTER]
            near = begun[np.abs(begun[:, 1] - sec[i]) < BEGUN_SEC, 0]
            played[i] = len(written) == 0 or bool(np.isin(written, near).any())
    return quarter[played], sec[played]


def make_wrong_scores(score: Score, other: Score) -> Iterator[tuple[str, Score]]:
    """Scores that are wrong for a recording of `score`: each by its kind."""
    notes = score.notes
    yield "another piece", other
    yield "a semitone off", replace(score, notes=replace(notes, pitch=notes.pitch + 1))
    yield "backwards", replace(score, notes=reverse(notes), repeats=())
    yield "half replaced", replace(score, notes=replace_half(notes, other.notes), repeats=())


def reverse(notes: ScoreNotes) -> ScoreNotes:
    """The same notes played backwards."""
    end = notes.onset_quarter + notes.duration_quarter
    return replace(notes, onset_quarter=end.max() - end).take(np.argsort(end.max() - end, kind="stable"))


def replace_half(notes: ScoreNotes, other: ScoreNotes) -> ScoreNotes:
    """Put the second half of another score in place of a score's second half, at a tempo that makes it as long."""
    middle = notes.onset_quarter.max() / 2
    first = notes.take(notes.onset_quarter < middle)
    second = other.take(other.onset_quarter >= other.onset_quarter.max() / 2)
    begin_quarter = second.onset_quarter.min()
    scale = (notes.onset_quarter.max() - middle) / max(second.onset_quarter.max() - begin_quarter, 1.0)
    second = replace(
        second,
        onset_quarter=middle + scale * (second.onset_quarter - begin_quarter),
        duration_quarter=scale * second.duration_quarter,
    )
    return join([first, second])


def join(scores: list[ScoreNotes]) -> ScoreNotes:
    """Make one score of several, whose times follow each other."""
    return ScoreNotes(**{f.name: np.concatenate([getattr(part, f.name) for part in scores]) for f in fields(scores[0])})


def summarize(rows: list[Row]) -> list[str]:
    """A line for each kind of pair."""
    lines = [f"{'recordings':12s}{'pairing':16s}{'pairs':>6s}{'accepted':>9s}{'least fit':>10s}{'most':>6s}"]
    lines[0] += f"{'beats ms':>9s}{'<50 ms':>8s}{'squeezed':>9s}{'s/min':>7s}{'most':>7s}"
    for kind, pairing in dict.fromkeys((row.kind, row.pairing) for row in rows):
        mine = [row for row in rows if (row.kind, row.pairing) == (kind, pairing)]
        fits, cost = [row.fit for row in mine], [row.cpu_sec_per_min for row in mine]
        median, within = np.array([(row.beat_median_ms, row.beat_within_50) for row in mine]).T
        beats = f"{'-':>9s}{'-':>8s}{'-':>9s}"
        if np.isfinite(median).any():
            squeezed = (median > 1000 * COLLAPSED_SEC).sum()
            beats = f"{np.nanmedian(median):9.1f}{100 * np.nanmean(within):8.1f}{squeezed:9d}"
        lines.append(
            f"{kind:12s}{pairing:16s}{len(mine):6d}{sum(row.accepted for row in mine):9d}{min(fits):10.2f}"
            f"{max(fits):6.2f}{beats}{np.mean(cost):7.2f}{max(cost):7.2f}"
        )
    return lines


def main() -> None:
    """Command line."""
    parser = make_pairs_parser("wild", __doc__)
    parser.add_argument("--wrong", action="store_true", help="wrong pairs too")
    parser.add_argument("--pairings", nargs="+", default=[RIGHT, *WRONG], choices=[RIGHT, *WRONG], help="only these")
    given = parser.parse_args()
    pairs = list(list_pairs(given))
    scores: dict[Path, Score] = {}
    rows: list[Row] = []
    for path in dict.fromkeys(pair.score for pair in pairs):
        try:
            scores[path] = read_score(path)
        except DataError as error:
            print(error, file=sys.stderr)
    order = list(scores)
    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "wild.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f.name for f in fields(Row)])
        for pair in pairs:
            if pair.score not in scores:
                continue
            samples = read_audio(pair.audio, ALIGN_SAMPLE_RATE_HZ, pair.start_sec, pair.end_sec)
            score, other = scores[pair.score], scores[order[(order.index(pair.score) + 1) % len(order)]]
            pairings = [(RIGHT, score), *(make_wrong_scores(score, other) if given.wrong else ())]
            for pairing, asked in pairings:
                if pairing not in given.pairings:
                    continue
                rows.append(judge(pair, pairing, samples, asked))
                writer.writerow([getattr(rows[-1], f.name) for f in fields(Row)])
                file.flush()
                print(rows[-1].name, pairing, f"{rows[-1].fit:.2f}", rows[-1].reason[:80], file=sys.stderr, flush=True)
    print(*summarize(rows), sep="\n")


if __name__ == "__main__":
    main()
