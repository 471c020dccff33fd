"""Dynamic marks and hairpins of MusicXML as the level of every note."""

from pathlib import Path

import pytest

from dp.types import Mark
from tests.score import xml


def dynamics(*names: str) -> str:
    signs = "".join(f"<{name}/>" for name in names)
    return f"<direction><direction-type><dynamics>{signs}</dynamics></direction-type></direction>"


def wedge(kind: str) -> str:
    return f'<direction><direction-type><wedge type="{kind}"/></direction-type></direction>'


def quarters(count: int = 4) -> list[str]:
    return [xml.note("C", "1") for _ in range(count)]


def test_a_mark_holds_until_the_next_and_none_is_0(tmp_path: Path) -> None:
    first, second, third, fourth = quarters()
    notes = xml.read(tmp_path, first + dynamics("p") + second + third + dynamics("ff") + fourth, xml.note("C")).notes
    assert notes.dynamic.tolist() == [0, 49, 49, 112, 112]


def test_a_hairpin_leads_to_the_mark_at_its_end(tmp_path: Path) -> None:
    bar = dynamics("p") + wedge("crescendo") + "".join(quarters()) + wedge("stop")
    notes = xml.read(tmp_path, bar, dynamics("f") + xml.note("C")).notes
    assert notes.dynamic.tolist() == [49, 49 + 47 / 4, 49 + 47 / 2, 49 + 141 / 4, 96]


def test_a_hairpin_that_stands_before_its_mark_in_the_file_starts_from_it(tmp_path: Path) -> None:
    bar = wedge("diminuendo") + dynamics("f") + "".join(quarters()) + wedge("stop")
    assert xml.read(tmp_path, bar, xml.note("C")).notes.dynamic.tolist() == [96, 92, 88, 84, 80]


def test_a_crescendo_to_a_sudden_piano_rises_first(tmp_path: Path) -> None:
    bar = dynamics("p") + wedge("crescendo") + "".join(quarters()) + wedge("stop")
    assert xml.read(tmp_path, bar, dynamics("p") + xml.note("C")).notes.dynamic.tolist() == [49, 53, 57, 61, 49]


def test_words_with_dashes_are_a_hairpin(tmp_path: Path) -> None:
    bar = dynamics("mf") + xml.dashes("dim.", "start") + "".join(quarters()) + xml.dashes("", "stop")
    assert xml.read(tmp_path, bar, xml.note("C")).notes.dynamic.tolist() == [80, 76, 72, 68, 64]


def test_words_alone_go_on_to_the_next_mark(tmp_path: Path) -> None:
    bar = dynamics("p") + xml.words("poco cresc.") + "".join(quarters(2)) + xml.note("C", "2")
    notes = xml.read(tmp_path, bar, xml.note("C"), dynamics("f") + xml.note("C")).notes
    assert notes.dynamic.tolist() == pytest.approx([49, 49 + 47 / 8, 49 + 47 / 4, 49 + 47 / 2, 96])


def test_forte_piano_is_loud_for_one_note_and_sforzando_is_a_stress(tmp_path: Path) -> None:
    first, second, third, fourth = quarters()
    notes = xml.read(tmp_path, dynamics("fp") + first + second + dynamics("sfz") + third + fourth).notes
    assert notes.dynamic.tolist() == [96, 49, 49, 49]
    assert notes.has(Mark.SFORZANDO).tolist() == [False, False, True, False]


def test_a_level_that_only_sounds_counts_where_nothing_is_printed(tmp_path: Path) -> None:
    sound = '<direction><direction-type><words>dolce</words></direction-type><sound dynamics="60"/></direction>'
    both = dynamics("f").replace("</direction>", '<sound dynamics="10"/></direction>')
    assert xml.read(tmp_path, sound + xml.note("C"), both + xml.note("C")).notes.dynamic.tolist() == [54, 96]


def test_a_note_may_state_its_own_level(tmp_path: Path) -> None:
    own = xml.note("C").replace("<note>", '<note dynamics="100">')
    assert xml.read(tmp_path, dynamics("p") + own, xml.note("C")).notes.dynamic.tolist() == [90, 49]


def test_a_repeat_brings_its_levels_back(tmp_path: Path) -> None:
    score = xml.read(
        tmp_path, xml.FORWARD + dynamics("p") + xml.note("C"), dynamics("f") + xml.note("D") + xml.BACKWARD
    )
    assert score.notes.dynamic.tolist() == [49, 96, 49, 96]
