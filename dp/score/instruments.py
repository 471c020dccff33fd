"""Which General MIDI program, counted from 0, plays each part of a score, by what its file says.

Programs of notation write program 1, the piano, where nobody chose one: there a clear name or sound wins. Names of
voices are not clear: the voices of a fugue for piano have them, too.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_PROGRAM = 0  # the piano, which is also what is written where nobody chose
CHOIR = 52
VIOLA = 41
DOUBLE_BASS = 43
ACOUSTIC_BASS = 32
PROGRAM_COUNT = 128
_MAX_NAME_LENGTH = 200  # of a part's name, as far as it is read
_BOWED = frozenset(range(40, 44))
_OF_BANDS = frozenset((24, 25, 27, 64, 65, 66, 67))  # guitars and saxophones
_DRUMS = re.compile(r"drum|schlagzeug|batteri")

# A flute may be an alto, before or behind: "Alto Flute", "Altflöte", "flauto basso".
_SIZES = r"(?:mezzo|sopran[eoi]*|alto?|contralto|tenore?|barit[oy]ne?|bass[eo]?|[ck]ontra|contre|contro|double)"
_BEFORE, _BEHIND = rf"(?:{_SIZES}[ -]?)?", rf"(?: {_SIZES})?"

# Names without accents, in small letters (ß is ss), the longer ones before those that they contain.
_NAMES: tuple[tuple[str, int], ...] = (
    (r"[ck]ontra ?fagott\w*|controfagott\w|contra ?bassoons?|contrebassons?|double bassoons?", 70),
    (r"[ck]ontra(?:bas[se]*|alt)?[ -]?[ck]larinett?\w*|clarinett?[eo] contrebass\w*|clarinetto contrabbasso", 71),
    (r"(?:electric|e|elektro)[ -]?pianos?|pianos? electriques?|piano elettrico|rhodes", 4),
    (r"(?:baritone?|tenor|alto?)[ -]?h(?:o|oe)rn\w*|sousaphon\w*|bombardon\w*|bassh(?:o|oe)rn\w*", 58),
    (r"guitare basse|bass ?guitars?|electric bass|bassgitarren?|e-?bass|basso elettrico", 33),
    (r"sopran\w* ?sax\w*|sax\w* sopran\w*", 64),
    (r"tenore? ?sax\w*|sax\w* tenore?", 66),
    (r"barit\w* ?sax\w*|sax\w* barit\w*", 67),
    (r"alto?[ -]?sax\w*|sax\w* (?:contr)?alto|sax\w*", 65),
    (r"violoncell\w*|violoncel[oi]s?|cell[io]s?|cello|vlc|vcl|vc|viola da gamba|viole de gambe|gambe", 42),
    (r"[ck]ontrabasse?|contrebasses?|contrabbass\w|double bass(?:es)?|string bass|violone|cb|kb|db", 43),
    (r"violin\w* piccol\w|\w*violin(?:en?|[io]|s)?|violons?|geigen?|viol|vln|vno|vni|vn|vl|fiddle", 40),
    (r"viola d.?amore|violas?|violen?|violes|bratschen?|vla|vle|va|br|braccio", 41),
    (r"english horn|englisch ?horn|cors? anglais|corn[oi] ingles[ei]|eng hn", 69),
    (rf"{_BEFORE}(?:block ?flo(?:e)?ten?|recorders?)|flaut[oi] dolc[ei]|flutes? a bec", 74),
    (r"pan ?flo(?:e)?ten?|pan ?flutes?|pan ?pipes?", 75),
    (r"piccolo trumpets?|piccolo ?trompeten?|tromb[ae] piccol[ae]", 56),
    (r"flaut[oi] piccol[oi]|piccolo ?flo(?:e)?ten?|petites? flutes?|piccol[oi]s?|ottavin[oi]|picc", 72),
    (rf"{_BEFORE}(?:quer)?(?:flo(?:e)?ten?|flutes?|flaut[oi]|fl|ft){_BEHIND}|travers\w*", 73),
    (r"oboen?|oboes|oboi|hautbois|ob", 68),
    (rf"{_BEFORE}(?:[ck]larinett?[eiosn]*|clar|klar|cl|basset ?horns?|corn[oi] di bassetto){_BEHIND}", 71),
    (r"bassoons?|bassons?|fagott\w*|fag|fg|bsn|bn", 70),
    (r"fl(?:u|ue)gelh(?:o|oe)rn\w*|cornetts?|cornets?|kornett\w*|cornett[oi]", 56),
    (r"trumpets?|trompeten?|trompettes?|tromb[ae]|clarin[oi]|tpt|trp", 56),
    (rf"{_BEFORE}(?:trombon[eio]s?|posaunen?|tbn|pos){_BEHIND}|trombones?", 57),
    (rf"{_BEFORE}(?:tuben?|tubas?)|euphoni\w*|ophicleide", 58),
    (r"(?:french |wald)?h(?:o|oe)rn(?:er|s)?|corn[oi]|cors?|hn|hrn", 60),
    (r"timpan[io]|pauken?|timbales|timp", 47),
    (r"celestas?|celeste", 8),
    (r"glockenspiel|jeu de timbres|campanelli", 9),
    (r"vibra(?:ph|f)\w*", 11),
    (r"marimba\w*", 12),
    (r"xylo(?:ph|f)\w*|silofono", 13),
    (r"tubular bells|chimes|r(?:o|oe)hrenglocken|campane|cloches", 14),
    (r"harpsichords?|(?:clavi|kiel)?cembal[oi]s?|clavecins?|clav[iy]chord\w*|klavichord|spinett?\w?|hpd|cemb", 6),
    (r"harmoniums?|reed organ|armonio", 20),
    (r"mouth organ|mundharmonika|harmonica|armonica", 22),
    (r"a[ck]{2}ord[eo]+ns?|fisarmonica", 21),
    (r"organs?|orgeln?|orgues?|organ[oi]|org", 19),
    (r"harps?|harfen?|harpes?|arp[ae]|hp|hrf", 46),
    (r"(?:electric|e-?)[ -]?(?:guitars?|gitarren?)|guitare electrique|chitarra elettrica", 27),
    (r"banjos?", 105),
    (r"sitars?", 104),
    (r"kotos?", 107),
    (r"bagpipes?|dudels(?:a|ae)ck\w*|sackpfeifen?|cornemuses?|cornamus[ae]|musettes?", 109),
    (r"music box|spieldose|boite a musique", 10),
    (r"dulcimers?|hackbrett\w*|tympanon|zithers?|cithares?|salteri\w*|psalter\w*|cimbalom", 15),
    (r"bandoneon\w*|concertinas?", 23),
    (r"ukuleles?", 24),
    (r"mandolin\w*", 25),
    (r"guitars?|gitarren?|guitares?|chitarr[ae]|gtr|git|lutes?|lauten?|luths?|liut[oi]|theorb\w*|tiorba", 24),
    (r"pianoforte|fortepiano|hammerklavier|hammerfl(?:u|ue)gel|klaviere?|fl(?:u|ue)gel|pianos?|pno|pf|keyboards?", 0),
    (r"strings?|streicher|archi|cordes", 48),
    (r"(?:basso )?continuo", 42),
    (
        r"(?:mezzo[ -]?)?sopran\w*|contraltos?|tenor[ei]?s?|barit[oy]n\w*|voices?|voix|voc[ei]|vocals?|singstimmen?",
        CHOIR,
    ),
    (r"stimmen?|gesang|chant|canto|cant[ou]s|altus|bassus|choir|chorus|\w*chor|ch(?:o|oe|œ)ur|coro|treble", CHOIR),
)
# Voices, but among strings only the viola, in French, and the double bass.
_ALTO, _BASS = r"altos?|alti|alt|altistes?", r"bass(?:es|[eoi])?"

# Sounds of MusicXML and the programs of all that begin with them; the longest counts.
_SOUNDS: dict[str, int] = {
    "keyboard.piano": 0,
    "keyboard.harpsichord": 6,
    "keyboard.clavichord": 6,
    "keyboard.celesta": 8,
    "keyboard.organ": 19,
    "keyboard.harmonium": 20,
    "keyboard.organ.reed": 20,
    "keyboard.accordion": 21,
    "pitched-percussion.glockenspiel": 9,
    "pitched-percussion.vibraphone": 11,
    "pitched-percussion.marimba": 12,
    "pitched-percussion.xylophone": 13,
    "pitched-percussion.tubular-bells": 14,
    "metal.bells.tubular": 14,
    "drum.timpani": 47,
    "pluck.guitar": 24,
    "pluck.guitar.steel-string": 25,
    "pluck.guitar.electric": 27,
    "pluck.bass": 32,
    "pluck.bass.electric": 33,
    "pluck.harp": 46,
    "pluck.lute": 24,
    "pluck.theorbo": 24,
    "pluck.mandolin": 25,
    "pluck.banjo": 105,
    "strings.violin": 40,
    "strings.viola": 41,
    "strings.cello": 42,
    "strings.viol": 42,
    "strings.contrabass": 43,
    "strings.group": 48,
    "voice": CHOIR,
    "brass.trumpet": 56,
    "brass.cornet": 56,
    "brass.flugelhorn": 56,
    "brass.trombone": 57,
    "brass.tuba": 58,
    "brass.euphonium": 58,
    "brass.french-horn": 60,
    "brass.natural-horn": 60,
    "wind.reed.saxophone": 65,
    "wind.reed.saxophone.soprano": 64,
    "wind.reed.saxophone.tenor": 66,
    "wind.reed.saxophone.baritone": 67,
    "wind.reed.oboe": 68,
    "wind.reed.english-horn": 69,
    "wind.reed.bassoon": 70,
    "wind.reed.contrabassoon": 70,
    "wind.reed.clarinet": 71,
    "wind.reed.basset-horn": 71,
    "wind.reed.harmonica": 22,
    "wind.flutes.flute": 73,
    "wind.flutes.flute.piccolo": 72,
    "wind.flutes.recorder": 74,
    "wind.flutes.panpipes": 75,
    "wind.flutes": 73,
}


@dataclass(frozen=True)
class PartLabel:
    """What a file says of a part's instrument."""

    names: tuple[str, ...]  # the first that says something counts
    program: int | None = None  # General MIDI, from 0; None = not said
    sound: str = ""  # of MusicXML, "strings.violin"


