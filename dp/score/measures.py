"""This module reads the bars of one part of a MusicXML score, with the notes in them."""

from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from xml.etree.ElementTree import Element, SubElement

from dp.errors import DataError
from dp.score.bar_lengths import measure_note
from dp.score.bar_repeats import copy_repeated_bars, read_bar_repeats
from dp.score.durations import (
    count_by_type,
    guess_divisions,
    make_grace,
    read_duration_quarter,
    read_note_duration_quarter,
)
from dp.score.expression import read_expression, read_fermata, read_sound_level
from dp.score.figures import Figures
from dp.score.marks import read_barline, read_direction, read_sound
from dp.score.model import MAX_DENOMINATOR, PartBar, WrittenNote
from dp.score.notations import NotationReader
from dp.score.numbers import ROUNDING_QUARTER, Place, parse_decimal, read_bounded
from dp.score.pitches import read_midi_pitch, read_transposition
from dp.score.staves import Staves

MAX_DIVISION = 1_000_000  # per quarter; programs write up to 10,080
MAX_BAR_QUARTER = 10_000  # far beyond any music
PERCUSSION_CHANNEL = "10"  # General MIDI's


@dataclass(slots=True)
class _Cursor:
    """The place that reading has reached in a part, and the attributes that hold there."""

    place: Place
    percussion: frozenset[str]  # ids of instruments that have no pitch
    default_is_percussion: bool  # whether a note that names no instrument has no pitch
    part: Element
    measure: Element | None = None
    divisions: Fraction | None = None  # of a quarter
    transpose: dict[str, int] = field(default_factory=dict)  # semitones from written to sounding, by staff; "" = all
    nominal_quarter: Fraction = Fraction(4)
    time: str = ""  # the time signature in force; "" = none
    voices: dict[str, int] = field(default_factory=dict)  # numbers of voices that are named by words
    is_by_type: bool | None = None  # whether the notes of the bar last as long as their types; None = not known yet
    position_quarter: Fraction = Fraction(0)  # in the bar
    chord_onset_quarter: Fraction | None = None  # of the note a <chord> note belongs to
    chord_voice: str = "1"  # of that note
    excess_quarter: Fraction = Fraction(0)  # by which the whole-bar rest just read is longer than its bar
    repeated: dict[str, int] = field(default_factory=dict)  # how many bars a sign repeats, by staff; "" = all
    notations: NotationReader = field(default_factory=NotationReader)
    staves: Staves = field(default_factory=Staves)
    drum_count: int = 0  # notes with a pitch that are left out since their instrument has none
    unpitched_count: int = 0  # notes without a pitch, which are left out


def read_part(part: Element, definition: Element | None, place: Place) -> list[PartBar]:
    """Read the bars of a part.

    Args:
        part: a <part> of a score-partwise document.
        definition: its <score-part>, where there is one.
        place: for the errors; its bar is kept up to date.

    Raises:
        DataError: a duration, pitch or sign is missing or out of bounds.
    """
    instruments = {} if definition is None else _read_instruments(definition)
    percussion = frozenset(name for name, channel in instruments.items() if channel == PERCUSSION_CHANNEL)
    cursor = _Cursor(place, percussion, bool(instruments) and len(percussion) == len(instruments), part)
    bars = [_read_measure(measure, cursor) for measure in part.iterfind("measure")]
    cursor.staves.warn(place)
    if cursor.drum_count:
        place.warn_of_part(f"notes with a pitch on MIDI's drum channel are left out: {cursor.drum_count}")
    if cursor.unpitched_count:
        place.warn_of_part(f"notes without a pitch, of percussion, are left out: {cursor.unpitched_count}")
    copy_repeated_bars(bars, place)
    return bars


def _read_instruments(definition: Element) -> dict[str, str]:
    """Read the MIDI channel of each instrument of a part, by the instrument's id."""
    return {e.get("id", ""): e.findtext("midi-channel", "").strip() for e in definition.iterfind("midi-instrument")}


