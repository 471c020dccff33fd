"""Some written notes stand for others: tremolos between two notes, and harmonics, which sound where nothing is written.

They are found once a bar is read, since a sign at one note of a chord counts for the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from dp.score.model import WrittenNote
from dp.score.notations import read_strokes_quarter
from dp.score.numbers import Place
from dp.types import Mark

# What sounds where a string is touched, both in semitones above its base: an octave, a fifth, a fourth, thirds, a sixth
# and their like are where the partials 2 to 6 have their nodes.
_SOUNDING = {12: 12, 7: 19, 19: 19, 5: 24, 24: 24, 4: 28, 9: 28, 16: 28, 28: 28, 3: 31, 31: 31}
# Above a note of a chord, a diamond at one of these is an artificial harmonic, where no <harmonic> says so.
_DIAMOND_SEMITONE = (3, 4, 5, 7)
_ROLES = ("base-pitch", "touching-pitch", "sounding-pitch")


@dataclass(frozen=True, slots=True)
class _Tremolo:
    """Where a tremolo between two notes begins or ends."""

    index: int  # of the note in its bar
    value_quarter: Fraction  # of each stroke
    is_start: bool


@dataclass(slots=True)
class Figures:
    """The notes of one bar that stand for others; they are told by their index in the bar."""

    harmonics: dict[int, str] = field(default_factory=dict)  # the role of each note of a harmonic; "" = none
    tremolos: list[_Tremolo] = field(default_factory=list)
    diamonds: set[int] = field(default_factory=set)  # notes with a diamond for a head

    def read(self, element: Element, index: int) -> None:
        """Read the signs of a note.

        Args:
            element: the <note>.
            index: of the note in the bar's list.
        """
        if element.findtext("notehead", "").strip() == "diamond":
            self.diamonds.add(index)
        if element.find("notations") is None:
            return
        harmonic = element.find("notations/technical/harmonic")
        if harmonic is not None:
            self.harmonics[index] = next((role for role in _ROLES if harmonic.find(role) is not None), "")
        for tremolo in element.iterfind("notations/ornaments/tremolo"):
            if tremolo.get("type") in ("start", "stop"):
                is_start = tremolo.get("type") == "start"
                self.tremolos.append(_Tremolo(index, read_strokes_quarter(tremolo), is_start))

    def play(self, notes: list[WrittenNote], place: Place) -> list[WrittenNote]:
        """Return the notes that the bar's notes stand for.

        Args:
            notes: the notes of the bar, in the order of the file.
            place: for what is odd.
        """
        if self.tremolos:
            notes = _alternate(notes, self.tremolos, place)
        harmonics = self.harmonics or (_find_diamonds(notes, self.diamonds) if self.diamonds else {})
        return _sound_harmonics(notes, harmonics) if harmonics else notes


def _find_diamonds(notes: Sequence[WrittenNote], diamonds: set[int]) -> dict[int, str]:
    """Find the artificial harmonics that only their heads show: chords of two, with a diamond a fourth or so above.

    Returns:
        The role of each of their notes, by its index.
    """
    chords: dict[tuple[Fraction, int], list[int]] = {}
    for index, note in enumerate(notes):
        if note.duration_quarter:
            chords.setdefault((note.onset_quarter, note.voice), []).append(index)
    roles: dict[int, str] = {}
    for chord in chords.values():
        low, high = min(chord, key=lambda i: notes[i].pitch), max(chord, key=lambda i: notes[i].pitch)
        is_harmonic = len(chord) == 2 and high in diamonds and low not in diamonds
        if is_harmonic and notes[high].pitch - notes[low].pitch in _DIAMOND_SEMITONE:
            roles |= {low: _ROLES[0], high: _ROLES[1]}
    return roles


def _sound_harmonics(notes: list[WrittenNote], roles: dict[int, str]) -> list[WrittenNote]:
    """Keep what sounds of each harmonic: its sounding pitch, or what its base and touching pitches lead to.

    A harmonic that does not say enough sounds as it is written.
    """
    chords: dict[tuple[Fraction, int], dict[str, int]] = {}
    for index, role in roles.items():
        chords.setdefault((notes[index].onset_quarter, notes[index].voice), {})[role] = index
    kept = list(notes)
    silent: set[int] = set()
    for chord in chords.values():
        base, touching, sounding = (chord.get(role) for role in _ROLES)
        if sounding is not None:
            silent |= {index for index in (base, touching) if index is not None}
        elif base is not None and touching is not None:
            interval = _SOUNDING.get(notes[touching].pitch - notes[base].pitch)
            if interval is not None and notes[base].pitch + interval <= 127:
                kept[base] = replace(notes[base], pitch=notes[base].pitch + interval)
                silent.add(touching)
    return [note for index, note in enumerate(kept) if index not in silent]


def _alternate(notes: list[WrittenNote], signs: Sequence[_Tremolo], place: Place) -> list[WrittenNote]:
    """Let both notes of a tremolo, or both chords, last from its beginning to its end, marked to alternate.

    The standard writes each of the two with half the length that it prints.
    """
    played = list(notes)
    waiting: list[_Tremolo] = []
    for sign in signs:
        last = notes[sign.index]
        if sign.is_start:
            waiting.append(sign)
            continue
        before = [s for s in waiting if _find_end_quarter(notes[s.index]) == last.onset_quarter]
        start = next((s for s in before if notes[s.index].voice == last.voice), before[0] if before else None)
        if start is None or not last.duration_quarter or not start.value_quarter:
            continue
        first = notes[start.index]
        waiting = [s for s in waiting if not _is_of_chord(notes[s.index], first)]
        for i, note in enumerate(notes):
            is_second = _is_of_chord(note, last)
            if is_second or _is_of_chord(note, first):
                marks = note.marking.marks | Mark.TREMOLO | Mark.ALTERNATING | (Mark.DELAYED if is_second else 0)
                played[i] = replace(
                    note,
                    onset_quarter=first.onset_quarter,
                    duration_quarter=first.duration_quarter + last.duration_quarter,
                    marking=replace(note.marking, marks=int(marks), value_quarter=start.value_quarter),
                )
    if any(not played[sign.index].marking.marks & Mark.ALTERNATING for sign in signs):
        place.warn("a tremolo between two notes lacks one of them: played as written")
    return played


def _find_end_quarter(note: WrittenNote) -> Fraction:
    """Find where a note ends."""
    return note.onset_quarter + note.duration_quarter


def _is_of_chord(note: WrittenNote, other: WrittenNote) -> bool:
    """Return whether two notes are of one chord, or the same."""
    return (note.onset_quarter, note.duration_quarter, note.voice) == (
        other.onset_quarter,
        other.duration_quarter,
        other.voice,
    )
