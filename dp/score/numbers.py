"""Numbers from MusicXML text, and the lengths that it names.

Everything is bounded before it is computed with: "1e999999999" is a short text too.
"""

import re
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from dp.errors import DataError

QUARTERS_OF_TYPE = {  # by MusicXML's names of note types
    "long": Fraction(16),
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
    "64th": Fraction(1, 16),
    "128th": Fraction(1, 32),
}
_DECIMAL = re.compile(r"[+-]?(\d{1,9}(\.\d{0,9})?|\.\d{1,9})")


class Place:
    """Where in a score file something stands; makes the errors about it.

    Args:
        path: the score file.
        part: the id of the part.
    """

    def __init__(self, path: Path, part: str) -> None:
        self.path = path
        self.part = part
        self.bar = ""

    def error(self, reason: str) -> DataError:
        """The error that `reason` is wrong here."""
        return DataError(
            self.path,
            f"part {self.part[:40]!r}, bar {self.bar[:40]!r}: {reason}",
            "correct the score and export it again",
        )


def decimal(text: str | None, name: str, place: Place) -> Fraction:
    """An exact decimal number of at most nine digits before and after the point.

    Raises:
        DataError: there is no text, or it is no such number (infinite, not a number, an exponent).
    """
    cleaned = (text or "").strip()
    if not _DECIMAL.fullmatch(cleaned):
        raise place.error(f"{name} is {cleaned[:40]!r}, expected a number")
    return Fraction(cleaned)


def bounded(element: Element, name: str, low: Fraction | int, high: Fraction | int, place: Place) -> Fraction:
    """The number in the child `name` of an element.

    Raises:
        DataError: it is missing, no number or not in low..high.
    """
    value = decimal(element.findtext(name), name, place)
    if not low <= value <= high:
        raise place.error(f"{name} is {float(value):g}, expected {float(low):g} to {float(high):g}")
    return value