def _read_measure(measure: Element, cursor: _Cursor) -> PartBar:
    """Read one bar: its notes, signs and marks, element by element."""
    name = measure.get("number", "")
    bar = PartBar(name, is_implicit=measure.get("implicit") == "yes" or name.strip() == "0")
    cursor.place.bar = name
    cursor.measure, cursor.is_by_type = measure, None
    cursor.position_quarter = Fraction(0)
    cursor.chord_onset_quarter = None
    cursor.excess_quarter = Fraction(0)
    bar.repeated = dict(cursor.repeated)
    cursor.notations.start_bar()
    cues: list[WrittenNote] = []
    figures = Figures()
    for element in measure:
        match element.tag:
            case "note":
                note = _read_note(element, cursor, bar)
                if note is not None and element.find("cue") is not None:
                    cues.append(note)
                elif note is not None:
                    figures.read(element, len(bar.notes))
                    bar.notes.append(note)
                onset = cursor.chord_onset_quarter
                read_fermata(element, bar, cursor.position_quarter if onset is None else onset, cursor.position_quarter)
            case "backup" | "forward":
                _move(element, cursor, bar)
            case _:
                _read_signs(element, cursor, bar)
        if cursor.position_quarter.denominator > MAX_DENOMINATOR:
            raise cursor.place.make_error("its durations share no grid: <divisions> change absurdly often")
    longest = max(bar.content_quarter, bar.rest_quarter)
    if longest > MAX_BAR_QUARTER:
        raise cursor.place.make_error(f"is {float(longest):g} quarters long, expected at most {MAX_BAR_QUARTER}")
    if bar.signs.has_return or bar.signs.to_coda is not None:
        bar.signs.jump_part = cursor.place.part
    bar.nominal_quarter, bar.time = cursor.nominal_quarter, cursor.time
    bar.notes = cursor.staves.drop_tablature(figures.play(bar.notes, cursor.place))
    bar.notes += _find_sounding_cues(cues, bar.notes)
    return bar


def _read_signs(element: Element, cursor: _Cursor, bar: PartBar) -> None:
    """Read the signs and marks of an element that takes no time into its bar."""
    quarter, signs = cursor.position_quarter, bar.signs
    match element.tag:
        case "attributes":
            _read_attributes(element, cursor)
            read_bar_repeats(element, cursor.repeated, bar, quarter == 0, cursor.place)
            if quarter == 0:
                signs.section_start |= element.find("key") is not None
                signs.key_start |= element.find("key") is not None
                signs.time_start |= element.find("time") is not None
        case "direction":
            position = _find_direction_quarter(element, cursor)
            read_direction(element, bar, position, _find_sound_quarter(element, cursor, position), cursor.place)
            read_expression(element, bar, position)
        case "sound":
            read_sound(element, bar, _find_direction_quarter(element, cursor), cursor.place)
            read_sound_level(element, bar, _find_direction_quarter(element, cursor))
        case "barline":
            read_fermata(element, bar, Fraction(0), quarter)
            read_barline(element, bar, quarter, cursor.place)
    if signs.fine and bar.fine_quarter is None:
        bar.fine_quarter = quarter
    if signs.is_jump_printed and signs.jump_quarter is None:
        signs.jump_quarter = quarter


def _find_sounding_cues(cues: list[WrittenNote], notes: list[WrittenNote]) -> list[WrittenNote]:
    """Find the cue notes that sound: those that start while a note of their own part sounds.

    A cue note shows what others play, and by the standard it is silent. Scores by MuseScore 3 also use cue notes for
    small notes that are played, such as the arpeggio on the chord of bar 88 of the Chaconne of BWV 1004.
    """
    by_onset = sorted(notes, key=lambda n: n.onset_quarter)
    onsets = [n.onset_quarter for n in by_onset]
    latest_end = list(accumulate((n.onset_quarter + n.duration_quarter for n in by_onset), max))
    sounding = []
    for cue in cues:
        before = bisect_right(onsets, cue.onset_quarter)
        if before and latest_end[before - 1] > cue.onset_quarter:
            sounding.append(cue)
    return sounding


