"""Notes that are shown and do not sound, or are shown twice: tablature, ossia staves, slashes, drums."""

from pathlib import Path

import pytest

from dp.score import read_score
from dp.types import Score
from tests.score import xml

BACK = "<backup><duration>4</duration></backup>"


def on_staff(step: str, staff: int) -> str:
    return xml.note(step, after=f"<voice>{staff}</voice><staff>{staff}</staff>")


def read_two_staves(folder: Path, attributes: str, second: str) -> Score:
    return xml.read(folder, on_staff("E", 1) + BACK + on_staff(second, 2), attributes=f"<staves>2</staves>{attributes}")


@pytest.mark.parametrize(("second", "pitches"), [("E", [64]), ("F", [64, 65])])
def test_tablature_that_shows_other_notes_again_sounds_once(tmp_path: Path, second: str, pitches: list[int]) -> None:
    clefs = '<clef number="1"><sign>G</sign></clef><clef number="2"><sign>TAB</sign></clef>'
    assert read_two_staves(tmp_path, clefs, second).notes.pitch.tolist() == pitches


def test_tablature_alone_sounds(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("E"), attributes="<clef><sign>TAB</sign></clef>")
    assert score.notes.pitch.tolist() == [64]


def test_ossia_staves_are_silent(tmp_path: Path) -> None:
    ossia = '<staff-details number="2"><staff-type>{}</staff-type></staff-details>'
    score = read_two_staves(tmp_path, ossia.format("ossia"), "G")
    assert score.notes.pitch.tolist() == [64]
    assert score.oddities == ("part 'P1': notes on ossia, alternate or cue staves are left out: 1",)
    assert read_two_staves(tmp_path, ossia.format("editorial"), "G").notes.pitch.tolist() == [64, 67]


def test_slashes_show_a_rhythm_only(tmp_path: Path) -> None:
    score = xml.read(tmp_path, xml.note("C"), xml.note("B", after="<notehead>slash</notehead>"), xml.note("D"))
    assert score.notes.pitch.tolist() == [60, 62]
    assert score.notes.onset_quarter.tolist() == [0, 8]
    assert score.oddities == ("part 'P1', bar '2': a slash shows a rhythm only: left out",)


def test_notes_on_the_drum_channel_are_told(tmp_path: Path) -> None:
    drums = '<score-part id="P2"><midi-instrument id="D"><midi-channel>10</midi-channel></midi-instrument></score-part>'
    document = xml.document(xml.part(xml.note("C")), xml.part(xml.note("D"), name="P2"), part_list=drums)
    score = read_score(xml.write(tmp_path, document))
    assert score.oddities == ("part 'P2': notes with a pitch on MIDI's drum channel are left out: 1",)
