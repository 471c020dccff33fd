"""Tempo marks of MusicXML are read here, and those of all parts are brought into one row.

<sound> counts before <metronome>, a number before words, and a heading such as "Allegro" last.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from dp.score.model import PartBar, TempoMark, TempoSource
from dp.score.numbers import QUARTERS_OF_TYPE, Place
from dp.score.tempo_words import find_change, find_heading

MIN_QPM, MAX_QPM = 1.0, 2000.0  # bounds of tempo marks that count, quarters per minute (docs/score-marks.md)
NAMED_COUNT = 5  # odd values that a message names at most
TEMPO_DIGIT_COUNT = 9  # behind the point; programs write 120 as 120.00000000000001

_FIRST_TEMPO = re.compile(r"\(?(tempo (i|1|primo|1mo|1º|1°)|1o tempo|erstes tempo|1er mouvement)\.?\)?", re.IGNORECASE)
_A_TEMPO = re.compile(r"\(?(a|in) tempo\.?\)?", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,4}(\.\d{1,4})?")
# A number in words: a note (Unicode, or SMuFL's signs of metronome marks) and its dots, then "= 80".
_NOTES = {"𝅗𝅥": 2.0, "♩": 1.0, "𝅘𝅥": 1.0, "♪": 0.5, "\ueca3": 2.0, "\ueca5": 1.0, "\ueca7": 0.5}
_IN_WORDS = re.compile(rf"({'|'.join(_NOTES)})\s*([.\uecb7]?)\s*=\s*(?:ca?\.?\s*)?(\d{{2,3}})")


def read_printed_tempo(element: Element, bar: PartBar, position_quarter: Fraction, *, has_sound: bool) -> None:
    """Read the metronome marks and the tempo heading of a direction into its bar.

    Args:
        element: the <direction>.
        bar: the bar that it stands in.
        position_quarter: where it takes effect, from the start of the bar.
        has_sound: its <sound> states a tempo, which counts instead of its words.
    """
    words = " ".join(" ".join(w.text or "" for w in element.iterfind("direction-type/words")).split())
    heading = find_heading(words) if words and element.get("placement") != "below" else None
    if has_sound:
        bar.tempo[-1] = replace(bar.tempo[-1], heading=heading)
    found = False
    for metronome in element.iterfind("direction-type/metronome"):
        qpm, factor = parse_metronome_qpm(metronome), parse_modulation(metronome)
        if qpm is not None:
            bar.tempo.append(TempoMark(position_quarter, float(qpm), TempoSource.PRINTED, heading))
        elif factor is not None:
            bar.tempo.append(TempoMark(position_quarter, 0.0, TempoSource.RELATIVE, factor=float(factor)))
        found |= qpm is not None or factor is not None
    in_words = _IN_WORDS.search(words)
    if found or has_sound:
        return
    if in_words:
        length_quarter = _NOTES[in_words[1]] * (1.5 if in_words[2] else 1.0)
        bar.tempo.append(TempoMark(position_quarter, int(in_words[3]) * length_quarter, TempoSource.PRINTED, heading))
    elif heading:
        bar.tempo.append(TempoMark(position_quarter, heading.qpm, TempoSource.WORDS, heading))
    else:
        _read_relative_words(words, bar, position_quarter)


def _read_relative_words(words: str, bar: PartBar, position_quarter: Fraction) -> None:
    """Read words that relate to a tempo before, such as "Tempo I", "più mosso" and "a tempo", into their bar."""
    factor = find_change(words)
    if _FIRST_TEMPO.fullmatch(words):
        bar.tempo.append(TempoMark(position_quarter, 0.0, TempoSource.RELATIVE, is_first=True))
    elif factor is not None:
        bar.tempo.append(TempoMark(position_quarter, 0.0, TempoSource.RELATIVE, factor=factor, is_passing=True))
    elif _A_TEMPO.fullmatch(words):
        bar.tempo.append(TempoMark(position_quarter, 0.0, TempoSource.RELATIVE, is_back=True))


def read_sound_tempo(sound: Element, bar: PartBar, position_quarter: Fraction, place: Place) -> bool:
    """Read the tempo of a <sound> into its bar; return whether it states one. What is no number is passed over."""
    text = sound.get("tempo")
    if text is None:
        return False
    try:
        qpm = float(text)
    except ValueError:
        qpm = float("nan")
    if not abs(qpm) < float("inf"):
        place.warn("a tempo that is no number is passed over")
        return False
    bar.tempo.append(TempoMark(position_quarter, round(qpm, TEMPO_DIGIT_COUNT), TempoSource.SOUND))
    return True


def parse_metronome_qpm(metronome: Element) -> Fraction | None:
    """Parse the quarters per minute of a printed tempo mark; None where it states no number, such as "Tempo I"."""
    number = _NUMBER.search(metronome.findtext("per-minute", ""))
    lengths = _list_beat_quarters(metronome)
    return Fraction(number.group()) * lengths[0] if number is not None and lengths else None


def parse_modulation(metronome: Element) -> Fraction | None:
    """Parse how many times as fast a metric modulation is, such as "quarter = dotted quarter"; None for other marks.

    What stands on the left lasts before the mark as long as what stands on the right lasts after it.
    """
    lengths = _list_beat_quarters(metronome)
    if len(lengths) == 2:
        return lengths[1] / lengths[0]
    sides = [Fraction(0), Fraction(0)]
    side = 0
    ratio = Fraction(1)
    for element in metronome:
        if element.tag == "metronome-relation":
            side = 1
        if element.tag != "metronome-note":
            continue
        tuplet = element.find("metronome-tuplet")
        if tuplet is not None and tuplet.get("type") == "start":
            ratio = _find_tuplet_ratio(tuplet)
        unit = QUARTERS_OF_TYPE.get(element.findtext("metronome-type", "").strip(), Fraction(0))
        sides[side] += unit * _find_dot_factor(len(element.findall("metronome-dot"))) * ratio
        if tuplet is not None and tuplet.get("type") == "stop":
            ratio = Fraction(1)
    return sides[1] / sides[0] if all(sides) else None


def _find_tuplet_ratio(tuplet: Element) -> Fraction:
    """Find how long the notes of a tuplet are, for what they are written as; 1 where it does not say."""
    actual, normal = (tuplet.findtext(name, "").strip() for name in ("actual-notes", "normal-notes"))
    is_ratio = all(text.isdecimal() and int(text[:4]) > 0 for text in (actual, normal))
    return Fraction(int(normal[:4]), int(actual[:4])) if is_ratio else Fraction(1)


def _list_beat_quarters(metronome: Element) -> list[Fraction]:
    """List the lengths of a tempo mark's <beat-unit>s, with dots and what is tied to them; [] if one is unknown."""
    lengths: list[Fraction] = []
    undotted = Fraction(0)
    for element in metronome:
        if element.tag in ("beat-unit", "beat-unit-tied"):
            unit = element.text if element.tag == "beat-unit" else element.findtext("beat-unit")
            undotted = QUARTERS_OF_TYPE.get((unit or "").strip(), Fraction(0))
            if not undotted:
                return []
        if element.tag == "beat-unit":
            lengths.append(undotted)
        elif element.tag == "beat-unit-tied" and lengths:
            lengths[-1] += undotted * _find_dot_factor(len(element.findall("beat-unit-dot")))
        elif element.tag == "beat-unit-dot" and lengths:
            undotted /= 2
            lengths[-1] += undotted
    return lengths


