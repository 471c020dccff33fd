"""This module reads the signs of MusicXML for the order of playing (repeats, D.C., Coda, ...) and its tempo marks."""

import re
from fractions import Fraction
from xml.etree.ElementTree import Element

from dp.score.model import PartBar, Signs
from dp.score.numbers import Place, parse_decimal
from dp.score.tempo import read_printed_tempo, read_sound_tempo

MAX_PLAYS = 100  # how often one repeat may be played

# Jumps that a direction states in words only. Programs that play scores add <sound>; where there is one, it counts.
_WORDS = (
    ("da_capo", re.compile(r"d\.?\s?c\.?(\s+(al|senza|sin).*)?|da\s?capo.*", re.IGNORECASE)),
    ("dal_segno", re.compile(r"d\.?\s?s\.?(\s+(al|senza|sin).*)?|dal\s?segno.*", re.IGNORECASE)),
    ("to_coda", re.compile(r"(to|alla|al)\s+coda", re.IGNORECASE)),
    ("fine", re.compile(r"fine\.?", re.IGNORECASE)),
)
_DOUBLE = {"light-light", "light-heavy", "heavy-light", "heavy-heavy"}
_LABELLED = {"segno": "segno", "coda": "coda", "tocoda": "to_coda", "dalsegno": "dal_segno"}
_SWITCHES = {"dacapo": "da_capo", "fine": "fine"}


def read_barline(element: Element, bar: PartBar, position_quarter: Fraction, place: Place) -> Fraction | None:
    """Read a barline's signs into its bar.

    Args:
        element: the <barline>.
        bar: the bar that it belongs to.
        position_quarter: where it stands, from the start of the bar.
        place: for the errors.

    Returns:
        The position of a repeat sign that may stand inside the bar, for the caller, who knows the bar's end; None where
        there is none.

    Raises:
        DataError: a repeat is played an absurd number of times.
    """
    location = element.get("location", "right")
    at_start = location == "left" or (location == "middle" and position_quarter == 0)
    if element.findtext("bar-style", "").strip() in _DOUBLE:
        bar.signs.section_start |= at_start
        bar.signs.section_start_next |= location == "right"
    for name in ("segno", "coda"):
        if element.find(name) is not None:
            setattr(bar.signs, name, element.get(name, ""))
    ending = element.find("ending")
    if ending is not None:
        if ending.get("type") == "start":
            bar.signs.ending_start = _parse_passes(ending)
        else:
            bar.signs.ending_stop = True
    repeat = element.find("repeat")
    if repeat is None:
        return None
    if repeat.get("direction") == "forward":
        bar.signs.repeat_start |= at_start
        bar.signs.repeat_start_next |= not at_start
    else:
        plays = parse_decimal(repeat.get("times", "2"), "the number of times a repeat is played", place)
        if plays.denominator != 1 or not 1 <= plays <= MAX_PLAYS:
            raise place.make_error(f"a repeat is played {float(plays):g} times, expected 1 to {MAX_PLAYS}")
        bar.signs.repeat_after_jump |= repeat.get("after-jump") == "yes"
        if at_start:
            bar.signs.repeat_end_previous_plays = int(plays)
        else:
            bar.signs.repeat_end_plays = int(plays)
    return position_quarter if location == "middle" and not at_start else None


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
    if sound is None or not _read_order(sound, bar.signs):
        _read_printed_signs(element, bar.signs)


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


def _read_printed_signs(element: Element, signs: Signs) -> None:
    """Read the printed signs of a direction that has no <sound> for them."""
    for name in ("segno", "coda"):
        if element.find(f"direction-type/{name}") is not None:
            setattr(signs, name, "")
    words = " ".join(" ".join(w.text or "" for w in element.iterfind("direction-type/words")).split())
    for name, pattern in _WORDS:
        if pattern.fullmatch(words):
            setattr(signs, name, "" if name in ("dal_segno", "to_coda") else True)
