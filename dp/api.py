"""What `import dp` offers: each function of the package `dp`, with what it returns.

Only light modules load here; a function loads what it needs when it is called.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from dp.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from dp.config import AlignConfig
    from dp.render import Ensemble, ModelSet, Rendering, RenderOptions
    from dp.types import Alignment, Score
    from dp.units import FloatArray, IntArray


CSV_COLUMNS = ("pitch", "onset_quarter", "duration_quarter", "onset_s", "offset_s", "confidence")  # of `dp align`


class AlignKeywords(TypedDict, total=False):
    """What `align` can be told beside its files; defaults are those of `dp.config.AlignConfig`."""

    min_score_fit: float
    max_tuning_cent: float
    method: str
    program: int


class RenderKeywords(TypedDict, total=False):
    """How `render` is to play; defaults are those of `dp.render.RenderOptions`."""

    tempo_qpm: float | None
    tempo_factor: float
    expression: float
    texture: float
    seed: int
    parts: str | Sequence[str]
    movement: int | None
    start_bar: int | None
    end_bar: int | None
    tuning_hz: float
    instruments: Mapping[str, str | int]
    pans: Mapping[str, float]
    room: str | None


@dataclass(frozen=True)
class AlignedNotes:
    """When each note sounds in a recording: N notes in the order played.

    A repeat that is left out has no notes here. One that is played though the score does not ask for it has its notes
    once more, with the same `onset_quarter`.
    """

    pitch: IntArray  # [N] MIDI
    onset_quarter: FloatArray  # [N] where the note stands in the score, its repeats unfolded
    duration_quarter: FloatArray  # [N] 0 for a grace note
    onset_sec: FloatArray  # [N] from the start of the audio file, also where only a part of it is aligned
    offset_sec: FloatArray  # [N] > onset_sec
    confidence: FloatArray  # [N] 0 to 1: the chance that the onset is right within 50 ms
    score_fit: float  # how well the score fits the recording, 0 (chance) to 1
    tuning_cent: float  # of the recording against A = 440 Hz, transposition included
    structure: str  # how what is played differs from what is written, in words; empty where it does not
    doubts: str  # bars that are not heard, or are played otherwise than written, in words; empty where there are none

    def __len__(self) -> int:
        return len(self.pitch)

    def to_pandas(self) -> pd.DataFrame:
        """Make a table of the notes: one row per note, a column for each array.

        Raises:
            DataError: pandas is not installed.
        """
        from dp.types import make_pandas_table, select_arrays

        return make_pandas_table(select_arrays(self))

    def write(self, path: str | Path) -> None:
        """Write the notes to a file, as `dp align` does: one row per note, with the columns CSV_COLUMNS.

        Args:
            path: ends in .csv.

        Raises:
            DataError: the suffix is another one.
            OSError: the file cannot be written; nothing is left behind.
        """
        from dp.files import write_whole

        path = Path(path)
        if path.suffix.lower() != ".csv":
            raise DataError(path, f"suffix {path.suffix!r} is unknown", "write to a .csv file")
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for i in range(len(self)):
            quarters = f"{self.onset_quarter[i]:.6f}", f"{self.duration_quarter[i]:.6f}"
            times = f"{self.onset_sec[i]:.4f}", f"{self.offset_sec[i]:.4f}", f"{self.confidence[i]:.3f}"
            writer.writerow((int(self.pitch[i]), *quarters, *times))
        write_whole(path, buffer.getvalue().encode())


def align(
    score: str | Path | Score,
    audio: str | Path,
    *,
    start_sec: float = 0.0,
    end_sec: float | None = None,
    movement: int | None = None,
    **how: Unpack[AlignKeywords],
) -> AlignedNotes:
    """Find when each note of a score sounds in a recording.

    Args:
        score: a MusicXML or MIDI file, or what `read_score` returned.
        audio: a recording of it: wav, flac, mp3, opus, ogg or aiff.
        start_sec: where to begin in the recording, seconds.
        end_sec: where to end; None = at the end of the file.
        movement: which movement it is of a score file that holds several, from 1; None = all of them.
        how: `min_score_fit`, 0 to 1, below which the score does not fit; `max_tuning_cent`, 0 to 250, how far the
            recording may sound from the score at A = 440 Hz; `method`, "ours" or "publication" (the aligner of the
            Bach Violin Dataset); `program`, the General MIDI program from 0 that plays the score for the
            method "publication".

    Returns:
        One row per note played; the times are seconds from the start of the audio file.

    Raises:
        DataError: a file is missing or damaged, or the score does not fit the recording.

    Example:
        >>> import dp
        >>> notes = dp.align("demo-corpus/scores/scales.musicxml", "demo-corpus/audio/bruno_scales.wav")
        >>> len(notes), notes.onset_sec[:3].round(2).tolist()
        (81, [0.6, 0.87, 1.13])
    """
    from dp.config import AlignConfig

    found = align_pair(score, Path(audio), start_sec, end_sec, AlignConfig(**how), movement)
    return make_aligned_notes(*found, start_sec)


def align_pair(
    score: str | Path | Score,
    audio: Path,
    start_sec: float,
    end_sec: float | None,
    config: AlignConfig,
    movement: int | None = None,
) -> tuple[Score, Alignment]:
    """Align a score with a recording that it fits.

    Returns:
        The score as read, and the alignment, whose times count from `start_sec`.

    Raises:
        DataError: see `align`.
    """
    from dp.config import check_align
    from dp.stages.align_files import align_score
    from dp.types import Score

    check_align(config, "align")
    whole = _read_wanted(score, movement)
    alignment = align_score(whole, audio, start_sec, end_sec, config)
    if not alignment.accepted:
        name = (score.title or "the score") if isinstance(score, Score) else score
        raise DataError(
            audio,
            f"does not fit {name} ({alignment.reason})",
            "check that both are the same piece, movement and version",
        )
    return whole, alignment


def make_aligned_notes(score: Score, alignment: Alignment, start_sec: float) -> AlignedNotes:
    """Make the notes of an alignment, with their times in the audio file.

    Args:
        score: as it was aligned.
        alignment: of it.
        start_sec: where the alignment's times begin in the audio file.
    """
    from dp.align.doubts import describe_doubts

    written, performed = score.notes.take(alignment.score_index), alignment.performed
    return AlignedNotes(
        pitch=written.pitch,
        onset_quarter=written.onset_quarter,
        duration_quarter=written.duration_quarter,
        onset_sec=performed.onset_sec + start_sec,
        offset_sec=performed.offset_sec + start_sec,
        confidence=performed.confidence,
        score_fit=alignment.score_fit,
        tuning_cent=alignment.tuning_cent,
        structure=alignment.structure,
        doubts=describe_doubts(alignment.doubts, score.bars),
    )


def read_score(path: str | Path, *, movement: int | None = None) -> Score:
    """Read a score: repeats unfolded, ties joined, in exact quarters.

    Args:
        path: MusicXML (.mxl, .musicxml, .xml) or MIDI (.mid, .midi).
        movement: which movement of a file that holds several, from 1; None = all of them, one after the other.

    Returns:
        The score; `score.notes` has an array [N] for each property of its N notes, and `score.notes.to_pandas()` makes
        a table of them.

    Raises:
        DataError: the file is missing, damaged or no score, or has no note or no such movement.

    Example:
        >>> import dp
        >>> score = dp.read_score("demo-corpus/unseen/unseen.musicxml")
        >>> score.title, len(score.notes), score.tempo_qpm.tolist()
        ('Unseen study', 48, [92.0])
    """
    from dp.score import read_score as read

    return read(Path(path), movement)


def _read_wanted(score: str | Path | Score, movement: int | None) -> Score:
    """Read a score, unless it is read already.

    Raises:
        DataError: see `read_score`; or a movement is asked for of a score that is read already.
    """
    from dp.types import Score

    if not isinstance(score, Score):
        return read_score(score, movement=movement)
    if movement is not None:
        raise DataError("movement", "is asked for of a score that is read already", "give it to read_score")
    return score


def load_models(folder: str | Path) -> ModelSet:
    """Read the models that a rendering needs.

    Args:
        folder: with the folders `timing`, `synthesis` and `vocoder`, such as `models/sketch` of a project.

    Returns:
        The three models, for `render` and `performers`.

    Raises:
        DataError: one is missing or damaged, or they were trained on different log-mels.

    Example:
        >>> import dp
        >>> models = dp.load_models("models/sketch")
        >>> models.name
        'sketch'
    """
    from dp.render import load_models as load

    return load(Path(folder))


def performers(models: str | Path | ModelSet | None = None) -> tuple[str, ...]:
    """Name the performers whom models know, in alphabetical order.

    Args:
        models: what `load_models` returned, its folder, a folder of voices, or "violin" or "piano", which come with the
            library; None = both of these.

    Raises:
        DataError: the folder holds no models; see `load_models`.

    Example:
        >>> import dp
        >>> dp.performers("models/sketch")
        ('ada', 'bruno', 'clara')
    """
    return _get_models(models).performer_names


def render(
    score: str | Path | Score,
    models: str | Path | ModelSet | None = None,
    *,
    performer: str | Mapping[str, float] | None = None,
    sample_rate_hz: int | None = None,
    **how: Unpack[RenderKeywords],
) -> Rendering:
    """Perform a score, all of it in memory.

    The same score, models and options make the same samples. `dp render` writes the same sound to files, in memory that
    does not grow with the length.

    Args:
        score: a MusicXML or MIDI file, or what `read_score` returned.
        models: what `load_models` returned, its folder, a folder of voices, or "violin" or "piano", which come with the
            library and then play every part; None = they play what is theirs, and a soundfont all other instruments.
        performer: as whom the models play: a name, or a mix, names with weights, `{"ada": 0.6, "clara": 0.4}`; None =
            no performer in particular.
        sample_rate_hz: of the samples; None = that of the models, or 44100.
        how: `tempo_qpm`, quarters per minute of the beginning, or `tempo_factor`, times the score's own tempo;
            `expression`, 0 as written, 1 as learned, up to 5 exaggerated; `texture`, 0 to 2, how much of real sound's
            noise, and its `seed`; `parts`, names or numbers from 1; `movement`, of a file that holds several, from 1;
            `start_bar` and `end_bar`, as the score numbers them; `tuning_hz`, of the A above middle C; without a timing
            model also `instruments`, by part "violin", "piano", or the name or number from 0 of a General MIDI program;
            `pans`, by part -1 (left) to 1; and the `room` that voices sound in.

    Returns:
        `samples` [L] float32, or [L, 2] in stereo where several parts are played one by one or have pans, with their
        `sample_rate_hz`, the notes as `performance` (`to_pandas()` makes a table of them) and the `log_mel` [T, M];
        `write("name.wav")` writes the sound.

    Raises:
        DataError: the score or the models cannot be used, a performer is unknown, or a value makes no sense.

    Example:
        >>> import dp
        >>> models = dp.load_models("models/sketch")
        >>> rendering = dp.render("demo-corpus/unseen/unseen.musicxml", models, performer="ada", tempo_factor=1.1)
        >>> rendering.sample_rate_hz, rendering.samples.dtype.name
        (16000, 'float32')
        >>> rendering.write("unseen.wav")
        >>> dp.render("demo-corpus/unseen/unseen.musicxml", instruments={"1": "Flute"}).sample_rate_hz
        44100
    """
    from dp.render import render as play
    from dp.render_options import BOUNDS

    options = _make_options(performer, how)
    if sample_rate_hz is not None:
        BOUNDS["sample_rate_hz"].check("sample_rate_hz", sample_rate_hz)
    return play(_read_wanted(score, options.movement), _get_models(models), options, sample_rate_hz)


def make_demo(folder: str | Path) -> None:
    """Make a small corpus to try things on: six short studies, each played by two of three players.

    It takes seconds and nothing is downloaded. Scores are in `folder/scores`, recordings in `folder/audio`, and in
    `folder/unseen` is a score that nobody has played. Where the corpus is already, nothing happens.

    Args:
        folder: a new or an empty one.

    Raises:
        DataError: the folder holds something else, or tinysoundfont, which plays the notes, is not installed.

    Example:
        >>> import dp
        >>> dp.make_demo("demo-corpus")
    """
    from dp.corpora.demo.make import make_demo as make

    make(Path(folder))


def _get_models(models: str | Path | ModelSet | None) -> ModelSet | Ensemble:
    from dp.render.ensemble import load_any
    from dp.render.packaged import find_named

    if isinstance(models, str | Path):
        return load_any(find_named(models))
    return load_any(None) if models is None else models


def _make_options(performer: str | Mapping[str, float] | None, how: RenderKeywords) -> RenderOptions:
    """Make the options of a rendering.

    Raises:
        DataError: a value lies outside its bounds, or the mix is empty.
    """
    from dp.render_options import RenderOptions, check_bounds

    if performer is not None and not performer:
        raise DataError("performer", "names nobody", "give a name, names with weights, or None")
    shares = {performer: 1.0} if isinstance(performer, str) else performer or {}
    parts = how.get("parts", ())
    asked: dict[str, Any] = {
        **how,
        "performers": tuple((name, float(weight)) for name, weight in shares.items()),
        "parts": (parts,) if isinstance(parts, str) else tuple(parts),
        "instruments": tuple((part, str(name)) for part, name in how.get("instruments", {}).items()),
        "pans": tuple((part, float(pan)) for part, pan in how.get("pans", {}).items()),
    }
    options = RenderOptions(**asked)
    check_bounds(options)
    return options