def find_programs(labels: Sequence[PartLabel]) -> tuple[int | None, ...]:
    """Find the General MIDI program of each part; None where nothing says.

    Args:
        labels: of all parts: what is beside it tells whether an alto sings or plays the viola.
    """
    plain = [_find_named_in(label.names, CHOIR, CHOIR) for label in labels]
    named = {program for found in plain for program in found}
    singers = [found for label in labels if (found := _find_named_in(label.names, None, None)) and CHOIR in found]
    is_of_strings = bool(named & _BOWED) and not singers
    alto = VIOLA if is_of_strings and VIOLA not in named else CHOIR
    is_of_band = bool(named & _OF_BANDS) or any(_DRUMS.search(_simplify(name)) for one in labels for name in one.names)
    bass = DOUBLE_BASS if is_of_strings else ACOUSTIC_BASS if is_of_band and not singers else CHOIR
    return tuple(_find_program(label, _find_named_in(label.names, alto, bass)) for label in labels)


def _find_program(label: PartLabel, named: Sequence[int]) -> int | None:
    """Find the program of a part of which the names say some programs."""
    said = _find_sound(label.sound)
    if label.program not in (None, DEFAULT_PROGRAM):
        return label.program
    if said is not None:
        return said
    if named and (label.program is None or (len(named) == 1 and named[0] != CHOIR)):
        return named[0]
    return label.program


