from pathlib import Path

import numpy as np
import pytest

from bench.align.match_file import read_match_file, sound_ends
from bench.align.performances import piano_truth
from dp.errors import DataError
from dp.types import ScoreNotes

TEXT = """info(matchFileVersion,1.0.0).
info(midiClockUnits,480).
info(midiClockRate,500000).
scoreprop(timeSignature,2/4,0:1,0,-0.5000).
snote(n1,[B,b],3,0:1,0,1/8,-0.5000,0.0000,[v1,staff1])-note(n0,58,960,1920,38,0,0).
insertion-note(n9,61,1000,1100,38,0,0).
snote(n2,[E,n],4,1:1,0,1/8,0.0000,0.5000,[v1,staff1])-deletion.
snote(n3,[G,#],3,1:1,0,1/16,0.0000,0.0000,[v3,staff1,grace])-note(n3,56,1440,1536,22,0,0).
sustain(1800,100).
sustain(2400,0).
"""


def test_a_match_file_says_when_each_score_note_was_played(tmp_path: Path) -> None:
    path = tmp_path / "a.match"
    path.write_text(TEXT)
    notes = read_match_file(path)
    assert notes.pitch.tolist() == [58, 64, 56]
    assert notes.onset_quarter.tolist() == [-0.5, 0.0, 0.0]
    assert notes.duration_quarter.tolist() == [0.5, 0.5, 0.0]
    np.testing.assert_allclose(notes.onset_sec, [1.0, np.nan, 1.5])  # 960 ticks a second
    np.testing.assert_allclose(notes.offset_sec, [2.0, np.nan, 1.6])
    np.testing.assert_allclose(notes.sound_end_sec, [2.5, np.nan, 1.6])
    assert notes.first_onset_sec == 1.0


@pytest.mark.parametrize("text", ["", TEXT.replace("[B,b]", "[H,b]"), TEXT[:90]])
def test_what_is_no_match_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.match"
    path.write_text(text)
    with pytest.raises(DataError):
        read_match_file(path)


def test_sound_ends_with_the_pedal_or_the_next_stroke() -> None:
    notes = np.array([[60.0, 0, 2], [60, 5, 6], [62, 0, 9], [64, 0, 11], [60, 3, 4]])
    pedal = np.array([[1.0, 64], [1.5, 127], [7, 64], [10, 90]])
    # 60 at 0 rings until it is struck again, 60 at 3 and 5 likewise or until the pedal is lifted at 7;
    # 62 is released without pedal; the pedal under 64 is never lifted
    assert sound_ends(notes, pedal).tolist() == [3.0, 7.0, 9.0, 11.0, 5.0]


def test_truth_is_found_by_pitch_place_and_duration(tmp_path: Path) -> None:
    path = tmp_path / "a.match"
    path.write_text(TEXT.replace("-deletion.", "-note(n5,64,2880,3360,30,0,0)."))
    whole = np.ones(4, dtype=np.int64)
    onset, duration = np.array([0.0, 0.5, 0.5, 0.5]), np.array([0.5, 0.0, 0.25, 0.5])
    score = ScoreNotes(onset, duration, np.array([58, 56, 64, 64]), 0 * whole, whole, whole, 0 * whole)
    truth = piano_truth(score, read_match_file(path))
    assert truth.onset_quarter.tolist() == [-0.5, 0.0, 0.0, 0.0]
    assert truth.played.tolist() == [True, True, False, True]  # the short e is another voice's
    np.testing.assert_allclose(truth.onset_sec, [1.0, 1.5, np.nan, 3.0])
