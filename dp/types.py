"""Frozen dataclasses of numpy arrays flow between the packages of this library; they are defined here.

N is the number of notes. Arrays of one object are parallel; a note's id is its index. Scores are sorted by onset,
then pitch. Their Arrow counterparts, with units and sources, are in `dp.schema`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import IntFlag
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from dp.errors import DataError
from dp.units import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

FULL_PEAK = 0.95  # of the samples of a recording, or of a clip, that is brought to full level
PITCH_FRAME_RATE_HZ = 125.0  # of pitch curves: frames of 8 ms, frame t at t / 125 s
PITCH_COUNT = 128  # MIDI pitches are 0-127; in batches of clips, 128 stands for "no note"
UNKNOWN = "unknown"  # performer, instrument or licence, where nobody says
UNKNOWN_VELOCITY = 0  # MIDI keeps 0 for "note off", so no sounding note has it


class Mark(IntFlag):
    """What a score asks of a note beside its pitch and length; `docs/score-marks.md` says where each is read from and
    what it does."""

    STACCATO = 1
    STACCATISSIMO = 2
    TENUTO = 4
    ACCENT = 8
    STRONG_ACCENT = 16
    SFORZANDO = 32
    SLURRED = 64  # into the next note of its voice
    FERMATA = 128
    TRILL = 256
    FROM_MAIN = 512  # the trill begins with the written note, not with the one above
    MORDENT = 1024  # with the note below
    INVERTED_MORDENT = 2048  # with the note above
    LONG = 4096  # the mordent has two beats
    TURN = 8192
    INVERTED_TURN = 16384
    DELAYED = 32768  # the turn leads to the next note; the other note of an alternating tremolo begins
    ARPEGGIO = 65536
    DOWNWARDS = 131072  # the arpeggio
    SLASHED = 262144  # the grace note
    TREMOLO = 524288
    ALTERNATING = 1048576  # the tremolo is between two notes or chords, both of which last all its time


@dataclass(frozen=True)
class ScoreNotes:
    """Notes as written, repeats unfolded and ties joined; N notes sorted by (onset, pitch).

    A grace note has duration 0 and the onset of the note it adorns exactly, in quarters.
    """

    onset_quarter: FloatArray  # [N] from the start of the piece, >= 0
    duration_quarter: FloatArray  # [N] >= 0; 0 only for grace notes
    pitch: IntArray  # [N] sounding MIDI pitch 0-127
    velocity: IntArray  # [N] 1-127, or 0 = unknown
    voice: IntArray  # [N] >= 1
    measure: IntArray  # [N] number of the measure, counted from 1 as played; 0 for a pickup bar
    part: IntArray  # [N] >= 0, index of the part in the file
    # What the score asks for beside the notes. Stored data have none of it; left out, it is all 0.
    marks: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # [N] flags of `Mark`
    dynamic: FloatArray = field(default_factory=lambda: np.zeros(0))  # [N] written level as a velocity; 0 = none
    ring_quarter: FloatArray = field(default_factory=lambda: np.zeros(0))  # [N] how much longer the pedal holds it
    value_quarter: FloatArray = field(default_factory=lambda: np.zeros(0))  # [N] as printed, of a grace note; of a
    # tremolo's repeated notes; 0 for others
    grace_order: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # [N] from 1 in a group of them
    upper_semitone: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # [N] up to the note above;
    # 0 where there is no ornament
    lower_semitone: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # [N] down to the note below

    def __post_init__(self) -> None:
        for column in fields(self):
            values = getattr(self, column.name)
            if len(values) == 0 and len(self.pitch) > 0:
                object.__setattr__(self, column.name, np.zeros(len(self.pitch), dtype=values.dtype))

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def is_grace(self) -> np.ndarray:
        """Which notes are grace notes, [N] bool."""
        return self.duration_quarter == 0.0

    def has(self, mark: Mark) -> np.ndarray:
        """Find the notes that have any of some marks, [N] bool."""
        return (self.marks & int(mark)) != 0

    def take(self, index: np.ndarray) -> "ScoreNotes":
        """Take some of the notes, in the order of `index`, or where it is true."""
        return replace(self, **{column.name: getattr(self, column.name)[index] for column in fields(self)})

    def to_pandas(self) -> "pd.DataFrame":
        """Make a table of the notes: one row per note, a column for each array.

        Raises:
            DataError: pandas is not installed.
        """
        return make_pandas_table(select_arrays(self))


@dataclass(frozen=True)
class Repeat:
    """A stretch of a score that players may play once more, or once less, than the score is unfolded.

    Where `is_written`, the stretch is in the unfolded score and may be left out: then `at_quarter` is its beginning,
    and what follows is another pass of the same bars. Otherwise it may be played again at `at_quarter`. Where it is not
    even declared, no sign says so: then it is a section of the score or all of it, and is played again where it ends or
    where the score does.
    """

    at_quarter: float  # in the unfolded score
    begin_quarter: float  # of the stretch, in the unfolded score
    end_quarter: float  # > begin_quarter
    is_written: bool
    bars: str  # as the score numbers them, "1-8"
    is_declared: bool = True  # by a repeat sign, or by the same notes twice in a row where there are no signs


@dataclass(frozen=True)
class TempoChange:
    """A ritardando or accelerando: the tempo goes from one multiple of the tempo in force to another."""

    begin_quarter: float  # in the unfolded score
    end_quarter: float  # > begin_quarter; there the tempo in force comes back, or a new one begins
    begin_factor: float
    end_factor: float


@dataclass(frozen=True)
class Fermata:
    """What is held longer than it is written."""

    begin_quarter: float  # of the note, rest or bar that it stands over, in the unfolded score
    end_quarter: float  # > begin_quarter
    factor: float  # how many times as long


@dataclass(frozen=True)
class PlayedBar:
    """One bar of the unfolded score."""

    name: str  # as the score numbers it: a repeated bar comes again under the same name
    begin_quarter: float
    end_quarter: float


@dataclass(frozen=True)
class Score:
    """One score file."""

    title: str
    notes: ScoreNotes
    tempo_quarter: FloatArray  # [K] where each tempo mark stands, in unfolded quarters; may be empty
    tempo_qpm: FloatArray  # [K] the mark's tempo, quarters per minute
    part_names: tuple[str, ...]
    repeats: tuple[Repeat, ...] = ()  # by at_quarter
    tempo_changes: tuple[TempoChange, ...] = ()  # by begin_quarter; they do not overlap
    fermatas: tuple[Fermata, ...] = ()  # by begin_quarter
    oddities: tuple[str, ...] = ()  # what was read otherwise than it is written, and how often
    bars: tuple[PlayedBar, ...] = ()  # in playing order
    part_programs: tuple[int | None, ...] = ()  # General MIDI, from 0, by part as the file says; None where it does not


@dataclass(frozen=True)
class PerformedNotes:
    """The seam of the system: when each note of a score sounds. Alignment makes it to train from, the timing model to
    render from, and nothing downstream can tell. Note i is note i of the notes as played."""

    pitch: IntArray  # [N]
    velocity: IntArray  # [N] 0 = unknown
    onset_sec: FloatArray  # [N] from the start of the recording's slice
    offset_sec: FloatArray  # [N] > onset_sec
    confidence: FloatArray  # [N] 0 to 1

    def __len__(self) -> int:
        return len(self.pitch)

    def take(self, index: np.ndarray) -> "PerformedNotes":
        """Take some of the notes, in the order of `index`, or where it is true."""
        return replace(self, **{column.name: getattr(self, column.name)[index] for column in fields(self)})

    def to_pandas(self) -> "pd.DataFrame":
        """Make a table of the notes: one row per note, a column for each array.

        Raises:
            DataError: pandas is not installed.
        """
        return make_pandas_table(select_arrays(self))


class Samples(Protocol):
    """Mono samples [L] of which slices are looked at: an array, or what reads them from a file."""

    def __len__(self) -> int:
        """Count the samples."""

    def __getitem__(self, part: slice, /) -> npt.NDArray[np.float32]:
        """Give a slice, without a step, as an array."""


@dataclass(frozen=True)
class PitchCurve:
    """How the pitch of one performed note moves; T frames, at PITCH_FRAME_RATE_HZ."""

    first_frame: int  # from the start of the recording's slice
    cent: npt.NDArray[np.float32]  # [T] above the written pitch at A = 440 Hz
    confidence: npt.NDArray[np.float32]  # [T] 0 to 1


@dataclass(frozen=True)
class Recording:
    """One performance of one piece: a slice of an audio file and the score it follows."""

    recording_id: str
    collection: str
    piece_id: str
    performer: str
    instrument: str
    audio_path: Path
    score_path: Path
    start_sec: float  # of the slice inside the audio file
    end_sec: float | None  # None = to the end of the file
    licence: str  # "unknown" where nobody says
    movement: int = 0  # which of the score file's movements is played, from 1; 0 = all of them


@dataclass(frozen=True, order=True)
class Source:
    """A recording that a model learned from."""

    recording_id: str
    performer: str
    licence: str  # as its corpus states it; "unknown" where nobody says


@dataclass(frozen=True)
class WarpingPath:
    """Monotone map between score and recording, P points, both sides non-decreasing."""

    score_quarter: FloatArray  # [P]
    audio_sec: FloatArray  # [P]


@dataclass(frozen=True)
class Doubt:
    """Bars of a score that a recording does not bear out.

    Absent bars are not heard at all; those that are played otherwise have other notes; more than is written is played
    just before the bar of the third kind.
    """

    kind: Literal["absent", "otherwise", "more"]
    first_quarter: float  # where the first and the last of their notes stand in the unfolded score
    last_quarter: float
    first_measure: int  # `ScoreNotes.measure` of these notes
    last_measure: int
    begin_sec: float  # where they were put in the recording
    end_sec: float


@dataclass(frozen=True)
class Alignment:
    """What alignment found for one recording."""

    performed: PerformedNotes
    path: WarpingPath
    tuning_cent: float  # of the recording against A = 440 Hz, transposition included
    accepted: bool  # whether the score fits the recording
    reason: str  # why not; empty where accepted
    score_fit: float  # the figure that was judged, 0 (chance) to 1
    notes: ScoreNotes  # the M notes as played, in playing order: onset_quarter counts on through repeats
    score_index: IntArray  # [M] which note of the unfolded score each of them is
    structure: str = ""  # how what is played differs from what is written, in words
    doubts: tuple[Doubt, ...] = ()  # bars that the recording does not bear out, in the order played


def select_arrays(item: Any) -> dict[str, np.ndarray]:
    """Select the fields of a dataclass that are arrays, by name."""
    values = {column.name: getattr(item, column.name) for column in fields(item)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def make_pandas_table(columns: Mapping[str, np.ndarray]) -> "pd.DataFrame":
    """Make a pandas table of columns [N] by name.

    Raises:
        DataError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise DataError("pandas", "is not installed, which to_pandas needs", "pip install pandas") from error
    return pd.DataFrame(columns)
