"""This module reads what is written at a note beside pitch and length: articulations, slurs, ornaments, grace notes."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from dp.score.model import PLAIN, Marking
from dp.score.numbers import QUARTERS_OF_TYPE, Place
from dp.types import Mark

LETTERS = "CDEFGAB"
SEMITONES = dict(zip(LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
SHARP_ORDER = "FCGDAEB"  # in which sharps come in key signatures; flats come in reverse
NEIGHBOUR_SEMITONE = (1, 4)  # bounds of an ornament's step: a step beyond them comes from a wrong accidental
FORTE_VELOCITY = 90  # what 100 % in the attribute `dynamics` means (MusicXML 4.0)
MAX_TREMOLO_STROKE = 8  # MusicXML's own bound
GRACE_VALUE_QUARTER = Fraction(1, 2)  # of a grace note without a type: an eighth, as nearly all are printed

_FIFTHS = re.compile(r"[+-]?(1[0-4]|\d)")  # of a key signature: up to fourteen, seven double sharps

_ARTICULATIONS = {
    "staccato": Mark.STACCATO,
    "spiccato": Mark.STACCATO,
    "staccatissimo": Mark.STACCATISSIMO,
    "tenuto": Mark.TENUTO,
    "detached-legato": Mark.STACCATO | Mark.TENUTO,
    "accent": Mark.ACCENT,
    "strong-accent": Mark.STRONG_ACCENT,
    "stress": Mark.ACCENT,
}
_ORNAMENTS = {
    "trill-mark": Mark.TRILL,
    "shake": Mark.TRILL,
    "mordent": Mark.MORDENT,
    "inverted-mordent": Mark.INVERTED_MORDENT,
    "turn": Mark.TURN,
    "vertical-turn": Mark.TURN,
    "inverted-turn": Mark.INVERTED_TURN,
    "inverted-vertical-turn": Mark.INVERTED_TURN,
    "delayed-turn": Mark.TURN | Mark.DELAYED,
    "delayed-inverted-turn": Mark.INVERTED_TURN | Mark.DELAYED,
}
_PLAYED_OUT = Mark.TRILL | Mark.MORDENT | Mark.INVERTED_MORDENT | Mark.TURN | Mark.INVERTED_TURN
_ALTERS = {
    "sharp": 1,
    "natural": 0,
    "flat": -1,
    "double-sharp": 2,
    "sharp-sharp": 2,
    "flat-flat": -2,
    "natural-sharp": 1,
    "natural-flat": -1,
}
_STEPS = {"half": 1, "whole": 2}  # of the attribute trill-step


@dataclass(slots=True)
class NotationReader:
    """It reads the notes of one part in the order of the file, and remembers signs that count for further notes."""

    fifths: dict[str, int] = field(default_factory=dict)  # of the key signature, by staff; "" = all
    accidentals: dict[tuple[str, str, int], int] = field(default_factory=dict)  # of the bar, by staff, letter, octave
    slurs: dict[str, str] = field(default_factory=dict)  # voices of open slurs, by number
    wavy_lines: dict[str, str] = field(default_factory=dict)  # voices of open wavy lines, by number
    grace_order: dict[str, int] = field(default_factory=dict)  # of the latest grace note, by voice

    def start_bar(self) -> None:
        """Forget the accidentals of the bar before: they hold until the bar line."""
        self.accidentals.clear()

    def read_key(self, attributes: Element, place: Place) -> None:
        """Read key signatures; those that name their steps one by one count as none, and so do impossible ones."""
        for key in attributes.iterfind("key"):
            staff = key.get("number", "")
            if not staff:
                self.fifths.clear()
            text = key.findtext("fifths", "0").strip()
            is_known = _FIFTHS.fullmatch(text) is not None
            fifths = int(text) if is_known else 0
            if not is_known or abs(fifths) > len(LETTERS):
                place.warn(f"a key signature of {text[:20]!r} fifths is read as {fifths}")
            self.fifths[staff] = fifths

    def read(self, element: Element) -> Marking:
        """Read the marking of a note that has a pitch."""
        voice, staff = element.findtext("voice", "1").strip(), element.findtext("staff", "").strip()
        marks = Mark(0)
        upper = lower = 0
        self._remember_accidental(element, staff)
        if (
            element.find("notations") is None
            and element.find("grace") is None
            and voice not in self._list_trilled_voices()
        ):
            return self._read_plain(element, voice)
        for notations in element.iterfind("notations"):
            for group in notations.iterfind("articulations"):
                for sign in group:
                    marks |= _ARTICULATIONS.get(sign.tag, Mark(0))
            arpeggio = notations.find("arpeggiate")
            if arpeggio is not None:
                marks |= Mark.ARPEGGIO | (Mark.DOWNWARDS if arpeggio.get("direction") == "down" else Mark(0))
            if notations.find("fermata") is not None:
                marks |= Mark.FERMATA
        marks |= self._read_ornaments(element) | self._read_wavy_lines(element, voice)
        if marks & _PLAYED_OUT:
            upper, lower = self._find_neighbours(element, staff, marks)
        marks |= Mark.SLURRED if self._is_slurred(element, voice) else Mark(0)
        value = _read_tremolo_quarter(element)
        marks |= Mark.TREMOLO if value else Mark(0)
        grace = element.find("grace")
        if grace is not None:
            value = QUARTERS_OF_TYPE.get(element.findtext("type", "").strip(), GRACE_VALUE_QUARTER)
            marks |= Mark.SLASHED if grace.get("slash") == "yes" else Mark(0)
        order = self._count_grace(element, voice)
        marking = Marking(int(marks), _read_own_level(element), value, order, upper, lower)
        return PLAIN if marking == PLAIN else marking

    def _read_plain(self, element: Element, voice: str) -> Marking:
        """Return the marking of a note with no signs of its own, which most notes are; it may stand under a slur."""
        self.grace_order.pop(voice, None)
        marks, level = int(Mark.SLURRED) if voice in self.slurs.values() else 0, _read_own_level(element)
        return Marking(marks, level) if marks or level else PLAIN

    def _list_trilled_voices(self) -> Collection[str]:
        """List the voices in which a wavy line is open."""
        return self.wavy_lines.values()

    def _remember_accidental(self, element: Element, staff: str) -> None:
        """Remember the note's alteration for the ornaments that follow in its bar."""
        step, octave, alter = _read_written_pitch(element)
        self.accidentals[staff, step, octave] = alter

    def _read_ornaments(self, element: Element) -> Mark:
        """Read the signs of trills, mordents and turns."""
        marks = Mark(0)
        for sign in element.iterfind("notations/ornaments/*"):
            marks |= _ORNAMENTS.get(sign.tag, Mark(0))
            if sign.tag in ("mordent", "inverted-mordent") and sign.get("long") == "yes":
                marks |= Mark.LONG
            if sign.tag == "trill-mark" and sign.get("start-note") == "main":
                marks |= Mark.FROM_MAIN
        return marks

    def _read_wavy_lines(self, element: Element, voice: str) -> Mark:
        """Read the wavy lines that start or stop here; each is a trill on all its notes."""
        lines = element.findall("notations/ornaments/wavy-line")
        for line in lines:
            if line.get("type") == "start":
                self.wavy_lines[line.get("number", "1")] = voice
        is_trilled = voice in self._list_trilled_voices() and element.find("grace") is None
        for line in lines:
            if line.get("type") == "stop":
                self.wavy_lines.pop(line.get("number", "1"), None)
        return Mark.TRILL if is_trilled else Mark(0)

    def _is_slurred(self, element: Element, voice: str) -> bool:
        """Read the slurs that start or stop here; return whether one leads on to the next note of the voice."""
        for kind in ("stop", "start"):
            for slur in element.iterfind("notations/slur"):
                if slur.get("type") == kind == "stop":
                    self.slurs.pop(slur.get("number", "1"), None)
                elif slur.get("type") == kind:
                    self.slurs[slur.get("number", "1")] = voice
        return voice in self.slurs.values()

    def _count_grace(self, element: Element, voice: str) -> int:
        """Count the grace notes of a group from 1, those of a chord as one; 0 for other notes."""
        if element.find("grace") is None:
            self.grace_order.pop(voice, None)
            return 0
        if element.find("chord") is None or voice not in self.grace_order:
            self.grace_order[voice] = self.grace_order.get(voice, 0) + 1
        return self.grace_order[voice]

    def _find_neighbours(self, element: Element, staff: str, marks: Mark) -> tuple[int, int]:
        """Find the semitones up and down to an ornament's other notes.

        Accidentals at the ornament itself count first, then those of the bar, then the key.
        """
        step, octave, alter = _read_written_pitch(element)
        upper, lower = _read_own_accidentals(element, marks)
        low, high = NEIGHBOUR_SEMITONE
        index = LETTERS.index(step)
        found = []
        for direction, own in ((1, upper), (-1, lower)):
            letter = LETTERS[(index + direction) % 7]
            other = octave + (index + direction) // 7
            altered = self._find_alter(staff, letter, other) if own is None else own
            semitones = 12 * (other - octave) + SEMITONES[letter] + altered - SEMITONES[step] - alter
            found.append(min(max(direction * semitones, low), high))
        for sign in element.iterfind("notations/ornaments/trill-mark"):
            found[0] = _STEPS.get(sign.get("trill-step", ""), found[0])
        return found[0], found[1]

    def _find_alter(self, staff: str, letter: str, octave: int) -> int:
        """Find how many semitones a letter is altered by, from the bar's accidentals or else from the key."""
        fifths = self.fifths.get(staff, self.fifths.get("", 0))
        # The first sharp comes with one fifth, the last with seven, double sharps from eight fifths on; flats likewise.
        in_key = (fifths - SHARP_ORDER.index(letter) + len(LETTERS) - 1) // len(LETTERS)
        return self.accidentals.get((staff, letter, octave), in_key)


