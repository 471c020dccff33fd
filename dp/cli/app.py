"""Typer reads the commands and their options here; the work is in the module named beside each."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dp.parallel.environment import VERBOSE_VARIABLE
from dp.presets import DEVICES
from dp.render_options import RenderOptions
from dp.version import __version__

app = typer.Typer(
    name="dp",
    help="Deep Performer: from a musical score to a natural performance, and the pipeline that learns how.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass
class Invocation:
    """What an unexpected error of a command needs to know of it, filled in as its options are read."""

    command: str = "dp"
    project: Path | None = None


def _keep_project(context: typer.Context, project: Path | None) -> Path | None:
    context.ensure_object(Invocation).project = project
    return project


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output.")]
Project = Annotated[
    Path | None,
    typer.Option(
        "--project",
        callback=_keep_project,
        help="Project folder; default: the nearest parent with params.yaml.",
    ),
]
Preset = Annotated[str | None, typer.Option(help="A preset of params.yaml; default: the one it names.")]
Movement = Annotated[
    int | None, typer.Option(help="Read this movement alone, of a score file that holds several; from 1.")
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Dask workers; default: one per core.")]
Scheduler = Annotated[str | None, typer.Option("--scheduler", help="Address of an existing Dask scheduler.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"deep-performer {__version__}")
        raise typer.Exit()


@app.callback()
def _read_root_options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show tracebacks of unexpected errors, even with --quiet.")
    ] = False,
) -> None:
    context.ensure_object(Invocation).command = context.invoked_subcommand or "dp"
    if verbose:
        os.environ[VERBOSE_VARIABLE] = "1"  # for the processes of stages, too


@app.command()
def align(
    score: Annotated[Path | None, typer.Argument(help="MusicXML (.mxl, .musicxml, .xml) or MIDI.")] = None,
    audio: Annotated[Path | None, typer.Argument(help="Recording: wav, flac, mp3, opus, ogg, aiff.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV to write; with --pairs a folder.")] = ...,  # type: ignore[assignment]
    plot: Annotated[Path | None, typer.Option("--plot", help="Also draw the alignment (PNG).")] = None,
    start: Annotated[str | None, typer.Option(help="Start of the music in the recording: seconds or h:mm:ss.")] = None,
    end: Annotated[str | None, typer.Option(help="End of the music in the recording.")] = None,
    movement: Movement = None,
    pairs: Annotated[
        Path | None, typer.Option(help="CSV with the columns id, score, audio[, start, end, movement].")
    ] = None,
    max_tuning: Annotated[
        float, typer.Option(min=0, max=250, help="How many cents from A = 440 Hz; 50 refuses scores a semitone off.")
    ] = 250.0,
    method: Annotated[str, typer.Option(help="ours, or publication: its own aligner, to compare with.")] = "ours",
    program: Annotated[
        int, typer.Option(min=0, max=127, help="For publication: General MIDI program; 40 violin, 0 piano.")
    ] = 40,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Find when each note of SCORE sounds in AUDIO."""
    from dp.cli import align as command
    from dp.config import AlignConfig, check_align_method

    check_align_method(method, "--method")
    config = AlignConfig(max_tuning_cent=max_tuning, method=method, program=program)
    if pairs is not None:
        if any(given is not None for given in (score, plot, start, end, movement)):
            raise typer.BadParameter("--pairs stands alone: its CSV names scores, movements, recordings, starts, ends")
        return command.align_pairs(pairs, out, config, quiet, as_json)
    if score is None or audio is None:
        raise typer.BadParameter("give SCORE and AUDIO, or --pairs")
    return command.align_one(score, audio, out, plot, start, end, movement, config, quiet, as_json)


