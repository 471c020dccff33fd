"""These types hold a score as it is written, with repeats not yet unfolded: bars with notes, signs and marks.

Positions and lengths are exact fractions of quarters.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction

from dp.score.tempo_words import Heading

MAX_DENOMINATOR = 10**12  # of a position in quarters; a larger one costs time and is written by no program


@dataclass(frozen=True, slots=True)
class Marking:
    """What is written at one note beside its pitch and length: columns of `dp.types.ScoreNotes`."""

    marks: int = 0  # flags of `dp.types.Mark`
    dynamic: float = 0.0  # written level as a MIDI velocity; 0 = none
    value_quarter: Fraction = Fraction(0)
    grace_order: int = 0
    upper_semitone: int = 0
    lower_semitone: int = 0


PLAIN = Marking()


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """One note of one bar, as written."""

    onset_quarter: Fraction  # from the start of the bar
    duration_quarter: Fraction  # 0 = grace note
    pitch: int  # sounding
    voice: int
    tied_before: bool  # continues a note that ends where this one starts
    tied_after: bool  # is continued by a note that starts where this one ends
    marking: Marking = PLAIN
    staff: str = ""  # as it is numbered in its part; "" = the part has one
    is_tie_sure: bool = False  # the note that continues this one need not say so


@dataclass(frozen=True, slots=True)
class Loudness:
    """A dynamic mark, or where a hairpin begins or ends."""

    onset_quarter: Fraction  # from the start of the bar
    level: float = 0.0  # from here on, as a MIDI velocity; 0 = no such mark
    attack: float = 0.0  # level of the notes that start here only, as in fp; 0 = the same
    is_sforzando: bool = False  # the notes that start here are stressed, whatever the level
    direction: int = 0  # 1: a crescendo begins, -1: a diminuendo
    is_stop: bool = False  # of a hairpin or of the dashes after "cresc."
    number: str = ""  # of the hairpin or the dashes; "" = it ends where the next mark stands


@dataclass(frozen=True, slots=True)
class Gradual:
    """The tempo begins to change gradually here, or ceases to."""

    onset_quarter: Fraction  # from the start of the bar
    factor: float  # of the tempo at the end of the change; 1 = a change ends here ("a tempo", or the end of dashes)
    number: str = ""  # of its dashes; "" = it has none


@dataclass(frozen=True, slots=True)
class Pedal:
    """The sustaining pedal goes down or up."""

    onset_quarter: Fraction  # from the start of the bar
    is_down: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A stretch over which a fermata stands."""

    onset_quarter: Fraction  # from the start of the bar
    end_quarter: Fraction
    factor: float


class TempoSource(IntEnum):
    """What a tempo mark is read from; at one place, the last of these counts."""

    WORDS = 0  # a heading such as "Allegro"
    RELATIVE = 1  # a metric modulation, or "Tempo I"
    PRINTED = 2  # a number in <metronome>
    SOUND = 3  # <sound>, which is meant for playing


@dataclass(frozen=True, slots=True)
class TempoMark:
    """A tempo mark inside a bar."""

    onset_quarter: Fraction  # from the start of the bar
    qpm: float  # quarters per minute; 0 for one from RELATIVE until it is settled
    source: TempoSource
    heading: Heading | None = None  # that it stands with
    factor: float = 1.0  # of the tempo before, of one from RELATIVE
    is_first: bool = False  # the first tempo comes back
    is_passing: bool = False  # it holds until "a tempo"
    is_back: bool = False  # "a tempo": the tempo before those that pass comes back


