"""This module reads the signs of MusicXML for the order of playing (repeats, D.C., Coda, ...) and its tempo marks."""

import re
from fractions import Fraction
from xml.etree.ElementTree import Element

from dp.score.model import PartBar, Signs
from dp.score.numbers import Place, parse_decimal
from dp.score.tempo import read_printed_tempo, read_sound_tempo

MAX_PLAYS = 100  # how often one repeat may be played

# Jumps that a direction states in words only. Programs that play scores add <sound>; where there is one, it counts.
# What is to be played again may stand before them: "Menuetto da capo", "Scherzo D.C.".
_BEFORE = r"\(?(?:[^\W\d]{2,}['.,]?\s+){0,4}(?:m\.\s?)?"
_PLAIN_AFTER = r"\.?(?:\s+(?:al|senza|sin|con|e)\b.*)?\)?"  # of letters without points
_AFTER = r"(?:[\s,.;:(].*)?\)?"
_WORDS = (
    ("da_capo", re.compile(rf"\(?d\s?c{_PLAIN_AFTER}|{_BEFORE}(d\.\s?c\b|da\s?capo){_AFTER}", re.IGNORECASE)),
    ("dal_segno", re.compile(rf"\(?d\s?s{_PLAIN_AFTER}|{_BEFORE}(d\.\s?s\b|dal\s?segno){_AFTER}", re.IGNORECASE)),
    ("to_coda", re.compile(r"(to|alla|al)\s+coda", re.IGNORECASE)),
    ("fine", re.compile(r"\(?fine\.?\)?", re.IGNORECASE)),
)
_MAX_WORDS_CHARACTER = 80  # longer texts are no signs
_DOUBLE = {"light-light", "light-heavy", "heavy-light", "heavy-heavy"}
_LABELLED = {"segno": "segno", "coda": "coda", "tocoda": "to_coda", "dalsegno": "dal_segno"}
_SWITCHES = {"dacapo": "da_capo", "fine": "fine"}


def read_barline(element: Element, bar: PartBar, position_quarter: Fraction, place: Place) -> None:
    """Read a barline's signs into its bar.

    Args:
        element: the <barline>.
        bar: the bar that it belongs to.
        position_quarter: where it stands, from the start of the bar.
        place: for the errors.

    Raises:
        DataError: a repeat is played an absurd number of times.
    """
    location = element.get("location", "right")
    at_start = location == "left" or (location == "middle" and position_quarter == 0)
    is_inside = location == "middle" and not at_start
    signs = bar.inner_signs.setdefault(position_quarter, Signs()) if is_inside else bar.signs
    style = element.findtext("bar-style", "").strip()
    if style in _DOUBLE:
        signs.section_start |= at_start
        signs.section_start_next |= location == "right"
    for name in ("segno", "coda"):
        if element.find(name) is not None:
            setattr(signs, name, element.get(name, ""))
    ending = element.find("ending")
    if ending is not None:
        if ending.get("type") == "start":
            signs.ending_start = _parse_passes(ending)
        else:
            signs.ending_stop = True
    repeat = element.find("repeat")
    if repeat is None:
        signs.is_final |= style == "light-heavy" and not at_start
    elif repeat.get("direction") == "forward":
        signs.repeat_start |= at_start
        signs.repeat_start_next |= not at_start
    else:
        times = repeat.get("times", "").strip()
        if times in ("", "0"):  # as often as repeats usually are
            times = "2"
        plays = parse_decimal(times, "the number of times a repeat is played", place)
        if plays.denominator != 1 or not 1 <= plays <= MAX_PLAYS:
            raise place.make_error(f"a repeat is played {float(plays):g} times, expected 1 to {MAX_PLAYS}")
        signs.repeat_after_jump |= repeat.get("after-jump") == "yes"
        if at_start:
            signs.repeat_end_previous_plays = int(plays)
        else:
            signs.repeat_end_plays = int(plays)


def _parse_passes(ending: Element) -> frozenset[int]:
    """Parse which passes take an ending, such as "1", "1, 2" or "1-3", from its number or else its text."""
    for text in (ending.get("number", ""), ending.text or ""):
        passes: set[int] = set()
        for first, last in re.findall(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?", text):
            passes |= set(range(int(first), int(last or first) + 1))
        if passes:
            return frozenset(passes)
    return frozenset()


def read_direction(
    element: Element, bar: PartBar, position_quarter: Fraction, sound_quarter: Fraction, place: Place
) -> None:
    """Read a direction's signs and tempo into its bar: those of its <sound>, or else those that are printed.

    Args:
        element: the <direction>.
        bar: the bar that it stands in.
        position_quarter: where it takes effect, from the start of the bar.
        sound_quarter: where its <sound> does, which may have an <offset> of its own.
        place: for what is odd.
    """
    sound = element.find("sound")
    has_tempo = sound is not None and read_sound_tempo(sound, bar, sound_quarter, place)
    read_printed_tempo(element, bar, position_quarter, has_sound=has_tempo)
    words = " ".join(" ".join(w.text or "" for w in element.iterfind("direction-type/words")).split())
    signs = bar.signs
    signs.tempo_start |= any(mark.onset_quarter == 0 and mark.heading is not None for mark in bar.tempo)
    had_jump = signs.has_return
    if sound is None or not _read_order(sound, signs):
        _read_printed_signs(element, words, signs)
        signs.is_jump_printed |= signs.has_return and not had_jump
    if len(words) > _MAX_WORDS_CHARACTER:
        return
    if signs.has_return and not had_jump:
        signs.jump_words = words
    elif words and position_quarter == 0:
        signs.headings = (*signs.headings, words.casefold())


def read_sound(element: Element, bar: PartBar, position_quarter: Fraction, place: Place) -> None:
    """Read what a <sound> that stands alone says about order and tempo into its bar."""
    read_sound_tempo(element, bar, position_quarter, place)
    _read_order(element, bar.signs)


def _read_order(element: Element, signs: Signs) -> bool:
    """Read what a <sound> says about the order of playing; return whether it says anything."""
    found = False
    for attribute, name in _LABELLED.items():
        if attribute in element.attrib:
            setattr(signs, name, element.attrib[attribute])
            found = True
    for attribute, name in _SWITCHES.items():
        if element.get(attribute, "no") != "no":
            setattr(signs, name, True)
            found = True
    if element.get("forward-repeat") == "yes":
        signs.repeat_start = True
    return found


def _read_printed_signs(element: Element, words: str, signs: Signs) -> None:
    """Read the printed signs of a direction that has no <sound> for them."""
    for name in ("segno", "coda"):
        if element.find(f"direction-type/{name}") is not None:
            setattr(signs, name, "")
    for name, pattern in _WORDS:
        if len(words) <= _MAX_WORDS_CHARACTER and pattern.fullmatch(words):
            setattr(signs, name, "" if name in ("dal_segno", "to_coda") else True)
