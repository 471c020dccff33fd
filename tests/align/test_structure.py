"""Repeats that are played otherwise than written, and what comes before and after the music."""

from dataclasses import replace

import numpy as np
import pytest

from dp.align import ALIGN_SAMPLE_RATE_HZ as RATE_HZ
from dp.align import align
from dp.align.structure.played_order import find_stretches, unfold_played_notes
from dp.config import AlignConfig
from dp.score.repeats import make_whole_repeat
from dp.types import Repeat, Score
from tests.align.studies import check, engraved, record, study_named
from tests.align.surroundings import applause, silence, talk, tuning

CONFIG = AlignConfig()


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """A study with a repeat, first and second ending."""
    return engraved(tmp_path_factory.getbasetemp(), study_named("rounds"))


@pytest.fixture(scope="module")
def jig(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """Two repeated halves, and the first of them again after a D.C."""
    study = study_named("jig")
    half, other = study.bars[:5], study.bars[5:10]
    bars = [
        replace(half[0], opens_repeat=True),
        *half[1:-1],
        replace(half[-1], closes_repeat=True),
        replace(other[0], opens_repeat=True),
        *other[1:-1],
        replace(other[-1], closes_repeat=True),
    ]
    return engraved(tmp_path_factory.getbasetemp(), replace(study, name="da-capo", bars=tuple(bars)), _with_da_capo)


def _with_da_capo(xml: str) -> str:
    """A Fine at the end of bar 5, a D.C. at the end of bar 10."""
    parts = xml.split("</measure>")
    parts[4] += '<direction><direction-type><words>Fine</words></direction-type><sound fine="yes"/></direction>'
    parts[9] += '<direction><direction-type><words>D.C.</words></direction-type><sound dacapo="yes"/></direction>'
    return "</measure>".join(parts)


def written(repeats: tuple[Repeat, ...]) -> set[int]:
    return {index for index, repeat in enumerate(repeats) if repeat.is_written}


def test_what_is_written_is_played(rounds: Score) -> None:
    assert [repeat.is_written for repeat in rounds.repeats] == [True, False]
    sound, true = record(rounds, {0})
    found = align(sound, rounds.notes, CONFIG, "rounds", rounds.repeats)
    check(found, true)
    assert found.structure == ""
    assert np.array_equal(found.score_index, np.arange(len(rounds.notes)))
    plain = align(sound, rounds.notes, CONFIG, "rounds")
    np.testing.assert_array_equal(found.performed.onset_sec, plain.performed.onset_sec)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_repeat_is_left_out(rounds: Score, seed: int) -> None:
    sound, true = record(rounds, set(), seed)
    found = align(sound, rounds.notes, CONFIG, "rounds", rounds.repeats)
    check(found, true)
    assert found.structure == f"repeat of bars {rounds.repeats[0].bars} not played"
    begin, end = rounds.repeats[0].begin_quarter, rounds.repeats[0].end_quarter
    left_out = (rounds.notes.onset_quarter >= begin) & (rounds.notes.onset_quarter < end)
    assert np.array_equal(found.score_index, np.flatnonzero(~left_out))
    assert found.notes.onset_quarter[0] == 0.0


def test_without_knowing_of_the_repeat_the_score_does_not_fit_so_well(rounds: Score) -> None:
    sound, _ = record(rounds, set())
    knowing = align(sound, rounds.notes, CONFIG, "rounds", rounds.repeats)
    assert align(sound, rounds.notes, CONFIG, "rounds").score_fit < knowing.score_fit


@pytest.mark.parametrize(
    ("played", "text"),
    [
        ({0, 1}, ""),
        ({0}, "repeat of bars 6-10 not played"),
        (set(), "repeat of bars 1-5 not played; repeat of bars 6-10 not played"),
        ({0, 1, 2}, "repeat of bars 1-5 played once more"),
    ],
)
def test_repeats_around_a_da_capo(jig: Score, played: set[int], text: str) -> None:
    assert [repeat.is_written for repeat in jig.repeats] == [True, True, False, False]
    sound, true = record(jig, played, 1)
    found = align(sound, jig.notes, CONFIG, "jig", jig.repeats)
    check(found, true)
    assert found.structure == text
    _, index = unfold_played_notes(jig.notes, find_stretches(jig.repeats), played)
    assert np.array_equal(found.score_index, index)


@pytest.mark.parametrize("seed", [0, 2])
@pytest.mark.parametrize("before", [talk(30), tuning(20), silence(10), np.concatenate([talk(10), silence(3)])])
@pytest.mark.parametrize("after", [silence(0), applause(25)])
def test_what_surrounds_the_music_is_skipped(rounds: Score, seed: int, before: np.ndarray, after: np.ndarray) -> None:
    sound, true = record(rounds, {0}, seed)
    found = align(np.concatenate([before, sound, after]), rounds.notes, CONFIG, "rounds", rounds.repeats)
    check(found, true, len(before) / RATE_HZ)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("before", [talk(12), tuning(20), silence(10)])
@pytest.mark.parametrize("after", [silence(0), applause(15)])
def test_what_surrounds_a_short_piece_is_no_first_pass(
    rounds: Score, seed: int, before: np.ndarray, after: np.ndarray
) -> None:
    sound, true = record(rounds, set(), seed)
    found = align(np.concatenate([before, sound, after]), rounds.notes, CONFIG, "rounds", rounds.repeats)
    check(found, true, len(before) / RATE_HZ)
    assert found.structure.startswith("repeat of bars 1-5 not played")


def test_surroundings_and_a_repeat_left_out(jig: Score) -> None:
    sound, true = record(jig, {1}, 1)
    before = np.concatenate([talk(12), silence(2)])
    found = align(np.concatenate([before, sound, applause(15)]), jig.notes, CONFIG, "jig", jig.repeats)
    check(found, true, len(before) / RATE_HZ)
    assert found.structure.startswith("repeat of bars 1-5 not played; ")


def test_surroundings_of_a_recording_at_another_pitch(jig: Score) -> None:
    lower = replace(jig.notes, pitch=jig.notes.pitch - 1)
    sound, true = record(replace(jig, notes=lower), written(jig.repeats), 0)
    before = talk(20)
    found = align(np.concatenate([before, sound]), jig.notes, CONFIG, "jig", jig.repeats)
    check(found, replace(true, pitch=true.pitch + 1), len(before) / RATE_HZ)
    assert found.tuning_cent == pytest.approx(-100, abs=8)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """A study written out once, in two sections."""
    study = study_named("jig")
    bars = tuple(replace(bar, opens_repeat=False, closes_repeat=False, ending=0) for bar in study.bars[:10])
    return engraved(tmp_path_factory.getbasetemp(), replace(study, name="once", bars=bars), _with_sections)


def _with_sections(xml: str) -> str:
    """A double bar line at the end of bar 5."""
    parts = xml.split("</measure>")
    parts[4] += '<barline location="right"><bar-style>light-light</bar-style></barline>'
    return "</measure>".join(parts)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("played", "text"),
    [
        (set(), ""),
        ({0}, "bars 1-5 played once more"),
        ({1}, "bars 6-10 played once more"),
        ({0, 1}, "bars 1-5 played once more; bars 6-10 played once more"),
        ({2}, "bars 1-10 played once more"),
        ({3}, "bars 1-5 played once more"),
    ],
)
def test_sections_that_no_sign_repeats(once: Score, played: set[int], text: str, seed: int) -> None:
    assert [repeat.bars for repeat in once.repeats] == ["1-5", "6-10", "1-10", "1-5"]
    sound, true = record(once, played, seed)
    found = align(sound, once.notes, CONFIG, "once", once.repeats)
    check(found, true)
    assert found.structure == text


def test_a_score_without_bar_lines_is_played_twice_after_talk(once: Score) -> None:
    midi = replace(once, repeats=(make_whole_repeat(once.repeats[2].end_quarter, 10),))
    sound, true = record(midi, {0}, 1)
    before = np.concatenate([talk(12), silence(2)])
    found = align(np.concatenate([before, sound]), midi.notes, CONFIG, "midi", midi.repeats)
    check(found, true, len(before) / RATE_HZ)
    assert found.structure.startswith("bars 1-10 played once more; music begins at ")


def test_another_piece_behind_it_is_no_second_pass(once: Score, rounds: Score) -> None:
    sound, true = record(once, set())
    other, _ = record(rounds, {0})
    found = align(np.concatenate([sound, silence(2), other]), once.notes, CONFIG, "once", once.repeats)
    check(found, true)
    assert "once more" not in found.structure


def test_the_wrong_score_stays_wrong(jig: Score, rounds: Score) -> None:
    sound, _ = record(jig, {0, 1}, 0)
    found = align(np.concatenate([talk(15), sound]), rounds.notes, CONFIG, "jig", rounds.repeats)
    assert not found.accepted