def _find_divisions(cursor: _Cursor) -> Fraction:
    """Find how many divisions a quarter has; where the part does not say it, guess."""
    if cursor.divisions is None:
        cursor.divisions = guess_divisions(cursor.part)
        cursor.place.warn(f"no <divisions> say how long a quarter is: taken as {float(cursor.divisions):g}")
    return cursor.divisions


def _read_note_quarter(element: Element, cursor: _Cursor) -> Fraction:
    """Read the length of a note or rest that is no grace note."""
    divisions = _find_divisions(cursor)
    if cursor.is_by_type is None and cursor.measure is not None:
        cursor.is_by_type = count_by_type(cursor.measure, divisions, cursor.nominal_quarter, cursor.place)
    return read_note_duration_quarter(element, divisions, cursor.place, is_by_type=bool(cursor.is_by_type))


def _move(element: Element, cursor: _Cursor, bar: PartBar) -> None:
    """Move the cursor by a <backup> or <forward>."""
    cursor.chord_onset_quarter = None
    try:
        length = read_duration_quarter(element, _find_divisions(cursor), cursor.place)
    except DataError:
        is_forward = element.tag == "forward"
        length = Fraction(0) if is_forward else cursor.position_quarter
        taken = "passed over" if is_forward else "taken to the start of the bar"
        cursor.place.warn(f"a <{element.tag}> without a possible duration: {taken}")
    if element.tag == "forward":
        cursor.position_quarter += length
        bar.content_quarter = max(bar.content_quarter, cursor.position_quarter)
        return
    position = cursor.position_quarter - length
    if cursor.excess_quarter and position == cursor.excess_quarter:  # it counts the whole-bar rest as its bar's length
        position = Fraction(0)
    cursor.excess_quarter = Fraction(0)
    if position < -ROUNDING_QUARTER:
        reason = f"a <backup> goes {float(-position):g} quarters before the start of the bar: taken to its start"
        cursor.place.warn(reason)
    cursor.position_quarter = max(position, Fraction(0))


def _find_direction_quarter(element: Element, cursor: _Cursor) -> Fraction:
    """Find where a direction takes effect: its <offset> moves what is printed, and the sound only when it says so."""
    offset = element.find("offset")
    if offset is None or cursor.divisions is None or (element.tag == "direction" and offset.get("sound") != "yes"):
        return cursor.position_quarter
    furthest = MAX_BAR_QUARTER * cursor.divisions
    moved = read_bounded(element, "offset", -furthest, furthest, cursor.place) / cursor.divisions
    return max(cursor.position_quarter + moved, Fraction(0))


def _find_sound_quarter(direction: Element, cursor: _Cursor, position_quarter: Fraction) -> Fraction:
    """Find where the <sound> of a direction takes effect: at its own <offset>, or else where the direction does."""
    sound = direction.find("sound")
    if sound is None or sound.find("offset") is None:
        return position_quarter
    return _find_direction_quarter(sound, cursor)


def _read_attributes(element: Element, cursor: _Cursor) -> None:
    """Read key, divisions, transposition and time signature into the cursor."""
    place = cursor.place
    cursor.notations.read_key(element, place)
    if element.find("divisions") is not None:
        cursor.divisions = _read_divisions(element, place)
    cursor.staves.read(element)
    for transpose in element.iterfind("transpose"):
        staff = transpose.get("number", "")
        if not staff:
            cursor.transpose.clear()
        cursor.transpose[staff] = read_transposition(transpose, place)
    time = element.find("time")
    if time is not None:
        try:
            _read_time(time, cursor)
        except DataError:
            place.warn("a time signature that is no number is passed over")


def _read_time(time: Element, cursor: _Cursor) -> None:
    """Read a time signature into the cursor; without a measure, bars are as long as they are written."""
    place = cursor.place
    pairs = list(zip(time.iterfind("beats"), time.iterfind("beat-type"), strict=False))
    units = [(beats.text or "", parse_decimal(unit.text, "beat-type", place)) for beats, unit in pairs]
    nominal = sum((_parse_beats(beats, place) * 4 / unit for beats, unit in units if unit > 0), Fraction(0))
    if time.find("senza-misura") is not None or nominal <= 0:
        cursor.time = ""
        return
    cursor.nominal_quarter = nominal
    cursor.time = " + ".join(f"{beats.strip()}/{float(unit):g}" for beats, unit in units)[:40]


