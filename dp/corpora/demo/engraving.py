"""Engrave bars of notes as MusicXML text, as little of it as the demo's studies need."""

from dataclasses import dataclass
from fractions import Fraction
from xml.sax.saxutils import escape

from dp.score.numbers import QUARTERS_OF_TYPE
from dp.units import TICKS_PER_QUARTER

_SHARP = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLAT = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_TYPES = {quarter * TICKS_PER_QUARTER: name for name, quarter in QUARTERS_OF_TYPE.items()}  # by length in ticks
_PLAIN_OF_DOTTED = {18: 12, 36: 24, 72: 48}  # ticks
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="3.1">
<work><work-title>{title}</work-title></work>
<part-list><score-part id="P1"><part-name>Violin</part-name></score-part></part-list>
<part id="P1">"""


@dataclass(frozen=True)
class Sound:
    """A note, a chord (lowest first) or a rest."""

    pitches: tuple[int, ...]  # MIDI; none = a rest
    tick: int  # duration, 24 a quarter
    grace: int | None = None  # MIDI pitch of a grace note before it


@dataclass(frozen=True)
class Bar:
    """One bar and its repeat signs."""

    sounds: tuple[Sound, ...]
    opens_repeat: bool = False
    closes_repeat: bool = False
    ending: int = 0  # the volta it is in; 0 = none


@dataclass(frozen=True)
class Study:
    """A short piece for one violin."""

    name: str
    title: str
    bars: tuple[Bar, ...]
    beats: int
    beat_type: int
    fifths: int  # key signature: sharps, or flats where negative
    tempo_qpm: int


def engrave_study(study: Study) -> str:
    """Engrave a study as a MusicXML document."""
    parts = [_HEAD.format(title=escape(study.title))]
    for number, bar in enumerate(study.bars, start=1):
        parts.append(f'<measure number="{number}">')
        if number == 1:
            parts.append(_engrave_attributes(study))
        parts += _engrave_barline(bar, left=True)
        parts += [_engrave_sound(sound, study.fifths) for sound in bar.sounds]
        parts += _engrave_barline(bar, left=False)
        parts.append("</measure>")
    return "\n".join([*parts, "</part>", "</score-partwise>", ""])


def _engrave_attributes(study: Study) -> str:
    return (
        f"<attributes><divisions>{TICKS_PER_QUARTER}</divisions><key><fifths>{study.fifths}</fifths></key>"
        f"<time><beats>{study.beats}</beats><beat-type>{study.beat_type}</beat-type></time>"
        "<clef><sign>G</sign><line>2</line></clef></attributes>\n"
        '<direction placement="above"><direction-type><metronome><beat-unit>quarter</beat-unit>'
        f"<per-minute>{study.tempo_qpm}</per-minute></metronome></direction-type>"
        f'<sound tempo="{study.tempo_qpm}"/></direction>'
    )


def _engrave_barline(bar: Bar, left: bool) -> list[str]:
    inside = ""
    if bar.ending:
        inside += f'<ending number="{bar.ending}" type="{"start" if left else "stop"}"/>'
    if bar.opens_repeat and left:
        inside += '<repeat direction="forward"/>'
    if bar.closes_repeat and not left:
        inside += '<repeat direction="backward"/>'
    return [f'<barline location="{"left" if left else "right"}">{inside}</barline>'] if inside else []


def _engrave_sound(sound: Sound, fifths: int) -> str:
    plain_tick = _PLAIN_OF_DOTTED.get(sound.tick, sound.tick)
    length = f"<duration>{sound.tick}</duration><voice>1</voice><type>{_TYPES[Fraction(plain_tick)]}</type>"
    length += "<dot/>" if plain_tick != sound.tick else ""
    if not sound.pitches:
        return f"<note><rest/>{length}</note>"
    notes = []
    if sound.grace is not None:
        notes.append(f"<note><grace/>{_engrave_pitch(sound.grace, fifths)}<voice>1</voice><type>eighth</type></note>")
    for index, pitch in enumerate(sound.pitches):
        notes.append(f"<note>{'<chord/>' if index else ''}{_engrave_pitch(pitch, fifths)}{length}</note>")
    return "\n".join(notes)


def _engrave_pitch(pitch: int, fifths: int) -> str:
    name = (_SHARP if fifths >= 0 else _FLAT)[pitch % 12]
    alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(name[1:], "")
    return f"<pitch><step>{name[0]}</step>{alter}<octave>{pitch // 12 - 1}</octave></pitch>"
