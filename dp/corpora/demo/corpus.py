"""List the demo corpus, which is made offline in seconds; the true note times of its performances are known.

Six studies (studies.py), each played by two of three rule-based players (players.py) on the violin of pretty_midi's
soundfont, in a room with some noise. In the folder: demo.csv, scores/, audio/, truth/ and, for rendering,
unseen/unseen.musicxml, which nobody has played.
"""

from pathlib import Path

import numpy as np

from dp.corpora.listing import Corpus, Missing
from dp.corpora.table import read_table
from dp.errors import DataError
from dp.types import PerformedNotes, Recording

NAME = "demo"
UNSEEN_SCORE = Path("unseen") / "unseen.musicxml"
LICENCE = "CC0-1.0"
LIST_FILE = "demo.csv"
COLUMNS = ("recording_id", "piece_id", "performer")
TRUTH_COLUMNS = ("note_id", "pitch", "velocity", "onset_sec", "offset_sec")


def list_recordings(root: Path) -> Corpus:
    """List the demo's recordings; those whose files were deleted are missing.

    Raises:
        DataError: the folder holds no demo corpus.
    """
    if not (root / LIST_FILE).is_file():
        raise DataError(root, f"is not the demo corpus: it has no {LIST_FILE}", "make it with `dp demo`")
    recordings, missing = [], []
    for row in read_table(root / LIST_FILE, COLUMNS):
        recording = Recording(
            recording_id=row.text("recording_id"),
            collection=NAME,
            piece_id=row.text("piece_id"),
            performer=row.text("performer"),
            instrument="violin",
            audio_path=root / "audio" / f"{row.text('recording_id')}.wav",
            score_path=root / "scores" / f"{row.text('piece_id')}.musicxml",
            start_sec=0.0,
            end_sec=None,
            licence=LICENCE,
        )
        absent = [path.name for path in (recording.audio_path, recording.score_path) if not path.is_file()]
        if absent:
            missing.append(Missing(recording.recording_id, f"{' and '.join(absent)} was deleted"))
        else:
            recordings.append(recording)
    return Corpus(tuple(recordings), tuple(missing))


def read_true_notes(root: Path, recording_id: str) -> PerformedNotes:
    """Read when the notes of a demo recording really sound, note by note as its score has them.

    Raises:
        DataError: there is no such recording, or its table holds bad data.
    """
    rows = read_table(root / "truth" / f"{recording_id}.csv", TRUTH_COLUMNS)
    columns = {name: np.array([row.number(name, 0, 1e9) for row in rows]) for name in TRUTH_COLUMNS[1:]}
    return PerformedNotes(
        columns["pitch"].astype(np.int64),
        columns["velocity"].astype(np.int64),
        columns["onset_sec"],
        columns["offset_sec"],
        np.ones(len(rows)),
    )