def _find_dot_factor(dot_count: int) -> Fraction:
    """Return how many times as long a note is with its dots."""
    return 2 - Fraction(1, 2 ** min(dot_count, 4))


def join_tempo(parts: Sequence[Sequence[TempoMark]]) -> tuple[TempoMark, ...]:
    """Choose a tempo mark of a bar for each place: by source, then the uppermost part, then its last mark."""
    best: dict[Fraction, TempoMark] = {}
    for marks in reversed(parts):
        for mark in sorted((m for m in marks if not is_absurd(m)), key=lambda m: m.source):
            known = best.get(mark.onset_quarter)
            if known is None or mark.source >= known.source:
                best[mark.onset_quarter] = mark
    return tuple(best[onset] for onset in sorted(best))


def _give_headings_their_numbers(bars: Iterable[tuple[TempoMark, ...]]) -> list[list[TempoMark]]:
    """Give a number without a heading the heading before it, in its bar or the one before; the heading then has it."""
    given: list[list[TempoMark]] = []
    before: tuple[list[TempoMark], TempoMark] | None = None  # a heading without a number, and its bar's marks
    for index, marks in enumerate(bars):
        given.append([])
        for mark in marks:
            is_number = mark.source > TempoSource.RELATIVE and mark.heading is None
            if is_number and before is not None and any(before[0] is near for near in given[max(index - 1, 0) :]):
                before[0].remove(before[1])
                mark = replace(mark, heading=before[1].heading)
            given[-1].append(mark)
            before = (given[-1], mark) if mark.source == TempoSource.WORDS else None
    return given


