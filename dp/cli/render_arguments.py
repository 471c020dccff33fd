"""Parse what a command line says of how a score is to be performed."""

import re
from collections.abc import Sequence

from dp.errors import DataError
from dp.render_options import BOUNDS, RenderOptions

MIX = "mix:"
_SHARE = re.compile(r"\s*(?P<name>.+?)\s*=\s*(?P<weight>[^=,]+?)\s*(,|$)")


def parse_performers(text: str | None) -> tuple[tuple[str, float], ...]:
    """Parse performers and their weights: a name alone, or "mix:NAME=WEIGHT,NAME=WEIGHT,..."; names may hold commas.

    Raises:
        DataError: it is neither.
    """
    if text is None:
        return ()
    if not text.startswith(MIX):
        return ((text, 1.0),)
    shares, rest = [], text[len(MIX) :]
    while rest:
        match = _SHARE.match(rest)
        weight = _number(match["weight"]) if match else None
        if match is None or weight is None or not 0.0 < weight <= 1e6:
            raise DataError("--performer", f"is {text!r}", "write mix:NAME=.6,NAME=.4, with weights above 0")
        shares.append((match["name"], weight))
        rest = rest[match.end() :]
    if not shares:
        raise DataError("--performer", "is a mix of nobody", "write mix:NAME=.6,NAME=.4")
    return tuple(shares)


def parse_tempo(text: str | None) -> tuple[float | None, float]:
    """Parse a tempo: quarters per minute, or None for the score's own, and a factor of all tempos.

    Raises:
        DataError: it is neither QPM nor xFACTOR, or out of bounds.
    """
    if text is None:
        return None, RenderOptions.tempo_factor
    is_factor = text[:1] in ("x", "X")
    value = _number(text[1:] if is_factor else text)
    if value is None:
        raise DataError("--tempo", f"is {text!r}", "write quarters per minute, 96, or a factor, x1.2")
    if is_factor:
        return None, BOUNDS["tempo_factor"].check("--tempo", value)
    return BOUNDS["tempo_qpm"].check("--tempo", value), 1.0


def parse_parts(text: str | None) -> tuple[str, ...]:
    """Parse names or numbers of parts, separated by commas.

    Raises:
        DataError: there is none.
    """
    if text is None:
        return ()
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if not parts:
        raise DataError("--parts", "names none", "give names or numbers, separated by commas")
    return parts


def parse_instruments(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Parse instruments of parts, PART=NAME each.

    Raises:
        DataError: a part or an instrument is missing.
    """
    return tuple(_split("--instrument", text, "2=Flute") for text in texts)


def parse_pans(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Parse places of parts from left to right, PART=-1 to PART=1.

    Raises:
        DataError: a part is missing, or its place is none.
    """
    made = []
    for text in texts:
        part, place = _split("--pan", text, "2=-.5")
        value = _number(place)
        if value is None:
            raise DataError("--pan", f"is {text!r}", "write PART=-1 for the left to PART=1 for the right")
        made.append((part, BOUNDS["pan"].check(f"--pan {part}", value)))
    return tuple(made)


def _split(option: str, text: str, example: str) -> tuple[str, str]:
    """Split at the last equals sign: names of parts may hold others."""
    part, _, value = text.rpartition("=")
    if not part.strip() or not value.strip():
        raise DataError(option, f"is {text!r}", f"write PART=VALUE, {example}, with the name or number of a part")
    return part.strip(), value.strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
