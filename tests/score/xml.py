"""Tiny MusicXML documents, built in code: whole notes in 4/4, unless told otherwise. One division is a quarter."""

from pathlib import Path

from dp.score import read_score
from dp.types import Score

LETTERS = "CcDdEFfGgAaB"  # small letters are the sharps
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACKWARD = '<barline location="right"><repeat direction="backward"/></barline>'


def note(step: str, duration: str = "4", before: str = "", after: str = "", octave: int = 4) -> str:
    """A note; `before` goes before its pitch (<chord/>, <grace/>, <cue/>), `after` behind its duration (<tie/>)."""
    length = f"<duration>{duration}</duration>" if duration else ""
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{before}{pitch}{length}{after}</note>"


def rest(duration: str) -> str:
    return f"<note><rest/><duration>{duration}</duration></note>"


def ending(number: str, content: str, *, repeat: str = "", stop: str = "stop") -> str:
    """A bar in a bracket of its own."""
    return (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>{content}'
        f'<barline location="right"><ending number="{number}" type="{stop}"/>{repeat}</barline>'
    )


def words(text: str, sound: str = "") -> str:
    return f"<direction><direction-type><words>{text}</words></direction-type>{sound}</direction>"


def dashes(text: str, kind: str) -> str:
    """An end of the dashes that go on from words, which may be empty."""
    said = f"<direction-type><words>{text}</words></direction-type>" if text else ""
    return f'<direction>{said}<direction-type><dashes type="{kind}"/></direction-type></direction>'


def part(*bars: str, attributes: str = "", name: str = "P1") -> str:
    time = "<time><beats>4</beats><beat-type>4</beat-type></time>"
    first = f"<attributes><divisions>1</divisions>{time}{attributes}</attributes>"
    measures = [f'<measure number="{i + 1}">{first if i == 0 else ""}{bar}</measure>' for i, bar in enumerate(bars)]
    return f'<part id="{name}">{"".join(measures)}</part>'


def document(*parts: str, head: str = "", part_list: str | None = None) -> str:
    if part_list is None:
        part_list = '<score-part id="P1"><part-name>Violin</part-name></score-part>'
    body = f"{head}<part-list>{part_list}</part-list>{''.join(parts)}"
    return f'<score-partwise version="4.0">{body}</score-partwise>'


def write(folder: Path, content: str | bytes, name: str = "score.musicxml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, *bars: str, attributes: str = "") -> Score:
    """The score of one part."""
    return read_score(write(folder, document(part(*bars, attributes=attributes))))


def letters(folder: Path, *bars: str) -> str:
    """What one part plays, by the letters of its pitches."""
    return "".join(LETTERS[pitch % 12] for pitch in read(folder, *bars).notes.pitch)
