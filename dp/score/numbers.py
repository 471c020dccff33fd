"""Numbers are parsed from MusicXML text here, and named note types have their lengths.

A number is bounded before anything is computed from it: a short text such as "1e999999999" can name a huge number.
"""

import re
from collections.abc import Sequence
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
ROUNDING_QUARTER = Fraction(1, 16)  # programs that round tuplets to divisions are wrong by at most so much
MAX_NAMED_COUNT = 10  # warnings of one kind that are named
_NAMES = re.compile(r"'[^']*'|\bbar \S+|[\d./+ ]+")  # in warnings
_DECIMAL = re.compile(r"[+-]?(\d{1,9}(\.\d{0,40})?|\.\d{1,40})")
EXACT_DIGIT_COUNT = 9  # behind the point; a longer number is a rounded one, such as 33.333333333333336
MAX_ROUNDED_DENOMINATOR = 1_000_000  # of the fraction that a rounded number stands for


class Place:
    """A place in a score file; it makes the errors about what stands there.

    Args:
        path: the score file.
        part: the id of the part.
        warnings: where the warnings about this part are kept; None = in a list of its own.
    """

    def __init__(self, path: Path, part: str, warnings: list[str] | None = None) -> None:
        self.path = path
        self.part = part
        self.bar = ""
        self.warnings: list[str] = [] if warnings is None else warnings

    def warn(self, reason: str) -> None:
        """Keep a warning: something at this place is read otherwise than it is written.

        Args:
            reason: what is odd, and how it is read.
        """
        self.warnings.append(f"{self._describe()}: {reason}")

    def warn_of_part(self, reason: str) -> None:
        """Keep a warning about the whole part.

        Args:
            reason: what is odd, and how it is read.
        """
        self.warnings.append(f"part {self.part[:40]!r}: {reason}")

    def make_error(self, reason: str) -> DataError:
        """Make the error that says what is wrong at this place.

        Args:
            reason: what is wrong.
        """
        return DataError(self.path, f"{self._describe()}: {reason}", "correct the score and export it again")

    def _describe(self) -> str:
        """Return part and bar in words."""
        return f"part {self.part[:40]!r}, bar {self.bar[:40]!r}"


def name_few(warnings: Sequence[str]) -> tuple[str, ...]:
    """Return the first warnings of each kind, and how many more there are; equal ones count once.

    Args:
        warnings: all of them; those that differ in names and numbers only are of one kind.
    """
    kinds: dict[str, list[str]] = {}
    for warning in dict.fromkeys(warnings):
        kinds.setdefault(_NAMES.sub("", warning), []).append(warning)
    named: list[str] = []
    for each in kinds.values():
        more = len(each) - MAX_NAMED_COUNT
        named += each[:MAX_NAMED_COUNT] + ([f"{more} more warnings like this one"] if more > 0 else [])
    return tuple(named)


def parse_decimal(text: str | None, name: str, place: Place) -> Fraction:
    """Parse a decimal number of at most nine digits before the point.

    Up to nine digits behind the point are exact; a number with more was rounded by a program, and is brought back to
    the nearest simple fraction.

    Args:
        text: as it stands in the file; None = it is missing.
        name: what the number is, for the error.
        place: for the error.

    Raises:
        DataError: there is no text, or it is no such number (infinite, not a number, an exponent).
    """
    cleaned = (text or "").strip()
    if not _DECIMAL.fullmatch(cleaned):
        raise place.make_error(f"{name} is {cleaned[:40]!r}, expected a number")
    value = Fraction(cleaned)
    if len(cleaned.partition(".")[2]) > EXACT_DIGIT_COUNT:
        return value.limit_denominator(MAX_ROUNDED_DENOMINATOR)
    return value


def read_bounded(element: Element, name: str, low: Fraction | int, high: Fraction | int, place: Place) -> Fraction:
    """Read the number in a child of an element.

    Args:
        element: whose child is read.
        name: of the child.
        low, high: bounds of the number, both allowed.
        place: for the error.

    Raises:
        DataError: it is missing, no number or out of bounds.
    """
    value = parse_decimal(element.findtext(name), name, place)
    if not low <= value <= high:
        raise place.make_error(f"{name} is {float(value):g}, expected {float(low):g} to {float(high):g}")
    return value