@app.command()
def rebuild(
    corpus: Annotated[str | None, typer.Option(help="bach-violin, folder or demo; kept in params.yaml.")] = None,
    root: Annotated[str | None, typer.Option(help="Where the corpus is; kept in params.yaml.")] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    project: Project = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Bring the dataset up to date: ingest, align, features, pitch."""
    from dp.cli import project as command

    return command.rebuild(project, corpus, root, workers, scheduler, quiet, as_json)


@app.command()
def pitch(
    recording: Annotated[str, typer.Argument(help="A recording of the dataset, by its id.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG to write.")],
    start: Annotated[float, typer.Option(min=0, help="Seconds from the start of the recording's slice.")] = 0.0,
    end: Annotated[float | None, typer.Option(help="Its end; default: 30 seconds later.")] = None,
    project: Project = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Draw how the pitch of every note moves, over the recording's spectrum."""
    from dp.cli import pitch as command

    if end is not None and end <= start:
        raise typer.BadParameter("--end: must lie after --start")
    return command.draw_pitch(project, recording, out, start, end, quiet, as_json)


@app.command()
def train(
    model: Annotated[str, typer.Argument(help="timing, synthesis, vocoder, baseline, or all of the preset.")] = "all",
    preset: Preset = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a training stopped.")] = False,
    prepare: Annotated[
        Path | None, typer.Option(help="Train nothing; write what another machine needs to this folder.")
    ] = None,
    bring: Annotated[Path | None, typer.Option(help="Take models home that another machine trained.")] = None,
    project: Project = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Train models on the dataset, as a preset of params.yaml says."""
    from dp.cli import training as command

    if device not in DEVICES:
        raise typer.BadParameter(f"--device: choose {', '.join(DEVICES)}")
    return command.train(project, model, preset, device, resume, prepare, bring, quiet, as_json)


@app.command()
def evaluate(
    preset: Preset = None,
    figures: Annotated[bool, typer.Option("--figures", help="Also draw the publication's Figures 3 to 6.")] = False,
    project: Project = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Measure trained models on the clips held out; default: all presets that are trained."""
    from dp.cli import training as command

    return command.evaluate(project, preset, figures, quiet, as_json)


@app.command()
def render(
    scores: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCORE...",
            help="MusicXML (.mxl, .musicxml, .xml) or MIDI: files, quoted patterns, folders (with all below them).",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write to or, for one score, a .wav, .flac or .ogg.")
    ] = None,
    performer: Annotated[
        str | None, typer.Option(help="As which performer: NAME, or mix:A=.6,B=.4. Default: none in particular.")
    ] = None,
    tempo: Annotated[
        str | None, typer.Option(metavar="QPM|xFACTOR", help="Quarters per minute, or times the score's own tempo.")
    ] = None,
    expression: Annotated[
        float, typer.Option(help="0 = as written, 1 = as learned, above = exaggerated.")
    ] = RenderOptions.expression,
    texture: Annotated[
        float, typer.Option(help="Noise of real sound: 0 = none, 1 = as much as learned.")
    ] = RenderOptions.texture,
    seed: Annotated[int, typer.Option(min=0, help="Of that noise, and of vibrato and phases.")] = RenderOptions.seed,
    parts: Annotated[str | None, typer.Option(help="Names or numbers, separated by commas. Default: all.")] = None,
    movement: Movement = None,
    start_bar: Annotated[
        int | None, typer.Option(min=0, help="First bar, as the score numbers them; with repeats, its first time.")
    ] = None,
    end_bar: Annotated[int | None, typer.Option(min=0, help="Last bar: the next time that it comes.")] = None,
    tuning: Annotated[
        float, typer.Option(metavar="HZ", help="Of the A above middle C: 415, 442, ...")
    ] = RenderOptions.tuning_hz,
    model: Annotated[
        str | None,
        typer.Option(
            help="Folder of models, MLflow's models:/NAME@ALIAS, violin, piano, or packaged: both and a soundfont. "
            "Default: the project's latest; packaged outside of a project."
        ),
    ] = None,
    instrument: Annotated[
        list[str] | None,
        typer.Option(metavar="PART=NAME", help="What plays a part: violin, piano, a General MIDI name or number."),
    ] = None,
    pan: Annotated[
        list[str] | None,
        typer.Option(metavar="PART=-1..1", help="Where a part is, left to right. Default: spread, in score order."),
    ] = None,
    room: Annotated[str | None, typer.Option(help="Room that voices sound in; `dp performers` lists them.")] = None,
    audio_format: Annotated[str | None, typer.Option("--format", help="wav (default), flac or ogg.")] = None,
    sample_rate: Annotated[int | None, typer.Option(metavar="HZ", help="Default: the models', or 44100.")] = None,
    loudness: Annotated[
        float | None, typer.Option(metavar="LUFS", help="Integrated loudness, such as -23. Default: as played.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Scores at a time. Default: one per core.")] = None,
    watch: Annotated[Path | None, typer.Option(metavar="DIR", help="Render whatever is put into DIR.")] = None,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Write one score's sound as it is made: 16-bit PCM.")
    ] = False,
    project: Project = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Turn scores into performances: audio and, beside it, MIDI, CSV, mel, picture and provenance."""
    from dp.cli import render as command

    asked = command.Wanted(
        performer=performer,
        tempo=tempo,
        expression=expression,
        texture=texture,
        seed=seed,
        parts=parts,
        movement=movement,
        start_bar=start_bar,
        end_bar=end_bar,
        tuning_hz=tuning,
        instruments=tuple(instrument or ()),
        pans=tuple(pan or ()),
        room=room,
        sample_rate_hz=sample_rate,
        loudness_lufs=loudness,
    )
    if (scores is None) == (watch is None):
        raise typer.BadParameter("give SCORE, or --watch with a folder")
    if stdout:
        if watch is not None or out is not None or audio_format is not None or as_json:
            raise typer.BadParameter("--stdout stands alone: there are no files, no --format, --json or --watch")
        return command.write_to_stdout(scores or (), asked, model, project, quiet)
    if out is None:
        raise typer.BadParameter("Missing option '--out' / '-o'")
    if watch is not None:
        return command.watch(watch, out, asked, audio_format, model, project, quiet or as_json)
    return command.render(scores or (), out, asked, audio_format, model, jobs, project, quiet, as_json)


@app.command()
def performers(
    model: Annotated[
        str | None, typer.Argument(help="Folder of models, violin, piano or packaged. Default: as for `dp render`.")
    ] = None,
    project: Project = None,
    as_json: Json = False,
) -> int:
    """List the performers of models: their names, recordings and licences, and the rooms."""
    from dp.cli import performers as command

    return command.list_performers(model, project, as_json)


@app.command()
def demo(project: Project = None, quiet: Quiet = False) -> int:
    """Run the whole job on a small corpus made here: dataset, training, evaluation, rendering."""
    from dp.cli import demo as command

    return command.demo(project, quiet)


@app.command()
def doctor(project: Project = None, as_json: Json = False) -> int:
    """Say what is installed, which devices there are, where things are kept, what is missing and how to get it."""
    from dp.cli import doctor as command

    return command.doctor(project, as_json)
