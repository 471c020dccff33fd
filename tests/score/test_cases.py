"""The files in ../shared/cases/scores: what each of them plays. Each holds one thing that scores in the wild hold."""

import pytest

from dp.score import read_score
from dp.types import Mark, Score
from tests.factories import REPOSITORY

FOLDER = REPOSITORY.parent / "shared" / "cases" / "scores"
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

# By file, all notes by onset and pitch: name and octave, onset and duration in quarters.
NOTES = {
    "bad_key_signature.mid": "C4 0/1",
    "missing_note_off_at_end.mid": "C4 0/1 D4 1/2",
    "smpte_division.mid": "C4 0/1 D4 1/1",
    "tempo_in_second_track.mid": "C4 0/2",
    "divisions_missing.musicxml": "C4 0/1 D4 1/1 E4 2/2",
    "harmonic_artificial_marked.musicxml": "A6 0/4",
    "octave_change_alone.musicxml": "C4 0/4",
    "tremolo_two_notes.musicxml": "C4 0/4 E4 0/4",
    "zero_duration_note.musicxml": "B3 0/0.75 C4 0.75/0.25 D4 1/1 E4 2/2",
    "backup_before_bar.musicxml": "C3 0/4 C5 0/4 D3 4/1 D5 4/2 E3 5/1 F3 6/1 E5 6/1 G3 7/1 F5 8/4",
    "da_capo_words_minuet.musicxml": "C4 0/4 D4 4/4 E4 8/4 C4 12/4 D4 16/4",
    "fine_inside_bar.musicxml": "C4 0/4 D4 4/2 E4 6/2 F4 8/4 G4 12/4 C4 16/4 D4 20/2",
    "hidden_rest_overrun.musicxml": "E4 0/2 C5 0/4 D5 4/4",
    "measure_repeat_sign.musicxml": "C4 0/1 D4 1/1 E4 2/1 F4 3/1 C4 4/1 D4 5/1 E4 6/1 F4 7/1 G4 8/4",
    "measure_rest_too_long.musicxml": "C3 0/3 C4 0/3 D3 3/3 E3 6/3 D4 6/3",
    "movements_da_capo.musicxml": "C4 0/4 D4 4/4 E4 8/4 F4 12/4 G4 16/4 E4 20/4 F4 24/4 A4 28/4 B4 32/4",
    "movements_open_repeat.musicxml": "C4 0/4 D4 4/4 E4 8/4 F4 12/4 E4 16/4 F4 20/4 G4 24/4",
    "repeat_inside_bar.musicxml": "C4 0/4 D4 4/2 C4 6/4 D4 10/2 E4 12/2 F4 14/4",
    "to_coda_without_coda.musicxml": "C4 0/4 D4 4/4 C4 8/4 D4 12/4",
}


def read_case(name: str) -> Score:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip("needs the scores in ../shared/cases/scores, which are not here")
    return read_score(path)


def describe_notes(score: Score) -> str:
    notes = score.notes
    rows = zip(notes.pitch.tolist(), notes.onset_quarter.tolist(), notes.duration_quarter.tolist(), strict=True)
    return " ".join(f"{NAMES[pitch % 12]}{pitch // 12 - 1} {onset:g}/{duration:g}" for pitch, onset, duration in rows)


@pytest.mark.parametrize("name", sorted(NOTES))
def test_case_plays_its_notes(name: str) -> None:
    assert describe_notes(read_case(name)) == NOTES[name]


# By file, its tempo marks in quarters a minute, by where they stand.
TEMPO = {
    "smpte_division.mid": {0: 120},
    "tempo_in_second_track.mid": {0: 90, 1: 180},
    "metric_modulation.musicxml": {0: 60, 4: 90},
    "sound_own_offset.musicxml": {2: 200},
    "tempo_long_decimal.musicxml": {0: 120},
    "tempo_words_only.musicxml": {0: 144, 4: 71},
}


@pytest.mark.parametrize("name", sorted(TEMPO))
def test_case_has_its_tempo_marks(name: str) -> None:
    score = read_case(name)
    found = zip(score.tempo_quarter.tolist(), score.tempo_qpm.tolist(), strict=True)
    assert {quarter: round(qpm, 3) for quarter, qpm in found} == TEMPO[name]


def test_case_senza_rit_keeps_its_tempo() -> None:
    assert read_case("senza_rit_words.musicxml").tempo_changes == ()


def test_case_tremolo_alternates_its_notes() -> None:
    notes = read_case("tremolo_two_notes.musicxml").notes
    assert notes.has(Mark.ALTERNATING).tolist() == [True, True]
    assert notes.value_quarter.tolist() == [0.125, 0.125]


def test_case_pedal_in_other_track_lets_its_note_ring() -> None:
    notes = read_case("pedal_in_other_track.mid").notes
    assert notes.duration_quarter.tolist() == [1]
    assert notes.ring_quarter.tolist() == [1]
