"""Run `dp render`: turn scores into audio files; one here, several side by side."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dp.batch.find_scores import find_scores
from dp.batch.job import Request
from dp.cli import render_arguments
from dp.cli.console import note, report
from dp.cli.flows_loader import open_flows
from dp.cli.render_target import Out, choose_out
from dp.cli.signals import catch_sigterm
from dp.errors import DataError
from dp.render_options import BOUNDS, OutputOptions, RenderOptions

if TYPE_CHECKING:
    from dp.render import Ensemble, ModelSet


@dataclass(frozen=True)
class Wanted:
    """What the command line says about the performance and its files, as text where it is text there."""

    performer: str | None = None
    tempo: str | None = None
    expression: float = RenderOptions.expression
    texture: float = RenderOptions.texture
    seed: int = RenderOptions.seed
    parts: str | None = None
    movement: int | None = RenderOptions.movement
    start_bar: int | None = RenderOptions.start_bar
    end_bar: int | None = RenderOptions.end_bar
    tuning_hz: float = RenderOptions.tuning_hz
    instruments: tuple[str, ...] = ()
    pans: tuple[str, ...] = ()
    room: str | None = RenderOptions.room
    sample_rate_hz: int | None = OutputOptions.sample_rate_hz
    loudness_lufs: float | None = OutputOptions.loudness_lufs

    def options(self) -> RenderOptions:
        """Return the options of the performance, parsed and checked.

        Raises:
            DataError: a value makes no sense.
        """
        performers = render_arguments.parse_performers(self.performer)
        tempo_qpm, tempo_factor = render_arguments.parse_tempo(self.tempo)
        parts = render_arguments.parse_parts(self.parts)
        BOUNDS["expression"].check("--expression", self.expression)
        BOUNDS["texture"].check("--texture", self.texture)
        BOUNDS["tuning_hz"].check("--tuning", self.tuning_hz)
        return RenderOptions(
            performers=performers,
            tempo_qpm=tempo_qpm,
            tempo_factor=tempo_factor,
            expression=self.expression,
            texture=self.texture,
            seed=self.seed,
            parts=parts,
            movement=self.movement,
            start_bar=self.start_bar,
            end_bar=self.end_bar,
            tuning_hz=self.tuning_hz,
            instruments=render_arguments.parse_instruments(self.instruments),
            pans=render_arguments.parse_pans(self.pans),
            room=self.room,
        )

    def output(self) -> OutputOptions:
        """Return the options of the files, checked; raises as `options` does."""
        if self.sample_rate_hz is not None:
            BOUNDS["sample_rate_hz"].check("--sample-rate", self.sample_rate_hz)
        if self.loudness_lufs is not None:
            BOUNDS["loudness_lufs"].check("--loudness", self.loudness_lufs)
        return OutputOptions(sample_rate_hz=self.sample_rate_hz, loudness_lufs=self.loudness_lufs)


def render(
    sources: Sequence[str],
    out: Path,
    wanted: Wanted,
    audio_format: str | None,
    model: str | None,
    jobs: int | None,
    project: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Render scores to files; exit code 1 if one of several failed."""
    place = choose_out(out, audio_format)
    options, output = wanted.options(), wanted.output()
    scores = find_scores(sources, place.path)
    if place.is_file and len(scores) > 1:
        raise DataError(out, f"is one file for {len(scores)} scores", "name a folder")
    folder = find_models(model, project)
    with catch_sigterm():
        if len(scores) == 1:
            return _render_one(scores[0], place, folder, options, output, quiet, as_json)
        from dp.batch.run import render_batch

        request = Request(out.absolute(), folder, options, output, place.suffix, project)
        code = render_batch(scores, request, jobs, quiet or as_json)
    data = {"out": str(out), "scores": len(scores), "model": _name_models(folder), "ok": code == 0}
    report(data, "", not as_json, as_json)
    return code


