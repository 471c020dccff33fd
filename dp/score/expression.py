"""This module reads what MusicXML directs about loudness, gradual changes of tempo, fermatas and the pedal."""

import re
from fractions import Fraction
from xml.etree.ElementTree import Element

from dp.score.model import Gradual, Held, Loudness, PartBar, Pedal
from dp.score.notations import FORTE_VELOCITY

# Velocities of MuseScore 4: sixteen apart, mf = 80.
DYNAMICS = {
    "pppppp": 1.0,
    "ppppp": 5.0,
    "pppp": 10.0,
    "ppp": 16.0,
    "pp": 33.0,
    "p": 49.0,
    "mp": 64.0,
    "mf": 80.0,
    "f": 96.0,
    "ff": 112.0,
    "fff": 126.0,
    "ffff": 127.0,
    "fffff": 127.0,
    "ffffff": 127.0,
    "n": 1.0,
}
_ATTACKS = {"fp": ("f", "p"), "sfp": ("ff", "p"), "sfpp": ("ff", "pp"), "pf": ("p", "f")}  # at once, and from then on
_SFORZANDI = {"sf", "sfz", "sffz", "sfzp", "fz", "rf", "rfz"}
_SFZP_LEVEL = DYNAMICS["p"]

# The factor of the tempo at the end of a gradual change, as in MuseScore 4.
_GRADUALS = (
    (re.compile(r"\b(rit|ritard|ritardando|riten|ritenuto|rall|rallent|rallentando)\b", re.IGNORECASE), 0.75),
    (re.compile(r"\b(allarg|allargando|slargando|slentando|lentando)\b", re.IGNORECASE), 0.75),
    (re.compile(r"\b(calando|morendo|smorz|smorzando)\b", re.IGNORECASE), 0.5),
    (re.compile(r"\b(accel|accelerando)\b", re.IGNORECASE), 1.33),
    (re.compile(r"\b(string\.|stringendo\b)", re.IGNORECASE), 1.5),
    (re.compile(r"\b(precipitando)\b", re.IGNORECASE), 1.15),
    (re.compile(r"\b(a tempo|in tempo|tempo i|tempo 1|tempo primo|tempo giusto)\b", re.IGNORECASE), 1.0),
)
_CRESCENDO = re.compile(r"\b(cresc|crescendo)\b", re.IGNORECASE)
_DIMINUENDO = re.compile(r"\b(dim|dimin|diminuendo|decr|decresc|decrescendo)\b", re.IGNORECASE)
# Words that deny what follows them, such as "senza rit.", "non dim." or "senza cresc. e rit.".
_DENIED = re.compile(
    r"\b(senza|non|ohne|sans|without|no)\s+{change}(\s*(e|ed|o|né|nè|und|oder|et|ou|ni|and|or)\s+{change})*".replace(
        "{change}", r"(rit|rall|allarg|slarg|slent|lentando|calando|smorz|acc?el|string|cresc|dim|decr)\w*\.?"
    ),
    re.IGNORECASE,
)

# Factor of the length of the last event under a fermata, by the sign's shape. Gould (Behind Bars, 2011, on pauses)
# orders the shapes: angled short, round normal, square long. The numbers are our own choice (docs/score-marks.md).
FERMATA_FACTORS = {"double-angled": 1.25, "angled": 1.5, "half-curve": 1.5, "square": 2.5, "double-square": 3.0}
NORMAL_FERMATA_FACTOR = 2.0


