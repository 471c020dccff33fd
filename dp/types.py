"""The things that flow between the rooms of this library, as frozen dataclasses of numpy arrays.

N is the number of notes. Arrays of one object are parallel; a note's id is its index. Scores are sorted by onset,
then pitch. Their Arrow counterparts, with units and sources, are in `dp.schema`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dp.units import FloatArray, IntArray

FULL_PEAK = 0.95  # of the samples of a recording, or of a clip, that is brought to full level
PITCH_COUNT = 128  # MIDI pitches are 0-127; in batches of clips, 128 stands for "no note"
UNKNOWN_VELOCITY = 0  # MIDI keeps 0 for "note off", so no sounding note has it


@dataclass(frozen=True)
class ScoreNotes:
    """Notes as written, repeats unfolded and ties joined; N notes sorted by (onset, pitch).

    A grace note has duration 0 and the onset of the note it adorns (SPEC: exact, in quarters).
    """

    onset_quarter: FloatArray  # [N] from the start of the piece, >= 0
    duration_quarter: FloatArray  # [N] >= 0; 0 only for grace notes
    pitch: IntArray  # [N] sounding MIDI pitch 0-127
    velocity: IntArray  # [N] 1-127, or 0 = unknown
    voice: IntArray  # [N] >= 1
    measure: IntArray  # [N] number of the measure, counted from 1 as played; 0 for a pickup bar
    part: IntArray  # [N] >= 0, index of the part in the file

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def is_grace(self) -> np.ndarray:
        """[N] bool."""
        return self.duration_quarter == 0.0


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
    bars: tuple[PlayedBar, ...] = ()  # in playing order


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


@dataclass(frozen=True)
class WarpingPath:
    """Monotone map between score and recording, P points, both sides non-decreasing."""

    score_quarter: FloatArray  # [P]
    audio_sec: FloatArray  # [P]


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