@dataclass(slots=True)
class Signs:
    """What a bar says about the order of playing; filled while the bar is read.

    Labels tell several segnos or codas apart; "" where the score has no label.
    """

    section_start: bool = False  # a double bar line or a new key
    key_start: bool = False  # a key signature stands at the bar's start
    time_start: bool = False  # a time signature stands there
    tempo_start: bool = False  # a tempo heading stands there
    headings: tuple[str, ...] = ()  # words that stand there, in small letters
    section_start_next: bool = False  # the double bar line stands at the bar's end
    is_final: bool = False  # a final bar line without a repeat sign stands at the bar's end
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
    jump_words: str | None = None  # what is printed at a D.C. or D.S.
    jump_part: str | None = None  # the part in which a D.C., D.S. or To Coda stands
    jump_quarter: Fraction | None = None  # where a D.C. or D.S. stands
    is_jump_printed: bool = False  # it is in words only, which programs put near the place that they mean

    @property
    def has_return(self) -> bool:
        """Return whether a D.C. or D.S. stands here."""
        return self.da_capo or self.dal_segno is not None

    @property
    def ends_section(self) -> bool:
        """Return whether a repeat, an ending, a double or a final bar line ends here."""
        return bool(self.is_final or self.section_start_next or self.repeat_end_plays or self.ending_stop)

    def add(self, other: "Signs") -> None:
        """Add the signs of another part at the same bar; those that are here already stay."""
        for name in self.__slots__:
            mine = getattr(self, name)
            if not mine and mine != "":  # "" is a label too
                setattr(self, name, getattr(other, name))


@dataclass(slots=True)
class VoiceEnd:
    """Where a voice of a bar ends."""

    note_quarter: Fraction  # its last note that sounds, a cue note too
    rest_quarter: Fraction  # the printed rests that follow that note


@dataclass(slots=True)
class PartBar:
    """One bar of one part; filled while it is read."""

    name: str  # its number in the score, for messages
    is_implicit: bool = False  # not counted in the score: a pickup, or the second half of a divided bar
    content_quarter: Fraction = Fraction(0)  # where the last note, rest or gap ends, whole-bar rests left out
    rest_quarter: Fraction = Fraction(0)  # of a rest that lasts the whole bar, as it is written
    nominal_quarter: Fraction = Fraction(4)  # what the time signature says
    time: str = ""  # the time signature, such as "4/4"; "" = none counts here
    voices: dict[int, VoiceEnd] = field(default_factory=dict)  # those with notes
    notes: list[WrittenNote] = field(default_factory=list)
    tempo: list[TempoMark] = field(default_factory=list)
    signs: Signs = field(default_factory=Signs)
    loudness: list[Loudness] = field(default_factory=list)
    graduals: list[Gradual] = field(default_factory=list)
    pedals: list[Pedal] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    inner_signs: dict[Fraction, Signs] = field(default_factory=dict)  # of bar lines inside the bar, by their place
    fine_quarter: Fraction | None = None  # where "Fine" stands
    repeated: dict[str, int] = field(default_factory=dict)  # a sign repeats the bar so many before; by staff, "" = all
    is_continued: bool = False  # the bar is divided, and this is not its last part
    is_continuation: bool = False  # the bar is divided, and this is not its first part


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of all parts."""

    name: str
    length_quarter: Fraction
    is_partial: bool  # a pickup or the second half of a divided bar: it does not count
    parts: tuple[tuple[WrittenNote, ...], ...]
    tempo: tuple[TempoMark, ...]
    signs: Signs
    graduals: tuple[Gradual, ...] = ()
    held: tuple[Held, ...] = ()
    pedals: tuple[tuple[Pedal, ...], ...] = ()  # of each part
    absurd_qpm: tuple[float, ...] = ()  # of tempo marks that nobody can mean
    is_continuation: bool = False  # goes on with the bar before it, which signs inside it divide


@dataclass(slots=True)
class PlayedNote:
    """One note of the unfolded score; its duration grows while ties are joined."""

    onset_quarter: Fraction
    duration_quarter: Fraction
    pitch: int
    velocity: int  # 0 = unknown
    voice: int
    measure: int
    part: int
    marking: Marking = PLAIN
    ring_quarter: Fraction = Fraction(0)
