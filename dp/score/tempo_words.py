"""Tempo headings without a number, such as "Allegro non troppo", have the tempos that notation programs give them."""

import re
from dataclasses import dataclass
from itertools import takewhile
from unicodedata import normalize

# Quarters per minute of the tempo texts that MuseScore 4 offers in its palette (palettecreator.cpp). Quarters in every
# metre, as there. Larghissimo, lentissimo, adagietto, allegrissimo, vivo and vivacissimo are not among them: they have
# the tempo of their neighbours, or the middle of it.
_ITALIAN = {
    "larghissimo": 35.0,
    "lentissimo": 35.0,
    "grave": 35.0,
    "largo": 50.0,
    "lento": 52.5,
    "larghetto": 63.0,
    "adagio": 71.0,
    "adagietto": 80.0,
    "andante": 92.0,
    "andantino": 94.0,
    "moderato": 114.0,
    "allegretto": 116.0,
    "allegro": 144.0,
    "allegrissimo": 172.0,
    "vivace": 172.0,
    "vivo": 172.0,
    "vivacissimo": 187.0,
    "presto": 187.0,
    "prestissimo": 200.0,
}
# Words of other languages are taken as Italian ones: langsam and slow, schnell, vite and fast as music21's tempo module
# does (defaultTempoValues), the others by what dictionaries say.
_AS_ITALIAN = {
    **dict.fromkeys(("breit", "broadly"), "largo"),
    **dict.fromkeys(("lent", "lentement"), "lento"),
    **dict.fromkeys(("langsam", "slow", "slowly"), "adagio"),
    **dict.fromkeys(("gehend", "allant"), "andante"),
    **dict.fromkeys(("mässig", "modéré", "modérément", "moderate", "moderately"), "moderato"),
    **dict.fromkeys(("bewegt",), "allegretto"),
    **dict.fromkeys(("schnell", "rasch", "geschwind", "munter"), "allegro"),
    **dict.fromkeys(("vite", "animé", "gai", "gaiement", "fast", "quick", "quickly", "brisk", "briskly"), "allegro"),
    **dict.fromkeys(("lebhaft", "vif", "vivement", "lively"), "vivace"),
    **dict.fromkeys(("eilig", "rapide"), "presto"),
}
_QPM = _ITALIAN | {word: _ITALIAN[italian] for word, italian in _AS_ITALIAN.items()}
_SLOW_QPM = _ITALIAN["moderato"]  # up to here, "molto" makes slower; beyond, faster

MODIFIER_FACTOR = 1.1  # of the tempo by "molto", and by "non troppo" the other way (own choice)
_STRONGER = {"molto", "assai", "sehr", "ganz", "très", "very"}
_WEAKER = {"poco", "non", "troppo", "tanto", "nicht", "etwas", "ziemlich", "peu", "pas", "assez", "not", "rather"}
_NEUTRAL = {"un", "ma", "quasi", "zu", "trop", "too", "im", "tempo", "di"}
_TITLE = re.compile(r"scherzo|menuett?o|minuetto|menuet|minuet|trio|rondo|rondeau|finale|introduction|introduzione")
_NUMBER = re.compile(r"[ivx]+|\d{1,2}")  # of a movement
# What stands in no heading: changes of tempo, jumps, comparisons, and German verbs of change.
_NO_HEADING = re.compile(
    r"rit|(ritard|riten|rall|accel|allarg|string|werd)\w*|più|piu|meno|plus|moins|fine|coda|segno|capo|al|dal"
)
_COMMON = {"fast", "slow", "slowly", "quick", "quickly", "gai", "vite"}  # mean other things inside longer texts
# These are headings in small letters too; other words, such as "grave", then say how to play.
_ALWAYS = _ITALIAN.keys() - {"grave", "vivace", "vivo"}
# Words for another tempo than before, which "a tempo" ends; "poco più mosso" makes half of the change.
FASTER_FACTOR = 1.2  # of the tempo, by "più mosso"; "meno mosso" the other way (own choice)
_LITTLE = r"(?:un |ein |a |ancora |ancor |noch )*(poco |pochissimo |pochettino |etwas |wenig |peu |little )?"
_CHANGES = tuple(
    (re.compile(rf"\(?{_LITTLE}(?:{words})(?: ancora)?[.,:]?\)?"), factor)
    for words, factor in (
        (r"doppio movimento|doppio più mosso|doppelt so schnell|double time", 2.0),
        (r"doppio più lento|halb so schnell|half time", 0.5),
        (r"(più|piu) (mosso|moto|vivo|vivace|allegro|animato|presto|veloce)|plus (vite|animé|vif)", FASTER_FACTOR),
        (r"bewegter|schneller|lebhafter|rascher|faster", FASTER_FACTOR),
        (r"meno (mosso|moto|vivo|allegro|presto|animato)|(più|piu) (lento|adagio|largo|tranquillo)", 1 / FASTER_FACTOR),
        (r"moins (vite|animé|vif)|plus lent|langsamer|ruhiger|slower", 1 / FASTER_FACTOR),
    )
)
MAX_WORD_COUNT = 8  # of a heading; a longer text is a sentence


@dataclass(frozen=True, slots=True)
class Heading:
    """A tempo heading without a number."""

    word: str  # its first tempo word
    qpm: float  # quarters per minute


def find_heading(text: str) -> Heading | None:
    """Find the tempo of a heading that states none in numbers.

    Args:
        text: words printed in a score, such as "Allegro" or "II. Sehr langsam".

    Returns:
        The heading; None where the text is none.
    """
    for section in re.split(r"[-\u2013\u2014/:;|]", normalize("NFC", text)):
        words = re.findall(r"\w+", section.casefold())
        if any(word in _QPM for word in words):
            first = next(word for word in words if word in _QPM)
            return Heading(first, _choose_qpm(words)) if _is_heading(words, section) else None
    return None


def find_change(text: str) -> float | None:
    """Find how many times as fast as before the words of a score, such as "più mosso", make it; None for others."""
    words = " ".join(normalize("NFC", text).casefold().split())
    for pattern, factor in _CHANGES:
        found = pattern.fullmatch(words)
        if found:
            return factor ** (0.5 if found[1] and factor in (FASTER_FACTOR, 1 / FASTER_FACTOR) else 1.0)
    return None


def _is_heading(words: list[str], text: str) -> bool:
    """Return whether a text that has a tempo word is a heading: only modifiers and titles come before that word."""
    before = list(takewhile(lambda word: word not in _QPM, words))
    first = words[len(before)]
    if len(words) > MAX_WORD_COUNT or any(_NO_HEADING.fullmatch(word) for word in words):
        return False
    known = _STRONGER | _WEAKER | _NEUTRAL
    if not all(word in known or _TITLE.fullmatch(word) or _NUMBER.fullmatch(word) for word in before):
        return False
    if first in _COMMON and not all(word in known or word in _QPM for word in words):
        return False
    return first in _ALWAYS or text.lstrip(" (\"'0123456789.")[:1].isupper()


def _choose_qpm(words: list[str]) -> float:
    """Choose the tempo: the first tempo word, the middle of the first two as in "Allegro vivace", and modifiers."""
    tempos = [_QPM[word] for word in words if word in _QPM][:2]
    qpm = (tempos[0] * tempos[-1]) ** 0.5
    power = -1 if _WEAKER & set(words) else int(bool(_STRONGER & set(words)))
    return round(qpm * MODIFIER_FACTOR ** (power if qpm > _SLOW_QPM else -power), 1)