def watch(
    folder: Path,
    out: Path,
    wanted: Wanted,
    audio_format: str | None,
    model: str | None,
    project: Path | None,
    quiet: bool,
) -> int:
    """Render whatever is put into a folder, until interrupted."""
    place = choose_out(out, audio_format)
    if place.is_file:
        raise DataError(out, "is one file, and many scores may come", "name a folder")
    options, output = wanted.options(), wanted.output()
    models = find_models(model, project)
    _load(models, options)  # what is wrong for all scores is said once
    from dp.cli.watch import watch as render_what_comes

    return render_what_comes(folder, out, models, options, output, place.suffix, project, quiet)


def write_to_stdout(
    sources: Sequence[str], wanted: Wanted, model: str | None, project: Path | None, quiet: bool
) -> int:
    """Write one score's sound as it is made: 16 bits, little-endian, at the models' rate unless asked otherwise.

    How loud all of it will be is not known yet, so peaks are bent by a fixed limiter. Whoever listens may leave.
    """
    if wanted.loudness_lufs is not None:
        raise DataError("--loudness", "needs the whole sound, and --stdout sends it as it is made", "write a file")
    options, output = wanted.options(), wanted.output()
    scores = find_scores(sources, Path(os.devnull))
    if len(scores) > 1:
        raise DataError("--stdout", f"is one stream for {len(scores)} scores", "name one score")
    models = _load(find_models(model, project), options)
    from dp.render.preparation import prepare_file
    from dp.render.sound_files import make_pcm

    _, prepared = prepare_file(scores[0], models, options)
    rate_hz = output.sample_rate_hz or prepared.sample_rate_hz
    _warn(prepared.performance.warnings, quiet)
    channels = "mono" if prepared.channel_count == 1 else "2 channels that take turns"
    note(f"{scores[0]}: 16 bits, little-endian, {channels}, {rate_hz} Hz", quiet)
    try:
        for block in make_pcm(prepared.sound(rate_hz)):
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at its end; that must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def find_models(model: str | None, project: Path | None) -> Path | None:
    """Find what `--model` names, or the project's models whose synthesis model is the latest.

    Returns:
        A folder of models; None = the packaged players: asked for, or outside of a project.

    Raises:
        DataError: there is none; the error says how to get one.
    """
    from dp.project import REGISTRY_PREFIX, find_project, find_rendering_models
    from dp.render.packaged import find_named

    if model is not None and model.startswith(REGISTRY_PREFIX):
        home = find_project(project)
        with open_flows(home):
            from flows.registry import find_registered_models
        return find_registered_models(home, model).absolute()
    if model is not None:
        return find_named(model)
    if project is not None:
        return find_rendering_models(find_project(project)).absolute()
    try:
        home = find_project()
    except DataError:
        return None
    return find_rendering_models(home)


def _name_models(folder: Path | None) -> str:
    from dp.render.packaged import PACKAGED

    return PACKAGED if folder is None else str(folder)


def _render_one(
    score: Path,
    place: Out,
    folder: Path | None,
    options: RenderOptions,
    output: OutputOptions,
    quiet: bool,
    as_json: bool,
) -> int:
    from dp.render.outputs import render_to_files

    made = render_to_files(score, place.name_file(score), _load(folder, options), options, output)
    _warn(made.warnings, quiet or as_json)
    out = made.files[0]
    data = {
        "out": str(out),
        "files": [str(path) for path in made.files],
        "notes": made.note_count,
        "audio_sec": round(made.audio_sec, 3),
        "model": _name_models(folder),
        "warnings": list(made.warnings),
    }
    report(data, f"{out}: {made.note_count} notes, {made.audio_sec:.1f} s", quiet, as_json)
    return 0


def _load(folder: Path | None, options: RenderOptions) -> "ModelSet | Ensemble":
    """Load the models, and check that they know the performers asked for."""
    from dp.render.ensemble import load_any
    from dp.render.preparation import check_options

    models = load_any(folder)
    check_options(models, options)
    return models


def _warn(warnings: Sequence[str], quiet: bool) -> None:
    for warning in warnings:
        note(f"dp: warning: {warning}", quiet)
