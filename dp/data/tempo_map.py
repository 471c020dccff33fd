"""Tempo maps: they turn a time of a performance into a position in the score, and back."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dp.errors import DataError
from dp.types import PerformedNotes, Score, ScoreNotes
from dp.units import FloatArray, qpm_to_sec_per_quarter, sec_per_quarter_to_qpm

MIN_STEP_SEC = 1e-3  # score positions closer together in time say nothing about the tempo
DEFAULT_TEMPO_QPM = 100.0  # where a score has no tempo mark: about the median of the Bach Violin Dataset's movements


@dataclass(frozen=True)
class TempoMap:
    """Piecewise linear map between time and score position, K >= 2 points, both sides strictly increasing.

    Before the first and after the last point it goes on at `outer_tempo_qpm[0]` and `outer_tempo_qpm[1]`.
    """

    time_sec: FloatArray  # [K]
    position_quarter: FloatArray  # [K]
    outer_tempo_qpm: tuple[float, float]

    def find_quarter(self, sec: npt.ArrayLike) -> FloatArray:
        """Return the score position, in quarters, at a time."""
        slopes = [tempo / 60.0 for tempo in self.outer_tempo_qpm]
        return _interpolate(np.asarray(sec, dtype=np.float64), self.time_sec, self.position_quarter, slopes)

    def find_sec(self, quarter: npt.ArrayLike) -> FloatArray:
        """Return the time, in seconds, of a score position."""
        slopes = [qpm_to_sec_per_quarter(tempo) for tempo in self.outer_tempo_qpm]
        return _interpolate(np.asarray(quarter, dtype=np.float64), self.position_quarter, self.time_sec, slopes)

    def compute_mean_tempo_qpm(self, start_sec: float, end_sec: float) -> float:
        """Return the mean tempo between two times, in quarters per minute."""
        start_quarter, end_quarter = self.find_quarter([start_sec, end_sec])
        return sec_per_quarter_to_qpm((end_sec - start_sec) / float(end_quarter - start_quarter))


def _interpolate(x: FloatArray, known_x: FloatArray, known_y: FloatArray, slopes: list[float]) -> FloatArray:
    """Interpolate between the known points; outside them, go on with the slopes (before, after)."""
    before, after = np.minimum(x - known_x[0], 0.0), np.maximum(x - known_x[-1], 0.0)
    return np.asarray(np.interp(x, known_x, known_y) + before * slopes[0] + after * slopes[1])


def build_performed_tempo_map(notes: ScoreNotes, performed: PerformedNotes, subject: object) -> TempoMap:
    """Build the tempo map of a performance: a position sounds at the mean onset of its notes, grace notes apart.

    The last release closes the map, so that a single note has a tempo too.

    Raises:
        DataError: the notes do not follow each other in time; `subject` names the performance.
    """
    main = ~notes.is_grace
    quarters, group = np.unique(notes.onset_quarter[main], return_inverse=True)
    if len(quarters) == 0:
        raise DataError(subject, "has no notes but grace notes, so no tempo", "leave it out")
    onset_sec = np.bincount(group, weights=performed.onset_sec[main]) / np.bincount(group)
    end_quarter = notes.onset_quarter[main] + notes.duration_quarter[main]
    last = int(np.argmax(end_quarter))
    quarters = np.append(quarters, end_quarter[last])
    times = np.append(onset_sec, performed.offset_sec[main][last])
    # A point must come later than all before it: equal times would make the tempo infinite.
    reached = np.concatenate([[-np.inf], np.maximum.accumulate(times)[:-1]])
    keep = times > reached + MIN_STEP_SEC
    times, quarters = times[keep], quarters[keep]
    if len(times) < 2:
        raise DataError(subject, "has notes that all sound at once, so no tempo", "leave it out")
    tempo = sec_per_quarter_to_qpm(float((times[-1] - times[0]) / (quarters[-1] - quarters[0])))
    return TempoMap(times, quarters, (tempo, tempo))


def build_written_tempo_map(score: Score, tempo_qpm: float | None) -> TempoMap:
    """Build the tempo map of a score as written, starting at time 0.

    Args:
        score: its tempo marks hold until the next one, the first one also before itself; a score without marks is
            taken at DEFAULT_TEMPO_QPM.
        tempo_qpm: what the first tempo is to be instead; later marks keep their ratio to it.

    Raises:
        DataError: a tempo is not positive and finite.
    """
    marks = dict(zip(score.tempo_quarter.tolist(), score.tempo_qpm.tolist(), strict=True)) or {0.0: DEFAULT_TEMPO_QPM}
    quarters = np.array(sorted(marks))
    tempos = np.array([marks[quarter] for quarter in quarters.tolist()])
    if tempo_qpm is not None:
        tempos = tempos * (tempo_qpm / tempos[0])
    if not (np.all(tempos > 0) and np.all(np.isfinite(tempos))):
        raise DataError(f"tempo of {score.title!r}", f"is {tempos.min():g} quarters per minute", "give one above 0")
    end_quarter = float(np.max(score.notes.onset_quarter + score.notes.duration_quarter, initial=0.0))
    borders = np.concatenate([[0.0], quarters[quarters > 0.0]])
    borders = np.append(borders, max(end_quarter, borders[-1]) + 1.0)
    holding = tempos[np.maximum(np.searchsorted(quarters, borders[:-1], side="right") - 1, 0)]
    lengths_sec = np.diff(borders) * np.array([qpm_to_sec_per_quarter(tempo) for tempo in holding.tolist()])
    return TempoMap(np.concatenate([[0.0], np.cumsum(lengths_sec)]), borders, (float(holding[0]), float(holding[-1])))