def _find_sound(sound: str) -> int | None:
    """Find the program of a sound of MusicXML."""
    steps = sound.strip().casefold().split(".")
    for count in range(len(steps), 0, -1):
        program = _SOUNDS.get(".".join(steps[:count]))
        if program is not None:
            return program
    return None


def _find_named_in(names: Sequence[str], alto: int | None, bass: int | None) -> list[int]:
    """Find the programs that the first name that says something says, in its order.

    Args:
        names: of a part and its instrument.
        alto: what an alto plays; None: it says nothing.
        bass: what a bass plays; None: it says nothing.
    """
    for name in names:
        text = _simplify(name)
        found: dict[int, int] = {}
        for pattern, program in (*_NAMES, (_ALTO, alto), (_BASS, bass)):
            for match in re.finditer(rf"(?<![^\W\d_])(?:{pattern})(?![^\W\d_])", text):
                if program is not None:
                    found[match.start()] = program
                text = text[: match.start()] + "," * len(match[0]) + text[match.end() :]
        if found:
            return [*dict.fromkeys(found[start] for start in sorted(found))]
    return []


def _simplify(name: str) -> str:
    """Write a name in small letters, without accents and stops, with single spaces."""
    letters = unicodedata.normalize("NFKD", name[:_MAX_NAME_LENGTH])
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[._]", " ", bare).casefold().split())