def settle_tempo(
    bars: Iterable[tuple[TempoMark, ...]], movement_starts: Collection[int], baseless: list[int]
) -> list[tuple[TempoMark, ...]]:
    """Give every tempo mark its number, in the order of writing.

    A metric modulation and "più mosso" count from the tempo before, "Tempo I" from the first one of its movement, "a
    tempo" from the last one that is not "più mosso" or its like; each needs one.
    A heading whose tempo word had a number before follows that number.

    Args:
        bars: the marks of each bar.
        movement_starts: indices of the bars with which movements begin.
        baseless: indices of bars with a mark that counts from a tempo before, where there is none, are added.
    """
    first = current = steady = 0.0
    known: dict[str, float] = {}  # how many times as fast as usual this score takes a tempo word
    settled = []
    for index, marks in enumerate(_give_headings_their_numbers(bars)):
        first = 0.0 if index in movement_starts else first
        found: list[TempoMark] = []
        for mark in marks:
            qpm = mark.qpm or round(current * mark.factor, TEMPO_DIGIT_COUNT)
            if mark.is_first or mark.is_back:
                qpm = first if mark.is_first else steady
            if not current and not mark.qpm and mark.factor != 1.0:
                baseless.append(index)
            if mark.heading and mark.source == TempoSource.WORDS:
                qpm = round(qpm * known.get(mark.heading.word, 1.0), TEMPO_DIGIT_COUNT)
            elif mark.heading:
                known[mark.heading.word] = qpm / mark.heading.qpm
            if is_tempo(qpm) and (qpm != current or mark.source != TempoSource.RELATIVE):
                found.append(replace(mark, qpm=qpm))
                first, current, steady = first or qpm, qpm, steady if mark.is_passing else qpm
        settled.append(tuple(found))
    return settled


def is_tempo(qpm: float) -> bool:
    """Return whether a tempo is one that music can have; other tempo marks are ignored, with a warning."""
    return MIN_QPM <= qpm <= MAX_QPM


def is_absurd(mark: TempoMark) -> bool:
    """Return whether a mark states a tempo that no music has."""
    return mark.source != TempoSource.RELATIVE and not is_tempo(mark.qpm)


def describe_tempo_oddities(absurd_qpm: Sequence[float]) -> tuple[str, ...]:
    """Return the warning about tempo marks that were ignored; none where there are none."""
    if not absurd_qpm:
        return ()
    named = ", ".join(f"{qpm:g}" for qpm in sorted(set(absurd_qpm))[:NAMED_COUNT])
    bounds = f"{MIN_QPM:g} to {MAX_QPM:g} quarters per minute"
    return (f"tempo marks outside {bounds} passed over: {len(absurd_qpm)} ({named})",)
