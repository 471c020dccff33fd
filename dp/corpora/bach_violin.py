"""List the Bach Violin Dataset (Dong et al., 2022; https://zenodo.org/record/6050245) from a local copy.

Bach's sonatas and partitas for solo violin: `info.csv` lists the movements, `audio.csv` the audio files they are
slices of. Files lie in audio/<collection>/, scores/<work>/, notes/, alignments/ and tempos/<collection>/.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dp.corpora.listing import Corpus, Missing, PublishedRecording, is_id
from dp.corpora.table import Row, read_table
from dp.errors import DataError
from dp.licences import read_licence
from dp.types import UNKNOWN, Recording
from dp.units import FloatArray, IntArray

NAME = "bach-violin"
_INFO_COLUMNS = ("filename", "collection", "violinist", "work", "source_filename", "start", "end", "score_filename")


@dataclass(frozen=True)
class PublishedNotes:
    """The score of a movement as the dataset publishes it, repeats unfolded; N notes."""

    onset_tick: IntArray  # [N] 24 ticks per quarter
    offset_tick: IntArray  # [N]
    pitch: IntArray  # [N]
    velocity: IntArray  # [N]


@dataclass(frozen=True)
class PublishedAlignment:
    """When its authors' alignment has each of the published notes sound, on a grid of 32 ms; N notes."""

    onset_sec: FloatArray  # [N] from the start of the slice
    offset_sec: FloatArray  # [N] >= onset_sec; 139 notes of the dataset have no length at all


def list_recordings(root: Path) -> Corpus:
    """List the movements whose audio and score are in this copy, and the others as missing.

    An alignment that the dataset publishes has the licence of its recording, as the dataset's README says.

    Raises:
        DataError: the folder holds no such dataset or its tables hold bad data.
    """
    movements = _read_movements(root)
    licence_of = _read_licences(root)
    recordings, missing, published = [], [], []
    for row in movements:
        recording = _make_recording(root, row, licence_of)
        absent = [path for path in (recording.audio_path, recording.score_path) if not path.is_file()]
        if absent:
            names = " and ".join(path.relative_to(root).as_posix() for path in absent)
            reason = f"{names} {'is' if len(absent) == 1 else 'are'} not in this copy of the dataset"
            missing.append(Missing(recording.recording_id, reason))
        else:
            recordings.append(recording)
        notes_path, alignment_path = (
            _locate_published_file(root, name, row, ".csv") for name in ("notes", "alignments")
        )
        if recording.score_path.is_file() and notes_path.is_file() and alignment_path.is_file():
            published.append(PublishedRecording(recording, notes_path, alignment_path))
    return Corpus(tuple(recordings), tuple(missing), tuple(published))


def read_movement_notes(root: Path, recording_id: str) -> PublishedNotes:
    """Read the published score notes of a movement.

    Raises:
        DataError: the recording is unknown, or its file is missing or holds bad data.
    """
    return read_notes(_find_published_file(root, "notes", recording_id, ".csv"))


def read_movement_alignment(root: Path, recording_id: str) -> PublishedAlignment | None:
    """Read a movement's published alignment, row by row as its `read_movement_notes`; None where there is none.

    Raises:
        DataError: the recording is unknown or its file holds bad data.
    """
    path = _find_published_file(root, "alignments", recording_id, ".csv")
    return read_alignment(path) if path.is_file() else None


def read_notes(path: Path) -> PublishedNotes:
    """Read one file of notes/: onsets and offsets in ticks, pitches and velocities, [N] each.

    Raises:
        DataError: it is missing or holds bad data.
    """
    rows = read_table(path, ("onset", "offset", "pitch", "velocity"))
    tick = 1e9
    columns = [("onset", tick), ("offset", tick), ("pitch", 127.0), ("velocity", 127.0)]
    arrays = [np.array([row.number(name, 0, high) for row in rows], dtype=np.int64) for name, high in columns]
    return PublishedNotes(*arrays)


def read_alignment(path: Path) -> PublishedAlignment:
    """Read one file of alignments/: onsets and offsets in seconds, [N] each.

    Raises:
        DataError: it is missing or holds bad data.
    """
    rows = read_table(path, ("start", "end"))
    onset_sec = np.array([row.time_sec("start") for row in rows])
    offset_sec = np.array([row.time_sec("end") for row in rows])
    backwards = np.flatnonzero(offset_sec < onset_sec)
    if len(backwards):
        raise rows[backwards[0]].error("end", "lies before its start")
    return PublishedAlignment(onset_sec, offset_sec)


def read_movement_tempo_qpm(root: Path, recording_id: str) -> float:
    """Read the published average tempo of a movement, in quarters per minute.

    Raises:
        DataError: the recording is unknown, or its file is missing or holds no tempo.
    """
    path = _find_published_file(root, "tempos", recording_id, ".txt")
    try:
        tempo_qpm = float(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", "copy the dataset again") from error
    except ValueError as error:
        raise DataError(path, f"holds no number ({error})", "copy the dataset again") from error
    if not 0.0 < tempo_qpm < np.inf:
        raise DataError(path, f"tempo {tempo_qpm} is out of bounds, expected more than 0", "copy the dataset again")
    return tempo_qpm


def _read_movements(root: Path) -> list[Row]:
    """Read the rows of info.csv, one for each movement."""
    path = root / "info.csv"
    if not path.is_file():
        raise DataError(root, "is not the Bach Violin Dataset: it has no info.csv", "give the folder that holds it")
    rows = read_table(path, _INFO_COLUMNS)
    seen: dict[str, int] = {}
    for row in rows:
        for column in ("filename", "collection"):
            if not is_id(row.text(column)):
                raise row.error(column, "is not a name", "letters, digits, _ and - only")
        first = seen.setdefault(row.cells["filename"], row.line)
        if first != row.line:
            raise row.error("filename", f"is already in line {first}")
    return rows


def _read_licences(root: Path) -> dict[str, str]:
    """Read the licence of every audio file, by its name."""
    rows = read_table(root / "audio.csv", ("filename", "license"))
    return {row.text("filename"): read_licence(row.cells["license"]) for row in rows}


def _make_recording(root: Path, row: Row, licence_of: dict[str, str]) -> Recording:
    start_sec, end_sec = row.time_sec("start"), row.time_sec("end")
    if end_sec <= start_sec:
        raise row.error("end", f"is not after the start {row.cells['start']!r}")
    source, score = row.text("source_filename"), row.text("score_filename")
    return Recording(
        recording_id=row.cells["filename"],
        collection=row.cells["collection"],
        piece_id=score,
        performer=row.text("violinist"),
        instrument="violin",
        audio_path=root / "audio" / row.cells["collection"] / source,
        score_path=root / "scores" / row.text("work").lower() / f"{score}.mxl",
        start_sec=start_sec,
        end_sec=end_sec,
        licence=licence_of.get(source, UNKNOWN),
    )


def _find_published_file(root: Path, folder: str, recording_id: str, suffix: str) -> Path:
    for row in _read_movements(root):
        if row.cells["filename"] == recording_id:
            return _locate_published_file(root, folder, row, suffix)
    raise DataError(f"recording {recording_id!r}", f"is not in {root / 'info.csv'}", "check its name")


def _locate_published_file(root: Path, folder: str, row: Row, suffix: str) -> Path:
    return root / folder / row.cells["collection"] / f"{row.cells['filename']}{suffix}"
