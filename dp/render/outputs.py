"""The files of one rendering: audio, and beside it whatever else there is to know."""

from dataclasses import dataclass
from pathlib import Path

from dp.audio import write_audio
from dp.render import ModelSet, render
from dp.render.options import OutputOptions, RenderOptions
from dp.score import read_score

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg")


@dataclass(frozen=True)
class RenderedFiles:
    """What was written."""

    files: tuple[Path, ...]  # the audio first
    note_count: int
    audio_sec: float
    warnings: tuple[str, ...] = ()


def render_to_files(
    score_path: Path, out: Path, models: ModelSet, options: RenderOptions, output: OutputOptions
) -> RenderedFiles:
    """Render a score file.

    Args:
        score_path: MusicXML or MIDI.
        out: audio file to write; its suffix is one of AUDIO_SUFFIXES.
        models: trained on one log-mel.
        options: how it is performed.
        output: what is written.

    Raises:
        DataError: the score cannot be used, or asked for is what cannot be done; nothing is written then.
    """
    rendering = render(read_score(score_path), models, options)
    write_audio(out, rendering.samples, rendering.sample_rate_hz)
    length_sec = len(rendering.samples) / rendering.sample_rate_hz
    return RenderedFiles((out,), len(rendering.performed), length_sec)
