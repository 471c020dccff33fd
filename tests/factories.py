"""Tiny inputs, built in code."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from dp.types import PerformedNotes, Score, ScoreNotes

REPOSITORY = Path(__file__).resolve().parents[1]
STEPS = tuple(zip("CCDDEFFGGAAB", (0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0), strict=True))  # letter, alteration
MELODY = (60, 62, 64, 67, 65, 69, 71, 72, 67, 64, 65, 62, 74, 71, 67, 60)


def copy_code(folder: Path) -> None:
    """Copy the library and the flows, with what is compiled of them already: it counts while its source stays."""
    half_written = shutil.ignore_patterns("*.tmp.*", "*.pyc.*")
    for name in ("dp", "flows"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=half_written)


def notes_in_order(rows: Sequence[tuple[float, float, int]], **columns: npt.ArrayLike) -> ScoreNotes:
    """Notes from (onset_quarter, duration_quarter, pitch) of each; other columns by name."""
    onset, duration, pitch = (np.array(column) for column in zip(*rows, strict=True))
    zeros = np.zeros(len(rows), dtype=np.int64)
    notes = ScoreNotes(onset.astype(float), duration.astype(float), pitch, zeros, zeros + 1, zeros + 1, zeros)
    return replace(notes, **{name: np.array(values) for name, values in columns.items()})


def notes_of(rows: Sequence[tuple[float, float, int]]) -> ScoreNotes:
    """The same, by onset and pitch, as the notes of every score are."""
    return notes_in_order(sorted(rows, key=lambda row: (row[0], row[2])))


def score_of(notes: ScoreNotes, tempo_qpm: float = 120.0, **fields: Any) -> Score:
    """A score of one tempo for a violin."""
    return Score("piece", notes, np.array([0.0]), np.array([tempo_qpm]), ("Violin",), **fields)


def played_notes(*rows: tuple[int, float]) -> PerformedNotes:
    """Notes from (pitch, onset_sec) of each; each lasts 0.2 s."""
    pitch = np.array([pitch for pitch, _ in rows], dtype=np.int64)
    onset_sec = np.array([onset for _, onset in rows], dtype=np.float64)
    return PerformedNotes(pitch, 0 * pitch, onset_sec, onset_sec + 0.2, np.ones(len(rows)))


def melody_xml(pitches: Sequence[int] = MELODY, tempo_qpm: float = 120.0) -> bytes:
    """MusicXML of one part in 4/4: a quarter note for every pitch."""
    bars = []
    for start in range(0, len(pitches), 4):
        notes = []
        for pitch in pitches[start : start + 4]:
            step, alter = STEPS[pitch % 12]
            name = f"<step>{step}</step><alter>{alter}</alter><octave>{pitch // 12 - 1}</octave>"
            notes.append(
                f"<note><pitch>{name}</pitch><duration>1</duration><voice>1</voice><type>quarter</type></note>"
            )
        head = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
        head += f'<direction><sound tempo="{tempo_qpm:g}"/></direction>'
        bars.append(f'<measure number="{start // 4 + 1}">{head if start == 0 else ""}{"".join(notes)}</measure>')
    parts = '<part-list><score-part id="P1"><part-name>Melody</part-name></score-part></part-list>'
    text = f'<score-partwise version="4.0">{parts}<part id="P1">{"".join(bars)}</part></score-partwise>'
    return ('<?xml version="1.0" encoding="UTF-8"?>' + text).encode()


def movements_xml(*movements: Sequence[int]) -> bytes:
    """MusicXML of several melodies, one after the other: each is a movement, and its bars are numbered from 1."""
    first, *others = [melody_xml(pitches).decode() for pitches in movements]
    final = '<barline location="right"><bar-style>light-heavy</bar-style></barline></measure></part>'
    text = first.replace("</measure></part>", final)
    for other in others:
        bars = other[other.index("<measure") :].replace("</measure></part>", final)
        text = text.replace("</part></score-partwise>", bars)
    return text.encode()


def melody_times(count: int = len(MELODY), seed: int = 0) -> np.ndarray:
    """[count + 1] onsets and the end of a performance near 120 quarters per minute, with rubato; seconds."""
    gaps = 0.5 * (1 + 0.15 * np.sin(np.arange(count) / 2 + seed))
    return 0.4 + np.concatenate([[0.0], np.cumsum(gaps)])


def melody_samples(pitches: Sequence[int] = MELODY, seed: int = 0, sample_rate_hz: int = 22050) -> np.ndarray:
    """[L] float32: decaying tones of six harmonics at `melody_times`, with a little noise."""
    times = melody_times(len(pitches), seed)
    samples = 0.001 * np.random.default_rng(seed).standard_normal(int((times[-1] + 0.5) * sample_rate_hz))
    for pitch, onset, offset in zip(pitches, times[:-1], times[1:], strict=True):
        sec = np.arange(int((offset - onset) * sample_rate_hz)) / sample_rate_hz
        f0_hz = 440 * 2 ** ((pitch - 69) / 12)
        tone = sum(np.sin(2 * np.pi * h * f0_hz * sec) / h for h in range(1, 7))
        first = int(onset * sample_rate_hz)
        samples[first : first + len(sec)] += 0.1 * np.exp(-3 * sec) * np.minimum(1, sec / 0.005) * tone
    return samples.astype(np.float32)


def melody_pair(
    folder: Path, name: str = "melody", pitches: Sequence[int] = MELODY, seed: int = 0
) -> tuple[Path, Path]:
    """A score and a recording of it, named alike."""
    score, audio = folder / f"{name}.musicxml", folder / f"{name}.wav"
    score.write_bytes(melody_xml(pitches))
    soundfile.write(audio, melody_samples(pitches, seed), 22050)
    return score, audio
