"""Repeats of scores that have no repeat signs: left out, added, and played again later."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.config import AlignConfig
from dp.score import read_score
from dp.types import Score
from tests.align.studies import check, engraved, record, study_named
from tests.align.surroundings import talk

CONFIG = AlignConfig()
HALF_QUARTER = 15.0  # five bars of 6/8


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[float, float, int]]]:
    """Onsets, ends and pitches of two different halves of a study, each from its own beginning."""
    notes = engraved(tmp_path_factory.getbasetemp(), study_named("jig")).notes
    columns = (notes.onset_quarter, notes.onset_quarter + notes.duration_quarter, notes.pitch)
    rows = [(float(on), float(off), int(pitch)) for on, off, pitch in zip(*columns, strict=True)]
    first = [row for row in rows if row[0] < HALF_QUARTER]
    other = [(on - HALF_QUARTER, off - HALF_QUARTER, p) for on, off, p in rows if HALF_QUARTER <= on < 2 * HALF_QUARTER]
    return {"A": first, "B": other}


def write_midi(path: Path, parts: Sequence[list[tuple[float, float, int]]]) -> Score:
    """A MIDI file in 6/8 at 60 quarters a minute."""
    midi = pretty_midi.PrettyMIDI(initial_tempo=60, resolution=24)
    midi.time_signature_changes.append(pretty_midi.TimeSignature(6, 8, 0.0))
    midi.instruments.append(pretty_midi.Instrument(40))
    for number, part in enumerate(parts):
        begin = number * HALF_QUARTER
        midi.instruments[0].notes += [
            pretty_midi.Note(64, p, begin + on, begin + off) for on, off, p in part if off > on
        ]
    midi.write(str(path))
    return read_score(path)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("written", "played", "text"),
    [
        ("AAB", "AAB", ""),
        ("AAB", "AB", "repeat of bars 1-5 not played"),
        ("AAB", "AABB", "bars 11-15 played once more"),
        ("AAB", "AABA", "bars 1-5 played once more"),
        ("AABB", "AB", "repeat of bars 1-5 not played; repeat of bars 11-15 not played"),
        ("ABA", "AABA", "bars 1-5 played once more"),
    ],
)
def test_what_a_midi_score_has_is_played_otherwise(
    halves: dict[str, list[tuple[float, float, int]]], tmp_path: Path, written: str, played: str, text: str, seed: int
) -> None:
    score = write_midi(tmp_path / "score.mid", [halves[part] for part in written])
    heard = write_midi(tmp_path / "heard.mid", [halves[part] for part in played])
    sound, true = record(heard, {i for i, repeat in enumerate(heard.repeats) if repeat.is_written}, seed)
    found = align(sound, score.notes, CONFIG, "score", score.repeats)
    check(found, true)
    assert found.structure == text


def test_talk_before_a_midi_score_without_its_first_pass(
    halves: dict[str, list[tuple[float, float, int]]], tmp_path: Path
) -> None:
    score = write_midi(tmp_path / "score.mid", [halves[part] for part in "AAB"])
    sound, true = record(score, set())
    before = talk(12)
    found = align(np.concatenate([before, sound]), score.notes, CONFIG, "score", score.repeats)
    check(found, true, len(before) / ALIGN_SAMPLE_RATE_HZ)
    assert found.structure.startswith("repeat of bars 1-5 not played; music begins at ")