def read_expression(element: Element, bar: PartBar, position_quarter: Fraction) -> None:
    """Read a direction's dynamics, hairpins, gradual changes of tempo and pedal signs into its bar.

    Args:
        element: the <direction>.
        bar: the bar that it stands in.
        position_quarter: where it takes effect, from the start of the bar.
    """
    words = " ".join(" ".join(w.text or "" for w in element.iterfind("direction-type/words")).split())
    words = _DENIED.sub("", words)
    starts = {d.get("type", ""): d.get("number", "1") for d in element.iterfind("direction-type/dashes")}
    dashes = starts.get("start", "")
    _read_dynamics(element, words, bar, position_quarter)
    for pattern, factor in _GRADUALS:
        if pattern.search(words):
            bar.graduals.append(Gradual(position_quarter, factor, dashes))
            break
    for pattern, direction in ((_CRESCENDO, 1), (_DIMINUENDO, -1)):
        if pattern.search(words):
            bar.loudness.append(Loudness(position_quarter, direction=direction, number=_name_number("dashes", dashes)))
    if "stop" in starts:
        bar.graduals.append(Gradual(position_quarter, 1.0, starts["stop"]))
        bar.loudness.append(Loudness(position_quarter, is_stop=True, number=_name_number("dashes", starts["stop"])))
    for wedge in element.iterfind("direction-type/wedge"):
        direction = {"crescendo": 1, "diminuendo": -1}.get(wedge.get("type", ""), 0)
        number = _name_number("wedge", wedge.get("number", "1"))
        if direction or wedge.get("type") == "stop":
            bar.loudness.append(Loudness(position_quarter, direction=direction, is_stop=not direction, number=number))
    for pedal in element.iterfind("direction-type/pedal"):
        read_pedal(pedal.get("type", ""), bar, position_quarter)


def _name_number(kind: str, number: str) -> str:
    """Return a name that tells a hairpin from dashes of the same number; empty without a number."""
    return f"{kind} {number}" if number else ""


def _read_dynamics(element: Element, words: str, bar: PartBar, position_quarter: Fraction) -> None:
    """Read the printed dynamic signs; where there are none, read the level of <sound>."""
    found = False
    for sign in element.iterfind("direction-type/dynamics/*"):
        name = (sign.text or "").strip() if sign.tag == "other-dynamics" else sign.tag
        found = True
        if name in DYNAMICS:
            bar.loudness.append(Loudness(position_quarter, DYNAMICS[name]))
        elif name in _ATTACKS:
            attack, after = _ATTACKS[name]
            bar.loudness.append(Loudness(position_quarter, DYNAMICS[after], attack=DYNAMICS[attack]))
        elif name in _SFORZANDI:
            level = _SFZP_LEVEL if name == "sfzp" else 0.0
            bar.loudness.append(Loudness(position_quarter, level, is_sforzando=True))
    sound = element.find("sound")
    is_hairpin = element.find("direction-type/wedge") is not None or _CRESCENDO.search(words) is not None
    if sound is not None and not found and not is_hairpin:
        read_sound_level(sound, bar, position_quarter)


def read_sound_level(sound: Element, bar: PartBar, position_quarter: Fraction) -> None:
    """Read the level and the pedal that a <sound> states into its bar; ignore a level that is no number."""
    try:
        level = float(sound.get("dynamics", "0")) / 100 * FORTE_VELOCITY
    except ValueError:
        level = 0.0
    if level > 0:
        bar.loudness.append(Loudness(position_quarter, min(max(level, 1.0), 127.0)))
    pedal = sound.get("damper-pedal")
    if pedal is not None:
        bar.pedals.append(Pedal(position_quarter, pedal not in ("no", "0")))


def read_pedal(kind: str, bar: PartBar, position_quarter: Fraction) -> None:
    """Read a sign of the sustaining pedal into its bar; ignore the sostenuto pedal, which holds only some notes."""
    if kind in ("stop", "discontinue", "change"):
        bar.pedals.append(Pedal(position_quarter, is_down=False))
    if kind in ("start", "resume", "change"):
        bar.pedals.append(Pedal(position_quarter, is_down=True))


def read_fermata(element: Element, bar: PartBar, onset_quarter: Fraction, end_quarter: Fraction) -> None:
    """Read the fermata of a note, a rest or a bar line into its bar, if it has one."""
    sign = element.find("fermata" if element.tag == "barline" else "notations/fermata")
    if sign is not None and end_quarter > onset_quarter:
        factor = FERMATA_FACTORS.get((sign.text or "").strip(), NORMAL_FERMATA_FACTOR)
        bar.held.append(Held(onset_quarter, end_quarter, factor))
