"""A score as it is written, before repeats are unfolded: bars with notes, signs and tempo marks. Times are exact."""

from dataclasses import dataclass, field
from fractions import Fraction

MAX_DENOMINATOR = 10**12  # of a time in quarters: exact times stay small numbers


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """One note of one bar, as written."""

    onset_quarter: Fraction  # from the start of the bar
    duration_quarter: Fraction  # 0 = grace note
    pitch: int  # sounding
    voice: int
    tied_before: bool  # continues a note that ends where this one starts
    tied_after: bool  # is continued by a note that starts where this one ends


@dataclass(frozen=True, slots=True)
class TempoMark:
    """A tempo mark inside a bar."""

    onset_quarter: Fraction  # from the start of the bar
    qpm: float  # quarters per minute
    is_sound: bool  # meant for playing (<sound>), so it wins over the printed mark (<metronome>)


@dataclass(slots=True)
class Signs:
    """What a bar says about the order of playing; filled while the bar is read.

    Labels tell several segnos or codas apart; "" where the score has no label.
    """

    section_start: bool = False  # a double bar line or a new key
    section_start_next: bool = False  # the double bar line stands at the bar's end
    repeat_start: bool = False
    repeat_start_next: bool = False  # the sign stands at the bar's end
    repeat_end_plays: int = 0  # how often the repeated part is played in all; 0 = no sign
    repeat_end_previous_plays: int = 0  # the same, where the sign stands at the bar's start
    repeat_after_jump: bool = False  # the repeat is played again after a D.C. or D.S.
    ending_start: frozenset[int] = frozenset()  # the passes that take the ending which starts here
    ending_stop: bool = False
    segno: str | None = None
    coda: str | None = None
    to_coda: str | None = None
    dal_segno: str | None = None
    da_capo: bool = False
    fine: bool = False

    def add(self, other: "Signs") -> None:
        """Take over what another part says at the same bar."""
        for name in self.__slots__:
            mine = getattr(self, name)
            if not mine and mine != "":  # "" is a label too
                setattr(self, name, getattr(other, name))


@dataclass(slots=True)
class PartBar:
    """One bar of one part; filled while it is read."""

    name: str  # its number in the score, for messages
    is_implicit: bool = False  # not counted in the score: a pickup, or the second half of a divided bar
    content_quarter: Fraction = Fraction(0)  # where the last note, rest or gap ends
    nominal_quarter: Fraction = Fraction(4)  # what the time signature says
    notes: list[WrittenNote] = field(default_factory=list)
    tempo: list[TempoMark] = field(default_factory=list)
    signs: Signs = field(default_factory=Signs)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of all parts."""

    name: str
    length_quarter: Fraction
    is_partial: bool  # a pickup or the second half of a divided bar: it does not count
    parts: tuple[tuple[WrittenNote, ...], ...]
    tempo: tuple[TempoMark, ...]
    signs: Signs