def _read_divisions(attributes: Element, place: Place) -> Fraction | None:
    """Read the divisions of a quarter; None where they are impossible, with a warning."""
    try:
        return read_bounded(attributes, "divisions", Fraction(1, 1000), MAX_DIVISION, place)
    except DataError:
        place.warn(f"<divisions> are {attributes.findtext('divisions', '')[:20]!r}: passed over")
        return None


def _parse_beats(text: str | None, place: Place) -> Fraction:
    """Parse the beats of a time signature, such as "4", or "3+2" in an additive one."""
    return sum((parse_decimal(beat, "beats", place) for beat in (text or "").split("+")), Fraction(0))


def _read_note(element: Element, cursor: _Cursor, bar: PartBar) -> WrittenNote | None:
    """Read a note or rest, and move the cursor by it; None for what has no pitch: rests and percussion."""
    is_grace = element.find("grace") is not None
    duration = Fraction(0) if is_grace else _read_note_quarter(element, cursor)
    ties = {tie.get("type") for tie in element.findall("tie") or element.findall("notations/tied")}
    if element.find("chord") is not None and cursor.chord_onset_quarter is not None:
        onset = cursor.chord_onset_quarter
        if element.find("voice") is None:  # Sibelius writes only that of the first note
            SubElement(element, "voice").text = cursor.chord_voice
        if ties & {"start", "continue"}:  # Sibelius writes notes of a chord with their own lengths
            duration = max(duration, cursor.position_quarter - onset)
    else:  # partitura writes a chord's later notes with both <backup> and <chord>; they are read like other notes
        onset = cursor.position_quarter
        cursor.chord_onset_quarter = onset
        cursor.chord_voice = element.findtext("voice", "1").strip()
        cursor.position_quarter += duration
    voice = _number_voice(element.findtext("voice", "1").strip(), cursor)
    if onset + duration == cursor.position_quarter:  # not a note of a chord that is longer than its first
        rest_quarter = measure_note(element, bar, onset, onset + duration, voice)
        cursor.excess_quarter = rest_quarter - cursor.nominal_quarter if rest_quarter and cursor.time else Fraction(0)
    staff = element.findtext("staff", "").strip()
    midi_pitch = _find_pitch(element, staff, cursor)
    if midi_pitch is None:
        return None
    if duration == 0 and not is_grace and element.find("cue") is None:
        make_grace(element, cursor.place)
    return WrittenNote(
        onset_quarter=onset,
        duration_quarter=duration,
        pitch=midi_pitch,
        voice=voice,
        tied_before=bool(ties & {"stop", "continue"}),
        tied_after=bool(ties & {"start", "continue"}),
        is_tie_sure=element.find("tie[@type='start']") is not None,  # <tied> alone is a printed sign
        marking=cursor.notations.read(element),
        staff=staff,
    )


def _is_percussion(element: Element, cursor: _Cursor) -> bool:
    """Return whether a note is of an instrument without pitch."""
    instrument = element.find("instrument")
    return cursor.default_is_percussion if instrument is None else instrument.get("id", "") in cursor.percussion


def _find_pitch(element: Element, staff: str, cursor: _Cursor) -> int | None:
    """Find the MIDI pitch at which a note sounds; None where it does not."""
    pitch = element.find("pitch")
    if pitch is None or cursor.staves.silence(staff):
        cursor.unpitched_count += element.find("unpitched") is not None
        return None
    if _is_percussion(element, cursor):
        cursor.drum_count += 1
        return None
    return read_midi_pitch(element, pitch, cursor.transpose.get(staff, cursor.transpose.get("", 0)), cursor.place)


def _number_voice(text: str, cursor: _Cursor) -> int:
    """Return the number of a voice; voices that are named by words get numbers from 1001 in order of appearance."""
    if text.isdecimal() and 1 <= int(text[:9]) <= 1000:
        return int(text)
    return cursor.voices.setdefault(text, 1001 + len(cursor.voices))
