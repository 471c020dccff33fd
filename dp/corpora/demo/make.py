"""Make the demo corpus: engrave studies, play them by rule, make them sound, and write their true times down."""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from dp.audio.room import add_noise, add_room
from dp.audio.synth import render_notes
from dp.audio.writing import write_audio
from dp.corpora.demo.corpus import COLUMNS, LIST_FILE, NAME, TRUTH_COLUMNS, UNSEEN_SCORE, list_recordings
from dp.corpora.demo.engraving import engrave_study
from dp.corpora.demo.players import PLAYERS, Player, perform
from dp.corpora.demo.studies import compose_studies, compose_unseen_study
from dp.errors import DataError
from dp.score import read_score
from dp.types import Score

SAMPLE_RATE_HZ = 22050  # half the rate of a CD; own choice
_PEAK = 0.8  # of the written sound; own choice


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


def _is_complete(root: Path) -> bool:
    if not (root / LIST_FILE).is_file() or not (root / UNSEEN_SCORE).is_file():
        return False
    corpus = list_recordings(root)
    truths = [root / "truth" / f"{recording.recording_id}.csv" for recording in corpus.recordings]
    return not corpus.missing and all(path.is_file() for path in truths)


def _fill(folder: Path) -> None:
    for name in ("scores", "audio", "truth", "unseen"):
        (folder / name).mkdir(parents=True)
    write_unseen_score(folder / UNSEEN_SCORE)
    lines = [",".join(COLUMNS)]
    for number, study in enumerate(compose_studies()):
        score_path = folder / "scores" / f"{study.name}.musicxml"
        score_path.write_text(engrave_study(study), encoding="utf-8")
        score = read_score(score_path)
        for player in (PLAYERS[number % 3], PLAYERS[(number + 1) % 3]):
            recording_id = f"{player.name}_{study.name}"
            _record(folder, recording_id, score, player, np.random.default_rng([number, PLAYERS.index(player)]))
            lines.append(f"{recording_id},{study.name},{player.name}")
    (folder / LIST_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_unseen_score(path: Path) -> None:
    """Write the score that nobody has played, into a folder that is there.

    Raises:
        OSError: it cannot be written.
    """
    path.write_text(engrave_study(compose_unseen_study()), encoding="utf-8")


def _record(folder: Path, recording_id: str, score: Score, player: Player, rng: np.random.Generator) -> None:
    """Record one performance: write its truth and its sound."""
    notes = perform(score, player, rng)
    lines = [",".join(TRUTH_COLUMNS)]
    for index in range(len(notes)):
        times = f"{notes.onset_sec[index]:.6f},{notes.offset_sec[index]:.6f}"
        lines.append(f"{index},{notes.pitch[index]},{notes.velocity[index]},{times}")
    (folder / "truth" / f"{recording_id}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    dry = render_notes(notes, SAMPLE_RATE_HZ)
    wet = add_room(dry, SAMPLE_RATE_HZ, rng, rng.uniform(0.4, 1.2), rng.uniform(6.0, 12.0))
    recorded = add_noise(wet, rng, rng.uniform(35.0, 50.0))
    write_audio(folder / "audio" / f"{recording_id}.wav", recorded * (_PEAK / np.abs(recorded).max()), SAMPLE_RATE_HZ)
