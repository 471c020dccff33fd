"""Align one score file with one recording, without a project."""

from pathlib import Path

from dp.align import ALIGN_SAMPLE_RATE_HZ, align
from dp.audio.sample_file import open_samples
from dp.config import AlignConfig
from dp.score import read_score
from dp.types import Alignment, Score


def align_files(
    score_path: Path, audio_path: Path, start_sec: float, end_sec: float | None, config: AlignConfig
) -> tuple[Score, Alignment]:
    """Align one score with one recording; see `align_score`.

    Args:
        score_path: MusicXML or MIDI.
        audio_path: the recording.
        start_sec: start of the music in the recording; the alignment's times count from here.
        end_sec: its end; None = the end of the file.
        config: when to accept.

    Raises:
        DataError: a file is not what it should be.
    """
    score = read_score(score_path)
    return score, align_score(score, audio_path, start_sec, end_sec, config)


def align_score(
    score: Score, audio_path: Path, start_sec: float, end_sec: float | None, config: AlignConfig
) -> Alignment:
    """Align a score that is read with one recording.

    Args:
        score: all of it.
        audio_path: the recording.
        start_sec: start of the music in the recording; the alignment's times count from here.
        end_sec: its end; None = the end of the file.
        config: when to accept.

    Raises:
        DataError: the recording is not what it should be, or the two cannot belong together.
    """
    with open_samples(audio_path, ALIGN_SAMPLE_RATE_HZ, start_sec, end_sec) as samples:
        return align(samples, score.notes, config, str(audio_path), score.repeats)
