"""The demo's studies, engraved, read, and played as written or otherwise."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from dp.align import ALIGN_SAMPLE_RATE_HZ
from dp.align.spectrum import F32
from dp.align.structure.played_order import find_stretches, unfold_played_notes
from dp.audio import add_noise, add_room, render_notes
from dp.corpora.demo.engraving import Study, engrave_study
from dp.corpora.demo.players import PLAYERS, perform
from dp.corpora.demo.studies import compose_studies
from dp.score import read_score
from dp.types import Alignment, PerformedNotes, Score


def study_named(name: str) -> Study:
    return next(study for study in compose_studies() if study.name == name)


def engraved(folder: Path, study: Study, insert: Callable[[str], str] = str) -> Score:
    """The score of a study; `insert` may change its MusicXML."""
    path = folder / f"{study.name}.musicxml"
    path.write_text(insert(engrave_study(study)), encoding="utf-8")
    return read_score(path)


def record(score: Score, played: set[int], seed: int = 0) -> tuple[F32, PerformedNotes]:
    """A performance of a score with some of its repeats: its sound, and when its notes sound."""
    notes, _ = unfold_played_notes(score.notes, find_stretches(score.repeats), played)
    rng = np.random.default_rng(seed)
    performed = perform(replace(score, notes=notes), PLAYERS[seed % 3], rng)
    wet = add_room(render_notes(performed, ALIGN_SAMPLE_RATE_HZ), ALIGN_SAMPLE_RATE_HZ, rng, 0.8, 9.0)
    sound = add_noise(wet, rng, 40.0)
    return (0.1 * sound / np.sqrt((sound**2).mean())).astype(np.float32), performed


def check(found: Alignment, true: PerformedNotes, start_sec: float = 0.0) -> None:
    """The notes that were played are found, and when."""
    assert found.accepted
    assert np.array_equal(found.performed.pitch, true.pitch)
    assert np.array_equal(found.notes.pitch, true.pitch)
    assert len(found.score_index) == len(true)
    error_sec = np.abs(found.performed.onset_sec - start_sec - true.onset_sec)
    assert np.median(error_sec) < 0.015
    assert np.percentile(error_sec, 95) < 0.1
    assert (np.diff(found.notes.onset_quarter) >= 0).all()