def _read_own_accidentals(element: Element, marks: Mark) -> tuple[int | None, int | None]:
    """Read the accidentals that stand at an ornament for its upper and its lower note; None where there is none."""
    found: dict[str, int | None] = {"above": None, "below": None}
    usual = "below" if marks & Mark.MORDENT else "above"
    for sign in element.iterfind("notations/ornaments/accidental-mark"):
        side = sign.get("placement", usual)
        if side in found:
            found[side] = _ALTERS.get((sign.text or "").strip())
    return found["above"], found["below"]


def _read_written_pitch(element: Element) -> tuple[str, int, int]:
    """Read letter, octave and whole semitones of alteration, which are checked where the MIDI pitch is read."""
    alter = float(element.findtext("pitch/alter", "0"))
    octave = float(element.findtext("pitch/octave", "4"))
    return element.findtext("pitch/step", "C").strip(), int(octave), round(alter)


def _read_tremolo_quarter(element: Element) -> Fraction:
    """Read the length of a tremolo's repeated notes; 0 where there is no tremolo, or one between two notes."""
    tremolo = element.find("notations/ornaments/tremolo")
    if tremolo is None or tremolo.get("type", "single") != "single":
        return Fraction(0)
    return read_strokes_quarter(tremolo)


def read_strokes_quarter(tremolo: Element) -> Fraction:
    """Read the value of a tremolo's notes from its strokes; 0 where it has none."""
    text = (tremolo.text or "").strip()
    strokes = int(text) if text.isdecimal() and len(text) == 1 else 3
    return Fraction(1, 2 ** min(strokes, MAX_TREMOLO_STROKE)) if strokes else Fraction(0)


def _read_own_level(element: Element) -> float:
    """Read the velocity that the note itself states; 0 where it states none."""
    try:
        level = float(element.get("dynamics", "0")) / 100 * FORTE_VELOCITY
    except ValueError:
        return 0.0
    return min(max(level, 1.0), 127.0) if level > 0 else 0.0
