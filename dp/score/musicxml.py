"""MusicXML to a score."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise, zip_longest
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from dp.errors import DataError
from dp.score.dynamics import with_levels
from dp.score.files import read_bytes, read_mxl
from dp.score.gradual import unfold_changes, unfold_fermatas
from dp.score.marks import is_tempo, tempo_oddities
from dp.score.measures import read_part
from dp.score.model import Bar, PartBar, Signs, TempoMark
from dp.score.numbers import Place
from dp.score.playing_order import playing_order
from dp.score.repeats import find_repeats
from dp.score.unfold import played_bars, unfold_notes, unfold_tempo
from dp.score.xmltree import parse_xml
from dp.types import Score

COMPRESSED_SUFFIX = ".mxl"
_ADVICE = "export it again as MusicXML"


def read_musicxml(path: Path) -> Score:
    """A MusicXML score, compressed or not, partwise or timewise.

    Raises:
        DataError: the file is missing, damaged, hostile, no score, or has no note that sounds.
    """
    if path.suffix.lower() == COMPRESSED_SUFFIX:
        data = read_mxl(path)
    else:
        data = read_bytes(path)
        if data.startswith(b"PK\x03\x04"):
            raise DataError(path, "is a zip archive", f"if it is compressed MusicXML, name it {COMPRESSED_SUFFIX}")
    root = _partwise(parse_xml(data, path), path)
    definitions = {e.get("id", ""): e for e in root.iterfind("part-list/score-part")}
    parts = root.findall("part")
    if not parts:
        raise DataError(path, "has no parts", _ADVICE)
    bars = read_bars(parts, definitions, path)
    order, passes = playing_order(bars, path)
    notes = unfold_notes(bars, order, path)
    if not len(notes):
        raise DataError(path, "has 0 notes with a pitch", "give a score with notes")
    tempo_quarter, tempo_qpm = unfold_tempo(bars, order)
    part_names = tuple(_part_name(definitions.get(part.get("id", ""))) for part in parts)
    repeats = find_repeats(bars, order, passes, path)
    return Score(
        _title(root, path),
        notes,
        tempo_quarter,
        tempo_qpm,
        part_names,
        repeats,
        tempo_changes=unfold_changes(bars, order, tempo_quarter),
        fermatas=unfold_fermatas(bars, order),
        oddities=tempo_oddities([qpm for bar in bars for qpm in bar.absurd_qpm]),
        bars=played_bars(bars, order),
    )


def read_bars(parts: Sequence[Element], definitions: Mapping[str, Element], path: Path) -> list[Bar]:
    """The bars of a score as written.

    Args:
        parts: its <part> elements, partwise.
        definitions: their <score-part> elements, by id.
        path: the file an error names.

    Raises:
        DataError: what is written in a bar cannot be read.
    """
    part_bars = []
    for part in parts:
        name = part.get("id", "")
        part_bars.append(read_part(part, definitions.get(name), Place(path, name)))
    lengths = [_length_quarter(column) for column in zip_longest(*part_bars)]
    starts = list(accumulate(lengths, initial=Fraction(0)))
    for bars in part_bars:
        with_levels(bars, starts)
    return _join_parts(part_bars)


def _length_quarter(column: Sequence[PartBar | None]) -> Fraction:
    """A bar is as long as its longest part, or else as its time signature says."""
    present = [bar for bar in column if bar is not None]
    return max(bar.content_quarter for bar in present) or present[0].nominal_quarter


def _partwise(root: Element, path: Path) -> Element:
    """The document with bars inside parts, which timewise documents have the other way round."""
    if root.tag == "score-partwise":
        return root
    if root.tag != "score-timewise":
        raise DataError(path, f"is XML with the root <{root.tag[:40]}>, not a MusicXML score", _ADVICE)
    parts: dict[str, Element] = {}
    for measure in root.findall("measure"):
        for part in measure.iterfind("part"):
            name = part.get("id", "")
            if name not in parts:
                parts[name] = SubElement(root, "part", {"id": name})
            SubElement(parts[name], "measure", measure.attrib).extend(part)
    return root


def _join_parts(part_bars: Sequence[Sequence[PartBar]]) -> list[Bar]:
    """Bars of all parts together: as long as the longest part, and with the signs of all.

    Programs write D.C. and the like into one part only, and let a part end its bar early.
    """
    joined = []
    columns = list(zip_longest(*part_bars))
    for index, column in enumerate(columns):
        present = [bar for bar in column if bar is not None]
        nominal = present[0].nominal_quarter
        length = _length_quarter(column)
        signs = Signs()
        for bar in present:
            signs.add(bar.signs)
        is_pickup = index == 0 and len(columns) > 1
        joined.append(
            Bar(
                name=present[0].name,
                length_quarter=length,
                is_partial=length < nominal and (is_pickup or present[0].is_implicit),
                parts=tuple(() if bar is None else tuple(bar.notes) for bar in column),
                tempo=_join_tempo([bar.tempo for bar in present]),
                signs=signs,
                graduals=tuple(gradual for bar in present for gradual in bar.graduals),
                held=tuple(held for bar in present for held in bar.held),
                pedals=tuple(() if bar is None else tuple(bar.pedals) for bar in column),
                absurd_qpm=tuple(mark.qpm for bar in present for mark in bar.tempo if not is_tempo(mark.qpm)),
            )
        )
    for before, bar in pairwise(joined):  # signs that stand on the other side of a bar line
        bar.signs.repeat_start |= before.signs.repeat_start_next
        bar.signs.section_start |= before.signs.section_start_next
        before.signs.repeat_end_plays = before.signs.repeat_end_plays or bar.signs.repeat_end_previous_plays
    return joined


def _join_tempo(parts: Sequence[Sequence[TempoMark]]) -> tuple[TempoMark, ...]:
    """One mark for each place: what is meant for playing before what is printed, then the uppermost part's last."""
    best: dict[Fraction, TempoMark] = {}
    for marks in reversed(parts):
        for mark in sorted((m for m in marks if is_tempo(m.qpm)), key=lambda m: m.is_sound):
            known = best.get(mark.onset_quarter)
            if known is None or mark.is_sound >= known.is_sound:
                best[mark.onset_quarter] = mark
    return tuple(best[onset] for onset in sorted(best))


def _part_name(definition: Element | None) -> str:
    return "" if definition is None else " ".join(definition.findtext("part-name", "").split())


def _title(root: Element, path: Path) -> str:
    """Titles of the work and the movement; the file's name where the score has none."""
    titles = [" ".join(root.findtext(tag, "").split()) for tag in ("work/work-title", "movement-title")]
    return ", ".join(title for title in titles if title) or path.stem
