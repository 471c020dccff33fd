"""The demo corpus: made offline in seconds, with performances whose true note times are known.

Six studies (studies.py), each played by two of three rule-based players (players.py) on the violin of pretty_midi's
soundfont, in a room with some noise. In the folder: demo.csv, scores/, audio/, truth/ and, for rendering,
unseen/unseen.musicxml, which nobody has played.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from dp.audio import add_noise, add_room, render_notes, write_audio
from dp.corpora.demo.engraving import musicxml
from dp.corpora.demo.players import PLAYERS, Player, perform
from dp.corpora.demo.studies import all_studies, unseen_study
from dp.corpora.listing import Corpus, Missing
from dp.corpora.table import read_table
from dp.errors import DataError
from dp.score import read_score
from dp.types import PerformedNotes, Recording, Score

NAME = "demo"
SAMPLE_RATE_HZ = 22050
UNSEEN_SCORE = Path("unseen") / "unseen.musicxml"
LICENCE = "CC0-1.0"
_LIST = "demo.csv"
_COLUMNS = ("recording_id", "piece_id", "performer")
_TRUTH_COLUMNS = ("note_id", "pitch", "velocity", "onset_sec", "offset_sec")
_PEAK = 0.8


def make_demo(root: Path) -> None:
    """Make the demo corpus in a folder, whole or not at all; where it is already, do nothing.

    Raises:
        DataError: the folder holds something else, or tinysoundfont is not installed.
        OSError: it cannot be written.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        if _is_complete(root):
            return
        raise DataError(root, "holds something else than a complete demo corpus", "delete it or choose another folder")
    root.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        made = temporary / NAME  # mkdtemp's own folder is closed to everybody else
        _fill(made)
        made.replace(root)
    finally:
        shutil.rmtree(temporary)


def list_recordings(root: Path) -> Corpus:
    """The demo's recordings; those whose files were deleted as missing.

    Raises:
        DataError: the folder holds no demo corpus.
    """
    if not (root / _LIST).is_file():
        raise DataError(root, f"is not the demo corpus: it has no {_LIST}", "make it with `dp demo`")
    recordings, missing = [], []
    for row in read_table(root / _LIST, _COLUMNS):
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


def true_notes(root: Path, recording_id: str) -> PerformedNotes:
    """When the notes of a demo recording really sound, note by note as its score has them.

    Raises:
        DataError: there is no such recording, or its table holds bad data.
    """
    rows = read_table(root / "truth" / f"{recording_id}.csv", _TRUTH_COLUMNS)
    columns = {name: np.array([row.number(name, 0, 1e9) for row in rows]) for name in _TRUTH_COLUMNS[1:]}
    return PerformedNotes(
        columns["pitch"].astype(np.int64),
        columns["velocity"].astype(np.int64),
        columns["onset_sec"],
        columns["offset_sec"],
        np.ones(len(rows)),
    )


def _is_complete(root: Path) -> bool:
    if not (root / _LIST).is_file() or not (root / UNSEEN_SCORE).is_file():
        return False
    corpus = list_recordings(root)
    truths = [root / "truth" / f"{recording.recording_id}.csv" for recording in corpus.recordings]
    return not corpus.missing and all(path.is_file() for path in truths)


def _fill(folder: Path) -> None:
    for name in ("scores", "audio", "truth", "unseen"):
        (folder / name).mkdir(parents=True)
    (folder / UNSEEN_SCORE).write_text(musicxml(unseen_study()), encoding="utf-8")
    lines = [",".join(_COLUMNS)]
    for number, study in enumerate(all_studies()):
        score_path = folder / "scores" / f"{study.name}.musicxml"
        score_path.write_text(musicxml(study), encoding="utf-8")
        score = read_score(score_path)
        for player in (PLAYERS[number % 3], PLAYERS[(number + 1) % 3]):
            recording_id = f"{player.name}_{study.name}"
            _record(folder, recording_id, score, player, np.random.default_rng([number, PLAYERS.index(player)]))
            lines.append(f"{recording_id},{study.name},{player.name}")
    (folder / _LIST).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _record(folder: Path, recording_id: str, score: Score, player: Player, rng: np.random.Generator) -> None:
    """One performance: its truth and its sound."""
    notes = perform(score, player, rng)
    lines = [",".join(_TRUTH_COLUMNS)]
    for index in range(len(notes)):
        times = f"{notes.onset_sec[index]:.6f},{notes.offset_sec[index]:.6f}"
        lines.append(f"{index},{notes.pitch[index]},{notes.velocity[index]},{times}")
    (folder / "truth" / f"{recording_id}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    dry = render_notes(notes, SAMPLE_RATE_HZ)
    wet = add_room(dry, SAMPLE_RATE_HZ, rng, rng.uniform(0.4, 1.2), rng.uniform(6.0, 12.0))
    recorded = add_noise(wet, rng, rng.uniform(35.0, 50.0))
    write_audio(folder / "audio" / f"{recording_id}.wav", recorded * (_PEAK / np.abs(recorded).max()), SAMPLE_RATE_HZ)
