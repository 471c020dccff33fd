"""Tiny MusicXML documents, built in code."""

from pathlib import Path

import pytest

from dp.score import read_score
from dp.types import Score

LETTERS = "CcDdEFfGgAaB"  # small letters are the sharps


class XmlBuilder:
    """Writes and reads scores of whole notes in 4/4, unless told otherwise. One division is a quarter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    forward = '<barline location="left"><repeat direction="forward"/></barline>'
    backward = '<barline location="right"><repeat direction="backward"/></barline>'

    def note(self, step: str, duration: str = "4", before: str = "", after: str = "", octave: int = 4) -> str:
        """A note; `before` goes before its pitch (<chord/>, <grace/>, <cue/>), `after` behind its duration (<tie/>)."""
        length = f"<duration>{duration}</duration>" if duration else ""
        pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        return f"<note>{before}{pitch}{length}{after}</note>"

    def rest(self, duration: str) -> str:
        return f"<note><rest/><duration>{duration}</duration></note>"

    def ending(self, number: str, content: str, *, repeat: str = "", stop: str = "stop") -> str:
        """A bar in a bracket of its own."""
        return (
            f'<barline location="left"><ending number="{number}" type="start"/></barline>{content}'
            f'<barline location="right"><ending number="{number}" type="{stop}"/>{repeat}</barline>'
        )

    def words(self, text: str, sound: str = "") -> str:
        return f"<direction><direction-type><words>{text}</words></direction-type>{sound}</direction>"

    def part(self, *bars: str, attributes: str = "", name: str = "P1") -> str:
        first = (
            f"<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>{attributes}"
            "</attributes>"
        )
        measures = [f'<measure number="{i + 1}">{first if i == 0 else ""}{bar}</measure>' for i, bar in enumerate(bars)]
        return f'<part id="{name}">{"".join(measures)}</part>'

    def document(self, *parts: str, head: str = "", part_list: str | None = None) -> str:
        if part_list is None:
            part_list = '<score-part id="P1"><part-name>Violin</part-name></score-part>'
        body = f"{head}<part-list>{part_list}</part-list>{''.join(parts)}"
        return f'<score-partwise version="4.0">{body}</score-partwise>'

    def write(self, document: str | bytes, name: str = "score.musicxml") -> Path:
        path = self.folder / name
        path.write_bytes(document.encode() if isinstance(document, str) else document)
        return path

    def read(self, *bars: str, attributes: str = "") -> Score:
        """The score of one part."""
        return read_score(self.write(self.document(self.part(*bars, attributes=attributes))))

    def letters(self, *bars: str) -> str:
        """What one part plays, by the letters of its pitches."""
        return "".join(LETTERS[pitch % 12] for pitch in self.read(*bars).notes.pitch)


@pytest.fixture(scope="session")
def xml_session(tmp_path_factory: pytest.TempPathFactory) -> XmlBuilder:
    """For properties, which run one test many times."""
    return XmlBuilder(tmp_path_factory.mktemp("scores"))


@pytest.fixture
def xml(tmp_path: Path) -> XmlBuilder:
    return XmlBuilder(tmp_path)
