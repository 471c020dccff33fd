"""List a user's own folder: scores and recordings named alike, or listed in a CSV.

Named alike: `sonata.musicxml` and `sonata.wav` in one folder, or `scores/sonata.mxl` and `audio/sonata.mp3`.
Listed: `pairs.csv` in the folder (or a single CSV of another name with these columns): score,audio and, where wanted,
performer,start,end,licence,movement (of a score file that holds several, from 1); paths are relative to the CSV.
"""

import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from dp.corpora.listing import Corpus, Missing, make_path_id
from dp.corpora.table import Row, read_header, read_table
from dp.errors import DataError
from dp.licences import read_licence
from dp.score import SCORE_SUFFIXES
from dp.types import UNKNOWN, Recording

NAME = "folder"
AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".opus", ".ogg", ".aif", ".aiff")  # of dp.audio.reading.READABLE
_PAIRS = "pairs.csv"
_REQUIRED = ("score", "audio")
_OPTIONAL = ("performer", "start", "end", "licence", "movement")
_MAX_MOVEMENT = 999
_KIND_FOLDERS = {"score", "scores", "audio"}  # they say what is in them, not which piece it is


def list_recordings(root: Path) -> Corpus:
    """List the pairs in a folder, and what has no counterpart.

    Raises:
        DataError: the folder holds neither scores nor recordings, or its CSV holds bad data.
    """
    table = _find_pairs_table(root)
    return _pair_by_table(root, table) if table else _pair_by_name(root)


def _find_pairs_table(root: Path) -> Path | None:
    """Find the CSV that lists the pairs, if there is one."""
    if (root / _PAIRS).is_file():
        return root / _PAIRS
    tables = [path for path in sorted(root.glob("*.[cC][sS][vV]")) if set(_REQUIRED) <= set(read_header(path))]
    if len(tables) > 1:
        names = ", ".join(path.name for path in tables)
        raise DataError(root, f"several CSVs list pairs: {names}", f"name the one to use {_PAIRS}")
    return tables[0] if tables else None


def _pair_by_table(root: Path, table: Path) -> Corpus:
    """List recordings by the rows of a CSV."""
    recordings, missing = [], []
    seen: dict[str, int] = {}
    for row in read_table(table, _REQUIRED, _OPTIONAL):
        recording = _read_recording(root, row)
        first = seen.setdefault(recording.recording_id, row.line)
        if first != row.line:
            raise row.error("audio", f"with this start is already in line {first}", "keep one of them")
        absent = [path for path in (recording.audio_path, recording.score_path) if not path.is_file()]
        if absent:
            reason = f"{' and '.join(map(str, absent))} (line {row.line} of {table.name}) not found"
            missing.append(Missing(recording.recording_id, reason))
        else:
            recordings.append(recording)
    if not recordings and not missing:
        raise DataError(table, "lists no pairs", "add rows")
    return Corpus(tuple(recordings), tuple(missing))


def _read_recording(root: Path, row: Row) -> Recording:
    start_sec = row.time_sec("start") if row.cells["start"] else 0.0
    end_sec = row.time_sec("end") if row.cells["end"] else None
    if end_sec is not None and end_sec <= start_sec:
        raise row.error("end", f"is not after the start {row.cells['start']!r}")
    recording = _make_recording(root, root / row.text("score"), root / row.text("audio"), row.cells["performer"])
    slice_id = f"_{round(start_sec * 1000)}ms" if row.cells["start"] else ""  # one file may hold several movements
    movement = row.number("movement", 1, _MAX_MOVEMENT) if row.cells["movement"] else 0
    if movement != int(movement):
        raise row.error("movement", "is not a whole number")
    return replace(
        recording,
        piece_id=recording.piece_id + (f"_movement{movement:g}" if movement else ""),
        movement=int(movement),
        recording_id=recording.recording_id + slice_id,
        start_sec=start_sec,
        end_sec=end_sec,
        licence=read_licence(row.cells["licence"]),
    )


def _pair_by_name(root: Path) -> Corpus:
    """List recordings by the names of files."""
    scores, audios = _find_files(root, SCORE_SUFFIXES), _find_files(root, AUDIO_SUFFIXES)
    if not scores and not audios:
        known = f"scores ({' '.join(SCORE_SUFFIXES)}) and recordings ({' '.join(AUDIO_SUFFIXES)})"
        raise DataError(root, "holds neither scores nor recordings", f"put pairs there, named alike: {known}")
    recordings, missing = [], []
    for key in sorted(scores.keys() | audios.keys()):
        named = scores.get(key, [])
        for audio in audios.get(key, []):
            if named:
                recordings.append(_make_recording(root, named[0], audio, ""))
            else:
                missing.append(_report_single(root, audio, "no score has the same name"))
        if named and key not in audios:
            missing.append(_report_single(root, named[0], "no recording has the same name"))
        missing += [
            _report_single(root, other, f"not used: {named[0].name} is the score of that name") for other in named[1:]
        ]
    return Corpus(tuple(recordings), tuple(missing))


def _report_single(root: Path, path: Path, reason: str) -> Missing:
    return Missing(make_path_id(path, root), f"{path.relative_to(root)}: {reason}")


def _find_files(root: Path, suffixes: tuple[str, ...]) -> dict[tuple[str, ...], list[Path]]:
    """Find files with one of these suffixes, by what pairs them, in the order of the suffixes; not hidden ones."""
    found: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for path in (Path(folder, name) for name in sorted(names) if not name.startswith(".")):
            if path.suffix.lower() in suffixes:
                parts = path.relative_to(root).parent.parts
                key = (*(part for part in parts if part.lower() not in _KIND_FOLDERS), path.stem.casefold())
                found[key].append(path)
    for paths in found.values():
        paths.sort(key=lambda path: (suffixes.index(path.suffix.lower()), path))
    return found


def _make_recording(root: Path, score: Path, audio: Path, performer: str) -> Recording:
    return Recording(
        recording_id=make_path_id(audio, root),
        collection=NAME,
        piece_id=make_path_id(score, root),
        performer=performer or UNKNOWN,
        instrument=UNKNOWN,
        audio_path=audio,
        score_path=score,
        start_sec=0.0,
        end_sec=None,
        licence=UNKNOWN,
    )
