"""`dp render`: one score to one audio file."""

from pathlib import Path

from dp.cli.output import report
from dp.cli.paths import check_out

SUFFIXES = (".wav", ".flac", ".ogg")


def render(
    score_path: Path,
    out: Path,
    performer: str | None,
    tempo_qpm: float | None,
    model: Path | None,
    plot: Path | None,
    project: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Render one score with the models of a folder or of the project."""
    check_out(out, SUFFIXES)
    if plot is not None:
        check_out(plot, (".png",))
    from dp.score import read_score

    score = read_score(score_path)
    folder = model if model is not None else _project_models(project)
    from dp.audio import write_audio
    from dp.render import RenderOptions, load_models
    from dp.render import render as perform

    options = RenderOptions(performers=((performer, 1.0),) if performer else (), tempo_qpm=tempo_qpm)
    rendering = perform(score, load_models(folder), options)
    write_audio(out, rendering.samples, rendering.sample_rate_hz)
    if plot is not None:
        from dp.report.rendering_plot import plot_rendering

        plot_rendering(
            plot, rendering.samples, rendering.sample_rate_hz, rendering.performed, rendering.log_mel, score.title
        )
    length_sec = len(rendering.samples) / rendering.sample_rate_hz
    data = {"out": str(out), "notes": len(score.notes), "audio_sec": round(length_sec, 3), "model": str(folder)}
    report(data, f"{out}: {len(score.notes)} notes, {length_sec:.1f} s", quiet, as_json)
    return 0


def _project_models(project: Path | None) -> Path:
    from dp.project import find_project, rendering_models

    return rendering_models(find_project(project))
