"""This module makes a score of a MusicXML file: it joins the bars of all parts and has them unfolded."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise, zip_longest
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from dp.errors import DataError
from dp.score.bar_lengths import Column, find_lengths, find_nominal
from dp.score.divided_bars import divide_bars
from dp.score.dynamics import set_levels
from dp.score.files import read_bytes, read_mxl
from dp.score.gradual import unfold_changes, unfold_fermatas
from dp.score.instruments import PROGRAM_COUNT, PartLabel, find_programs
from dp.score.measures import read_part
from dp.score.model import Bar, Signs
from dp.score.movements import cut_movement, describe_starts, find_movement_starts
from dp.score.numbers import Place, name_few
from dp.score.playing_order import find_playing_order
from dp.score.repeats import find_repeats
from dp.score.tempo import describe_tempo_oddities, is_absurd, join_tempo, settle_tempo
from dp.score.ties import mend_ties
from dp.score.unfold import unfold_bars, unfold_notes, unfold_tempo
from dp.score.xmltree import parse_xml
from dp.types import Score

COMPRESSED_SUFFIX = ".mxl"
_ADVICE = "export it again as MusicXML"


def read_musicxml(path: Path, movement: int | None = None) -> Score:
    """Read a MusicXML score, compressed or not, partwise or timewise.

    Args:
        path: the file.
        movement: which movement of a file that holds several, from 1; None = all of them, one after the other.

    Raises:
        DataError: the file is missing, damaged, hostile or no score, has no note that sounds or no such movement.
    """
    if path.suffix.lower() == COMPRESSED_SUFFIX:
        data = read_mxl(path)
    else:
        data = read_bytes(path)
        if data.startswith(b"PK\x03\x04"):
            raise DataError(path, "is a zip archive", f"if it is compressed MusicXML, name it {COMPRESSED_SUFFIX}")
    root = _make_partwise(parse_xml(data, path), path)
    definitions = {e.get("id", ""): e for e in root.iterfind("part-list/score-part")}
    parts = root.findall("part")
    if not parts:
        raise DataError(path, "has no parts", _ADVICE)
    warnings: list[str] = []
    bars = read_bars(parts, definitions, path, warnings)
    warnings += describe_starts(bars)
    bars = list(cut_movement(bars, movement, path))
    order, passes = find_playing_order(bars, path, warnings)
    notes = unfold_notes(bars, order, path)
    if not len(notes):
        raise DataError(path, "has 0 notes with a pitch", "give a score with notes")
    tempo_quarter, tempo_qpm = unfold_tempo(bars, order)
    told = [definitions.get(part.get("id", "")) for part in parts]
    repeats = find_repeats(bars, order, passes, path)
    return Score(
        _read_title(root, path),
        notes,
        tempo_quarter,
        tempo_qpm,
        tuple(_read_part_name(definition) for definition in told),
        repeats,
        tempo_changes=unfold_changes(bars, order, tempo_quarter),
        fermatas=unfold_fermatas(bars, order),
        oddities=(
            *name_few(warnings),
            *describe_tempo_oddities([qpm for bar in bars for qpm in bar.absurd_qpm]),
        ),
        bars=unfold_bars(bars, order),
        part_programs=find_programs([_read_part_label(definition) for definition in told]),
    )


def read_bars(
    parts: Sequence[Element], definitions: Mapping[str, Element], path: Path, warnings: list[str] | None = None
) -> list[Bar]:
    """Read the bars of a score as written.

    Args:
        parts: its <part> elements, from a partwise document.
        definitions: their <score-part> elements, by id.
        path: the file, for the errors.
        warnings: what is read otherwise than it is written is added here, if wanted.

    Raises:
        DataError: the content of a bar cannot be read.
    """
    part_bars = []
    warnings = [] if warnings is None else warnings
    for part in parts:
        name = part.get("id", "")
        part_bars.append(read_part(part, definitions.get(name), Place(path, name, warnings)))
    columns: list[Column] = list(zip_longest(*part_bars))
    _warn_of_numbers(columns, warnings)
    columns, lengths = divide_bars(columns, find_lengths(columns, warnings), path)
    starts = list(accumulate(lengths, initial=Fraction(0)))
    for one in zip(*columns, strict=True):
        bars = [bar for bar in one if bar is not None]
        mend_ties(bars, starts)
        set_levels(bars, starts)
    return _join_parts(columns, lengths, warnings)


def _warn_of_numbers(columns: Sequence[Column], warnings: list[str]) -> None:
    """Warn where bars of several parts are joined that do not have the same number."""
    for column in columns:
        names = dict.fromkeys(bar.name[:40] for bar in column if bar is not None)
        if len(names) > 1:
            numbers = " and ".join(repr(name) for name in [*names][:2])
            warnings.append(f"parts number their bars differently from {numbers} on: joined in their order")
            return


def _make_partwise(root: Element, path: Path) -> Element:
    """Return the document with its bars inside its parts; a timewise document has its parts inside its bars."""
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


def _join_parts(columns: Sequence[Column], lengths: Sequence[Fraction], warnings: list[str]) -> list[Bar]:
    """Join the bars of all parts: each has the signs of all of them.

    Programs write D.C. and similar signs into one part only.
    """
    joined = []
    for column, length in zip(columns, lengths, strict=True):
        present = [bar for bar in column if bar is not None]
        signs = Signs()
        for bar in present:
            signs.add(bar.signs)
        is_short = length < find_nominal(present).nominal_quarter
        joined.append(
            Bar(
                name=present[0].name,
                length_quarter=length,
                is_partial=(is_short and present[0].is_implicit) or present[0].is_continuation,
                parts=tuple(() if bar is None else tuple(bar.notes) for bar in column),
                tempo=join_tempo([bar.tempo for bar in present]),
                signs=signs,
                graduals=tuple(gradual for bar in present for gradual in bar.graduals),
                held=tuple(held for bar in present for held in bar.held),
                pedals=tuple(() if bar is None else tuple(bar.pedals) for bar in column),
                absurd_qpm=tuple(mark.qpm for bar in present for mark in bar.tempo if is_absurd(mark)),
                is_continuation=present[0].is_continuation,
            )
        )
    for before, after in pairwise(joined):  # signs that are written on the other side of the bar line
        after.signs.repeat_start |= before.signs.repeat_start_next
        after.signs.section_start |= before.signs.section_start_next
        before.signs.repeat_end_plays = before.signs.repeat_end_plays or after.signs.repeat_end_previous_plays
    starts = find_movement_starts(joined)
    for index in starts:
        present = [bar for bar in columns[index] if bar is not None]
        is_short = lengths[index] < find_nominal(present).nominal_quarter and not present[0].is_continued
        if is_short and len(joined) > 1:  # a pickup
            joined[index] = replace(joined[index], is_partial=True)
    baseless: list[int] = []
    tempo = settle_tempo((bar.tempo for bar in joined), frozenset(starts), baseless)
    warnings += [
        f"bar {joined[index].name[:40]}: a tempo counts from one before, and there is none: passed over"
        for index in baseless
    ]
    return [replace(bar, tempo=marks) for bar, marks in zip(joined, tempo, strict=True)]


def _read_part_name(definition: Element | None) -> str:
    """Read the name of a part; empty where it has none."""
    return "" if definition is None else " ".join(definition.findtext("part-name", "").split())


def _read_part_label(definition: Element | None) -> PartLabel:
    """Read what the definition of a part says of its instrument; of several instruments, the first counts."""
    if definition is None:
        return PartLabel(())
    number = definition.findtext("midi-instrument/midi-program", "").strip()
    is_program = re.fullmatch("[0-9]{1,3}", number) is not None and 1 <= int(number) <= PROGRAM_COUNT
    tags = ("part-name", "score-instrument/instrument-name", "part-abbreviation")
    return PartLabel(
        tuple(definition.findtext(tag, "") for tag in tags),
        int(number) - 1 if is_program else None,  # MusicXML counts from 1
        definition.findtext("score-instrument/instrument-sound", ""),
    )


def _read_title(root: Element, path: Path) -> str:
    """Read the titles of work and movement; where there are none, return the file's name."""
    titles = [" ".join(root.findtext(tag, "").split()) for tag in ("work/work-title", "movement-title")]
    return ", ".join(title for title in titles if title) or path.stem
